"""The judge: decides clauses from a recording alone. Nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

from segmind_ltx_conformance.checks import Check, Finding, Judgement, Observation, Outcome
from segmind_ltx_conformance.judge import answers, outputs, payloads, statuses, videos
from segmind_ltx_conformance.judge import results as endings
from segmind_ltx_conformance.judge import states as life
from segmind_ltx_conformance.judge.trace import Trace, read
from segmind_ltx_conformance.judge.verdicts import checks
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_spec import Contract, clauses_by_id, load

RULES: Final[tuple[Callable[[Trace], Iterator[Finding]], ...]] = (
    payloads.acceptances,
    payloads.refusals,
    statuses.keys,
    statuses.unknowns,
    statuses.meanings,
    statuses.messages,
    life.life,
    endings.endings,
    answers.fields,
    videos.videos,
    outputs.outputs,
    outputs.billing,
)
OBSERVED: Final[tuple[Callable[[Trace], Iterator[Observation]], ...]] = (
    payloads.observations,
    statuses.observations,
    life.observations,
    answers.observations,
    outputs.observations,
)


def judge(recording: Recording, contract: Contract | None = None, only: Collection[str] | None = None) -> Judgement:
    """A check for every clause, or for those whose ids are in ``only``.

    A rule that breaks is an error of the suite: it is reported as such, and does not hide what the others say.
    """
    contract = contract or load()
    trace = read(recording, contract)
    chosen = [clause for clause in clauses_by_id(contract).values() if only is None or clause.id in only]
    found: list[Finding] = []
    broke: list[str] = []
    for rule in RULES:
        try:
            found += rule(trace)
        except Exception as error:  # Whatever it is, the other rules are to speak.
            broke.append(f"{rule.__module__.rsplit('.', 1)[-1]}.{rule.__name__}: {type(error).__name__}: {error}")
    verdicts = checks(contract, chosen, found, recording)
    if broke and verdicts:
        said = f"the suite itself broke: {'; '.join(broke)}"
        verdicts = [
            Check(one.clause, one.model, Outcome.ERROR, said) if one.outcome is Outcome.NOT_EXERCISED else one
            for one in verdicts
        ]
    return Judgement(tuple(verdicts), tuple(observation for rule in OBSERVED for observation in rule(trace)))
