"""Test the judge on every single edit of a recorded run: it reports the edit, or the documents allow it."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from segmind_ltx_conformance.checks import Outcome
from segmind_ltx_conformance.judge import judge
from segmind_ltx_conformance.judge.trace import read
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_spec import load
from support.trace_edits import allowed, edits, excerpt

CONTRACT = load()
PARTS = 2
STEP = 1 if os.environ.get("SEGMIND_LTX_EDITS") == "all" else 10
OBJECTIONS = {Outcome.FAILED, Outcome.WARNED, Outcome.NOTED, Outcome.ERROR}


def objections(recording: Recording) -> set[tuple[str, Outcome]]:
    """Return the broken clauses of a recording, with their outcomes."""
    return {(check.id, check.outcome) for check in judge(recording, CONTRACT).checks if check.outcome in OBJECTIONS}


@pytest.fixture(scope="module")
def trace(recorded: Recording) -> Recording:
    """Return an excerpt of a run, with one job that completes and one that fails."""
    return excerpt(recorded)


def test_unedited_trace_has_no_objection(trace: Recording) -> None:
    """The unedited trace fails nothing, and contains every status."""
    assert {outcome for _, outcome in objections(trace)} <= {Outcome.WARNED}
    assert {check.clause.id for check in judge(trace, CONTRACT).having(Outcome.WARNED)} <= {"output.other-host"}
    assert {exchange.status for exchange in trace.exchanges} >= {200, 400, 401, 403, 404, 406, 422, 429, 500, 502, 504}


# Several parts, so that several workers share them. By default every fifth edit, since all take minutes.
@pytest.mark.parametrize("part", range(PARTS))
def test_edit_is_reported_or_allowed(trace: Recording, part: int) -> None:
    """For an edit the judge reports a broken clause, or the documents allow the edited history."""
    before, original = objections(trace), read(trace, CONTRACT)
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    for number, edit in enumerate(edits(trace)):
        if number % (PARTS * STEP) != part:
            continue
        found, why = objections(edit.recording) - before, allowed(edit, original)
        outcomes = {outcome for _, outcome in found}
        assert Outcome.ERROR not in outcomes, str(edit)
        if not found and why is None:
            wrong.append(f"not reported: {edit}")
        if Outcome.FAILED in outcomes and why is not None:
            wrong.append(f"{edit}: fails {sorted(name for name, _ in found)}, although {why}")
        seen["reported" if found else "allowed"] += 1
    assert not wrong, "\n".join(wrong)
    assert seen["reported"] > 200 / STEP
    assert seen["allowed"] > 20 / STEP
