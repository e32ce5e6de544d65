"""The lists of changes in cases/: each gets the verdicts that follow from what the words mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from segmind_ltx_spec.changes import Document, compare
from segmind_ltx_spec.changes.collect import Place
from segmind_ltx_spec.changes.hand_written import STATEMENTS
from segmind_ltx_spec.changes.markers import Marker
from segmind_ltx_spec.changes.verdicts import Verdicts

CASES: list[dict[str, Any]] = [
    case
    for name in ("cases.yaml", "more.yaml")
    for case in yaml.safe_load((Path(__file__).with_name("cases") / name).read_text(encoding="utf-8"))
]
USUAL = {
    "breaking": "major",
    "by-hand": "minor",
    "behavioural": "minor",
    "compatible": "minor",
    "informational": "patch",
    "none": "none",
}
MARKERS = [Marker(statement, Place("client.py", line)) for line, statement in enumerate(STATEMENTS, 1)]
"""As if each statement that hand-written code rests on stood in a file of its own line."""


def test_case_list_is_long_enough() -> None:
    """There are at least 60 changes, each with a name of its own, and none, or all, of each verdict."""
    assert len({case["id"] for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case_has_its_verdicts(case: dict[str, Any], contract: Document, edit: Any) -> None:
    """The three verdicts, the package's bump and the by-hand places of one change are what was reasoned out."""
    found = compare(contract, edit(*case["edit"]), MARKERS)
    said = [(change.rule, change.pointer, change.why) for change in found.changes]
    assert not found.unjudged, found.unjudged
    assert [str(verdict) for verdict in found.verdicts] == case["verdicts"], said
    assert found.old_client == case.get("old", found.old_client), said
    assert str(found.package_bump) == case.get("package", USUAL[case["verdicts"][1]]), said
    hand = [place for change in found.changes for place in change.by_hand]
    assert bool(hand) or "by-hand" not in case["verdicts"], said
    for statement in case.get("hand", ()):
        wanted = [one.place for one in MARKERS if one.statement == statement] or hand
        assert set(wanted) <= set(hand), (statement, hand, said)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case_back_again_is_seen(case: dict[str, Any], contract: Document, edit: Any) -> None:
    """The same change the other way round is seen as well; if it changes no meaning, it is none either."""
    found = compare(edit(*case["edit"]), contract, MARKERS)
    if case["verdicts"] == ["none", "none", "none"] and "back" not in case:
        assert not found.unjudged
        assert found.verdicts == Verdicts()
    else:
        assert found.changes or found.unjudged


def test_fact_is_told_once(contract: Document, edit: Any) -> None:
    """An edit of a component that every operation uses is one change, with the operations that it reaches."""
    (change,) = compare(
        contract, edit(["set", "#/components/schemas/ErrorMessage/properties/error/minLength", 1])
    ).changes
    assert change.rule == "minLength-added"
    assert len(change.operations) == 13


def test_same_contract_gives_nothing(contract: Document, edit: Any) -> None:
    """A copy of the contract differs in nothing."""
    found = compare(contract, edit())
    assert (found.changes, found.unjudged, found.old_client) == ((), (), "works")
