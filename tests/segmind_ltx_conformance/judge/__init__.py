"""Judge clauses from a recording alone. Nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

from segmind_ltx_conformance.checks import Check, Finding, Judgement, Observation, Outcome
from segmind_ltx_conformance.judge import answers, gaps, outputs, payloads, progress, results, states, statuses, videos
from segmind_ltx_conformance.judge.trace import Trace, read
from segmind_ltx_conformance.judge.verdicts import checks, through_routes
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_spec import Contract, clauses_by_id, load

RULES: Final[tuple[Callable[[Trace], Iterator[Finding]], ...]] = (
    payloads.accepted_bodies,
    payloads.refusals,
    statuses.keys,
    statuses.unknown_models,
    statuses.misused_statuses,
    statuses.error_messages,
    states.lifecycle,
    progress.progress,
    results.results,
    answers.fields,
    videos.videos,
    outputs.outputs,
    outputs.billing,
)
OBSERVED: Final[tuple[Callable[[Trace], Iterator[Observation]], ...]] = (
    payloads.observations,
    statuses.observations,
    states.observations,
    answers.observations,
    gaps.observations,
    outputs.observations,
)


def judge(recording: Recording, contract: Contract | None = None, only: Collection[str] | None = None) -> Judgement:
    """Return a check for every clause, or for those whose ids are in ``only``.

    If a rule raises an exception, its clauses get the outcome *error*, and the other rules still count.
    """
    contract = contract or load()
    trace = read(recording, contract)
    chosen = [clause for clause in clauses_by_id(contract).values() if only is None or clause.id in only]
    findings: list[Finding] = []
    errors: list[str] = []
    for rule in RULES:
        try:
            findings += rule(trace)
        except Exception as error:  # Whatever it is, the other rules still count.
            errors.append(f"{rule.__module__.rsplit('.', 1)[-1]}.{rule.__name__}: {type(error).__name__}: {error}")
    findings = list(through_routes(trace, findings))
    verdicts = checks(contract, chosen, findings, recording)
    if errors and verdicts:
        detail = f"the suite itself failed: {'; '.join(errors)}"
        verdicts = [
            Check(check.clause, check.model, Outcome.ERROR, detail) if check.outcome is Outcome.NOT_EXERCISED else check
            for check in verdicts
        ]
    return Judgement(tuple(verdicts), tuple(observation for rule in OBSERVED for observation in rule(trace)))
