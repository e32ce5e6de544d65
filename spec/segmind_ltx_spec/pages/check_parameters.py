"""Compare the parameters of a page with those of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segmind_ltx_spec.contract import Model
from segmind_ltx_spec.pages.differences import Difference, Findings, same, without
from segmind_ltx_spec.pages.expected import ExpectedParameter, parameter
from segmind_ltx_spec.pages.meaning import NOTHING, Facts
from segmind_ltx_spec.pages.page import Page, PageParameter


def check_parameters(page: Page, model: Model, findings: Findings) -> None:
    """Add the differences between the parameters of ``page`` and of ``model``."""
    printed = page.parameters or {}
    for name, row in printed.items():
        of = f"{model.slug}.{name}"
        if name not in model.parameters:
            findings.differ("added", of, None, row.type, None, row.line)
        elif row.state == "unreadable":
            findings.differ("unread", of, None, row.type, None, row.line)
        else:
            _check(row, parameter(model, name), of, findings)
    for name in model.parameters:
        if name not in printed and page.table_complete:
            expected = parameter(model, name)
            findings.differ("removed", f"{model.slug}.{name}", expected.type, None, expected.grade)


def _check(row: PageParameter, spec: ExpectedParameter, of: str, findings: Findings) -> None:
    whole = row.state != "cut"
    if row.required != spec.required:
        findings.differ("required", of, spec.required, row.required, spec.grade, row.line)
    if row.type is not None and row.type != spec.type:
        findings.differ("type", of, spec.type, row.type, spec.grade, row.line)
    if "range" in row.facts or whole:
        _check_range(row, spec, of, findings)
    if row.state != "ambiguous":
        _check_default(row.facts, spec, of, row.line, findings, whole=whole)
        _check_allowed(row.facts, spec, of, row.line, findings, whole=whole)
        return
    readings = [{**row.facts, **candidate} for candidate in row.candidates]
    outcomes = [_outcome(reading, spec, of, row.line) for reading in readings]
    certain = [one for one in outcomes[0].differences if all(one in outcome.differences for outcome in outcomes)]
    findings.differences.extend(certain)
    # If one of the readings is what the contract says, but for what differs in all of them, nothing speaks against it.
    if min(len(outcome.differences) for outcome in outcomes) > len(certain):
        findings.differ("ambiguous", of, _stated(spec), list(row.candidates), spec.grade, row.line)


def _outcome(facts: Facts, spec: ExpectedParameter, of: str, line: int) -> Findings:
    findings = Findings()
    _check_default(facts, spec, of, line, findings, whole=True)
    _check_allowed(facts, spec, of, line, findings, whole=True)
    return findings


def _stated(spec: ExpectedParameter) -> Facts:
    found: Facts = {} if spec.default is NOTHING else {"default": spec.default}
    return found if spec.allowed is None else {**found, "allowed": list(spec.allowed)}


def _check_default(
    facts: Facts, spec: ExpectedParameter, of: str, line: int, findings: Findings, *, whole: bool
) -> None:
    printed = facts.get("default", NOTHING)
    if printed is NOTHING and not whole:
        return
    if printed is None and not spec.null:
        findings.differ("null", of, False, True, spec.grade, line)
        if spec.default is not NOTHING:
            findings.differ("default", of, spec.default, None, spec.grade, line)
    elif printed is NOTHING and spec.default is None:
        findings.differ("null", of, True, None, spec.grade, line)
    elif printed is NOTHING or spec.default is NOTHING:
        if printed is not spec.default:
            _lone_default(printed, spec, of, line, findings)
    elif not same(printed, spec.default):
        findings.differ("default", of, spec.default, printed, spec.grade, line)


def _lone_default(printed: Any, spec: ExpectedParameter, of: str, line: int, findings: Findings) -> None:
    """A default that only one side states."""
    if printed is not NOTHING and any(same(printed, example) for example in spec.examples):
        # The contract holds the printed value as an example on purpose.
        findings.choices.append(Difference("default", of, None, printed, spec.grade, line))
        return
    stated = None if spec.default is NOTHING else spec.default
    findings.differ("default", of, stated, None if printed is NOTHING else printed, spec.grade, line)


def _check_allowed(
    facts: Facts, spec: ExpectedParameter, of: str, line: int, findings: Findings, *, whole: bool
) -> None:
    printed: Sequence[Any] | None = facts.get("allowed")
    if printed is None and not whole:
        return
    hidden = int(facts.get("allowed_not_shown", 0))
    shown, stated = printed or [], spec.allowed or ()
    for value in without(shown, stated):
        findings.differ("value-added", of, None, value, None, line)
    missing = without(stated, shown)
    for value in [one for one in spec.inferred if not without([one], shown)]:
        findings.confirm("value-added", of, value, value, "I", line)
    if hidden == 0:
        for value in missing:
            grade = "I" if value in spec.inferred else spec.grade
            findings.differ("value-removed", of, value, None, grade, line)
        return
    # Values that the page hides may be any that it does not show; those that were inferred are taken for them first.
    surprising = [value for value in missing if value not in spec.inferred]
    inferred = [value for value in missing if value in spec.inferred]
    if spec.inferred:
        for value in surprising:
            findings.differ("value-removed", of, value, None, spec.grade, line)
        missing = inferred
    if hidden > len(missing):
        findings.differ("value-added", of, f"{len(missing)} more", f"+{hidden} more", None, line)
    elif hidden < len(missing):
        findings.differ("value-removed", of, f"{len(missing)} more", f"+{hidden} more", spec.grade, line)


def _check_range(row: PageParameter, spec: ExpectedParameter, of: str, findings: Findings) -> None:
    printed = row.facts.get("range")
    stated = None if spec.between is None else list(spec.between)
    if printed != stated:
        findings.differ("range", of, stated, printed, spec.grade, row.line)
