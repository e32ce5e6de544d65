"""Markers in hand-written code, and the clauses that places of the contract belong to."""

from __future__ import annotations

from pathlib import Path

from segmind_ltx_spec import clauses
from segmind_ltx_spec.changes import Document
from segmind_ltx_spec.changes.hand_written import STATEMENTS, must_follow
from segmind_ltx_spec.changes.markers import dangling, scan, scan_text
from segmind_ltx_spec.changes.places import clauses_at
from segmind_ltx_spec.changes.sources import hand_written_folder

TEXT = """
KEY = "x-api-key"  # contract: auth.key-in-header, auth.only-in-header

# contract: #/servers/0/url
# Where the live service is.
URL = "https://api.segmind.com"
WORDS = "# contract: not.a-comment"
"""


def test_marker_names_its_line() -> None:
    """A comment behind code marks that line; one of its own the next line of code; a string is no comment."""
    found = [(marker.statement, marker.place.line) for marker in scan_text(TEXT, "client.py")]
    assert found == [("auth.key-in-header", 2), ("auth.only-in-header", 2), ("#/servers/0/url", 6)]


def test_marker_in_unreadable_code() -> None:
    """A file that is no Python has no markers, and does not stop the others."""
    assert list(scan_text("# contract: auth.key-in-header\n(", "client.py")) == []


def test_marker_of_nothing_is_found(contract: Document) -> None:
    """A clause or a place that does not exist is named; patterns count as clauses."""
    text = "# contract: auth.no-such, *.status.*, #/nowhere, #/servers/0/url, no.*\npass\n"
    found = [marker.statement for marker in dangling(scan_text(text, "client.py"), contract)]
    assert found == ["auth.no-such", "#/nowhere", "no.*"]


def test_markers_of_the_client_exist(contract: Document) -> None:
    """Each marker in the hand-written client names a clause or a place of the contract."""
    folder = hand_written_folder()
    assert folder is not None
    assert dangling(scan(folder), contract) == []


def test_statements_of_the_client_are_marked() -> None:
    """Each statement that `hand_written` lists has a marker somewhere in the client."""
    folder = hand_written_folder()
    assert folder is not None
    marked = {marker.statement for marker in scan(folder)}
    assert set(STATEMENTS) - marked == set()


def test_statements_are_clauses(contract: Document) -> None:
    """Each statement that `hand_written` lists is a clause, or a pattern that some clause has."""
    text = f"# contract: {', '.join(STATEMENTS)}\npass\n"
    assert dangling(scan_text(text, "client.py"), contract) == []
    assert must_follow(["job.states"])
    assert not must_follow(["v1.status.500", "ltx-2-pro.v2"])


def test_every_clause_is_found_at_its_places(contract: Document) -> None:
    """Clauses are derived from places here as the loader derives them, without loading."""
    missing = [
        (clause.id, pointer)
        for clause in clauses()
        for pointer in clause.pointers
        if clause.id not in clauses_at(contract, pointer)
    ]
    assert missing == []


def test_hand_written_folder_is_this_checkout() -> None:
    """In a checkout the markers come from its own overrides."""
    assert hand_written_folder() == Path(__file__).resolve().parents[3] / "overrides" / "segmind_ltx"
