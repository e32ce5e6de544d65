"""From findings to a check for each clause and model, and which check explains which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import evolve

from segmind_ltx_conformance.checks import BROKEN, Check, Finding, Outcome
from segmind_ltx_conformance.coverage import stages_of, undetectable, unmet_condition
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_spec import Clause, Contract

ROOTS: Final = (
    "auth.key-in-header",
    "auth.",
    "job.id-unique",
    "job.urls-are-its-own",
    "job.blocked-is-failed",
    "job.states",
    "job.failed-is-422",
    "job.kept-one-hour",
    "job.expired-is-404",
    "job.unknown-is-404",
    "job.",
    "status.malformed-is-400",
    "status.unknown-model-is-404",
    "status.invalid-is-400",
    "status.",
    "output.",
    "billing.",
)
"""What explains what: of two checks that broke over the same exchanges the one that stands first here is the cause.

A model's own clauses come before these, and everything that is derived from the form of an answer after them.
"""
MOST_PLACES: Final = 12
"""How many exchanges a check names; the first say it."""


def checks(
    contract: Contract, clauses: Sequence[Clause], findings: Iterable[Finding], recording: Recording
) -> list[Check]:
    """A check for each clause, and for each model that it was tried with."""
    by_clause: dict[str, dict[str | None, list[Finding]]] = {clause.id: {} for clause in clauses}
    for finding in findings:
        if finding.clause in by_clause:
            by_clause[finding.clause].setdefault(finding.model, []).append(finding)
    found: list[Check] = []
    broken: dict[str, set[int]] = {}
    for clause in clauses:
        for check, places in _of_clause(contract, clause, by_clause[clause.id], recording):
            found.append(check)
            broken[check.id] = places
    return _caused(found, broken)


def _of_clause(
    contract: Contract, clause: Clause, found: dict[str | None, list[Finding]], recording: Recording
) -> Iterator[tuple[Check, set[int]]]:
    own = clause.models[0] if len(clause.models) == 1 else None
    order: list[str | None] = [None, *contract.models]
    models = sorted(found, key=order.index)
    # Of what one model is enough for (each further one would cost a job) the others are not said to be missing.
    if len([slug for slug in models if slug is not None]) > 1:
        models += [slug for slug in clause.models if slug not in models]
    for model in models or [own]:
        findings = found.get(model, [])
        if not findings:
            yield Check(clause, model, Outcome.NOT_EXERCISED, _reason(contract, clause, model, recording)), set()
            continue
        yield _decided(clause, model, findings, recording)


def _decided(
    clause: Clause, model: str | None, findings: list[Finding], recording: Recording
) -> tuple[Check, set[int]]:
    wrong = [one for one in findings if one.holds is False]
    unsure = [one for one in findings if one.holds is None]
    outcome = BROKEN[clause.grade] if wrong else Outcome.INCONCLUSIVE if unsure else Outcome.PASSED
    if wrong and clause.permission:
        outcome = Outcome.NOTED
    shown = wrong or unsure or findings
    halted = [
        skip
        for skip in recording.skips
        if skip.what == "refuse" and skip.model == model and "is sent no more" in skip.reason
    ]
    if outcome is Outcome.PASSED and halted and "refuse" in stages_of(clause):
        why = f"what is allowed was accepted; whether the rest is refused is not known for all: {halted[0].reason}"
        outcome, shown = Outcome.INCONCLUSIVE, [Finding(clause.id, model, None, why)]
    places = tuple(dict.fromkeys(place for one in shown for place in one.exchanges))
    others = len({one.detail for one in shown}) - 1
    detail = shown[0].detail + (f" (and {others} more)" if others and outcome is not Outcome.PASSED else "")
    check = Check(clause, model, outcome, detail, places[:MOST_PLACES], len(findings))
    return check, {place for one in wrong for place in one.exchanges}


def _reason(contract: Contract, clause: Clause, model: str | None, recording: Recording) -> str:
    """Why a clause was not tried."""
    for why in (clause.permission, undetectable(clause, contract)):
        if why:
            return why
    needed = stages_of(clause)
    for skip in recording.skips:
        if skip.what in needed and (skip.model is None or model is None or skip.model == model):
            return skip.reason
    return unmet_condition(clause) or "nothing in the recording shows it"


def _caused(found: list[Check], broken: dict[str, set[int]]) -> list[Check]:
    """Name the cause of each broken check: one that ranks before it and broke over all of its exchanges."""
    wrong = sorted((check for check in found if broken[check.id]), key=_rank)
    causes: dict[str, str] = {}
    for place, check in enumerate(wrong):
        for before in wrong[:place]:
            if (
                _rank(before) < _rank(check)
                and broken[check.id] <= broken[before.id]
                and before.outcome is not Outcome.NOTED
            ):
                causes[check.id] = causes.get(before.id, before.id)
                break
    return [evolve(check, cause=causes.get(check.id)) for check in found]


def _rank(check: Check) -> int:
    name, kind = check.clause.id, check.clause.kind
    if kind == "payload":
        return 1
    if kind == "video":
        return 2
    for place, prefix in enumerate(ROOTS):
        if name.startswith(prefix):
            return 0 if place == 0 else 10 + place
    return {"route": 0, "answer": 50, "header": 51, "status": 60}.get(kind, 70)
