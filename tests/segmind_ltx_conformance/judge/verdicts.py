"""Turn findings into a check for each clause and model, and find out which failure explains which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import evolve

from segmind_ltx_conformance.checks import BROKEN, GRADES, Check, Finding, Outcome, weakest
from segmind_ltx_conformance.coverage import stages_of, undetectable, unmet_condition
from segmind_ltx_conformance.judge.gaps import missing_parts
from segmind_ltx_conformance.judge.trace import Trace
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_spec import Clause, Contract, Model, clauses_by_id

CAUSE_ORDER: Final = (
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
"""The order of causes: of two checks that failed over the same exchanges, the earlier here is the cause.

A model's own clauses come before these, and clauses about the form of a response after them.
"""
MAX_EXCHANGES: Final = 12
"""How many exchanges a check names, from the first on."""


def checks(
    contract: Contract, clauses: Sequence[Clause], findings: Iterable[Finding], recording: Recording
) -> list[Check]:
    """Return a check for each clause and each model that it was tested with."""
    by_clause: dict[str, dict[str | None, list[Finding]]] = {clause.id: {} for clause in clauses}
    for finding in findings:
        if finding.clause in by_clause:
            by_clause[finding.clause].setdefault(finding.model, []).append(finding)
    checked: list[Check] = []
    broken: dict[str, set[int]] = {}
    for clause in clauses:
        for check, exchanges in _of_clause(contract, clause, by_clause[clause.id], recording):
            checked.append(check)
            broken[check.id] = exchanges
    return _with_causes(checked, broken)


def through_routes(trace: Trace, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Let each finding that only POSTs to routes of a weaker grade show rest on those routes."""
    posts = {call.index: call for call in trace.calls if call.kind in {"v1", "v2"} and call.model is not None}
    for finding in findings:
        shown = [posts[index] for index in finding.exchanges if index in posts]
        weak = {f"{call.model.slug}.v2" for call in shown if call.kind == "v2" and call.model and _is_weak(call.model)}
        only = bool(shown) and all(call.kind == "v2" and call.model and _is_weak(call.model) for call in shown)
        names = sorted(weak - {finding.clause}) if only else []
        yield evolve(finding, rests_on=(*finding.rests_on, *names)) if names else finding


def _is_weak(model: Model) -> bool:
    """Return whether no page of the five names v2 for a model."""
    return model.v2_source.grade != "D"


def _of_clause(
    contract: Contract, clause: Clause, found: dict[str | None, list[Finding]], recording: Recording
) -> Iterator[tuple[Check, set[int]]]:
    only_model = clause.models[0] if len(clause.models) == 1 else None
    order: list[str | None] = [None, *contract.models]
    models = sorted(found, key=order.index)
    # If one model is enough (each further one would cost a job), the other models are not reported as missing.
    if len([slug for slug in models if slug is not None]) > 1:
        models += [slug for slug in clause.models if slug not in models]
    for model in models or [only_model]:
        findings = found.get(model, [])
        if not findings:
            yield Check(clause, model, Outcome.NOT_EXERCISED, _reason(contract, clause, model, recording)), set()
            continue
        yield _decided(contract, clause, model, findings, recording)


def _decided(
    contract: Contract, clause: Clause, model: str | None, findings: list[Finding], recording: Recording
) -> tuple[Check, set[int]]:
    outcome, through, shown = _strongest(contract, clause, findings)
    if clause.permission and outcome in BROKEN.values():
        outcome = Outcome.NOTED
    halted = [
        skip
        for skip in recording.skips
        if skip.what == "refuse" and skip.model == model and "is sent no more" in skip.reason
    ]
    if outcome is Outcome.PASSED and halted and "refuse" in stages_of(clause):
        why = f"allowed payloads were accepted, but not every forbidden one was tested: {halted[0].reason}"
        outcome, shown = Outcome.INCONCLUSIVE, [Finding(clause.id, model, None, why)]
    exchanges = tuple(dict.fromkeys(place for finding in shown for place in finding.exchanges))
    others = len({finding.detail for finding in shown}) - 1
    detail = shown[0].detail + (f" (and {others} more)" if others and outcome is not Outcome.PASSED else "")
    check = Check(clause, model, outcome, detail, exchanges[:MAX_EXCHANGES], len(findings), through=through)
    broken = shown if outcome in BROKEN.values() else []
    return check, {place for finding in broken for place in finding.exchanges}


def _strongest(
    contract: Contract, clause: Clause, findings: list[Finding]
) -> tuple[Outcome, tuple[Clause, ...], list[Finding]]:
    """Return the outcome of the strongest findings, the weaker clauses that it rests on, and those findings.

    Findings of the strongest grade decide. Weaker ones count only if they object and the stronger ones do not.
    """
    by_grade: dict[str, list[Finding]] = {}
    for finding in findings:
        by_grade.setdefault(weakest(clause, *_through(contract, finding)), []).append(finding)
    ranked = [(grade, by_grade[grade]) for grade in GRADES if grade in by_grade]
    for holds in (False, None):
        for grade, group in ranked:
            meant = [finding for finding in group if finding.holds is holds]
            if meant:
                outcome = BROKEN[grade] if holds is False else Outcome.INCONCLUSIVE
                return outcome, _weaker(contract, clause, meant), meant
            if holds is False and any(finding.holds is None for finding in group):
                break  # A weaker objection does not settle what the stronger findings left undecided.
    passed = ranked[0][1]
    return Outcome.PASSED, _weaker(contract, clause, passed), passed


def _through(contract: Contract, finding: Finding) -> list[Clause]:
    known = clauses_by_id(contract)
    return [known[name] for name in finding.rests_on]


def _weaker(contract: Contract, clause: Clause, findings: list[Finding]) -> tuple[Clause, ...]:
    """Return the clauses weaker than ``clause`` that the first of the findings rests on."""
    rank = GRADES.index(clause.grade)
    return tuple(other for other in _through(contract, findings[0]) if GRADES.index(other.grade) > rank)


def _reason(contract: Contract, clause: Clause, model: str | None, recording: Recording) -> str:
    """Say why a clause was not tested."""
    for reason in (clause.permission, undetectable(clause, contract)):
        if reason:
            return reason
    needed = stages_of(clause)
    for skip in recording.skips:
        if skip.what in needed and (skip.model is None or model is None or skip.model == model):
            return skip.reason
    missing = missing_parts(recording)
    return unmet_condition(clause) or "the recording does not show it" + (f": {missing}" if missing else "")


def _with_causes(checked: list[Check], broken: dict[str, set[int]]) -> list[Check]:
    """Name the cause of each failed check: an earlier one that failed over all of its exchanges."""
    broken_checks = sorted((check for check in checked if broken[check.id]), key=_rank)
    causes: dict[str, str] = {}
    for position, check in enumerate(broken_checks):
        for earlier in broken_checks[:position]:
            if (
                _rank(earlier) < _rank(check)
                and broken[check.id] <= broken[earlier.id]
                and earlier.outcome is not Outcome.NOTED
            ):
                causes[check.id] = causes.get(earlier.id, earlier.id)
                break
    return [evolve(check, cause=causes.get(check.id)) for check in checked]


def _rank(check: Check) -> int:
    name, kind = check.clause.id, check.clause.kind
    if kind == "payload":
        return 1
    if kind == "video":
        return 2
    for place, prefix in enumerate(CAUSE_ORDER):
        if name.startswith(prefix):
            return 0 if place == 0 else 10 + place
    return {"route": 0, "answer": 50, "header": 51, "status": 60}.get(kind, 70)
