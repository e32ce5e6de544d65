"""What the scripts that write a page share."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import _page  # noqa: E402 - scripts are not installed
import faults  # noqa: E402


def test_page_is_replaced(tmp_path: Path) -> None:
    """The new text is there, and nothing beside it."""
    path = tmp_path / "page.md"
    path.write_text("old")
    _page.write(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_page_survives_a_failed_write(tmp_path: Path) -> None:
    """If the text cannot be written, the old page stays and no partial one is left."""
    path = tmp_path / "page.md"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        _page.write(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_table_refuses_a_row_of_another_width() -> None:
    """A cell that is missing is an error, not a table that shows it in the wrong column."""
    assert _page.table(["a", "b"], [[1, "x"]]) == "| a | b |\n|---|---|\n| 1 | x |\n"
    with pytest.raises(ValueError, match="1 cells in a table of 2"):
        _page.table(["a", "b"], [["x"]])


def test_paragraphs_are_wrapped_anew() -> None:
    """Headings and code stay as they are; paragraphs are broken by width."""
    text = "# A heading\n\n" + "word " * 40 + "\n\n    code " + "x" * 130
    heading, paragraph, code = _page.wrap(text).strip("\n").split("\n\n")
    assert heading == "# A heading"
    assert code == "    code " + "x" * 130
    assert max(map(len, paragraph.splitlines())) <= 118


def test_environment_names_python_and_versions() -> None:
    """Figures say on what they were measured."""
    assert re.search(r"Python \d+\.\d+.*cores, .*, httpx \d", _page.environment("httpx"))


def _run(outcome: str, kind: str) -> dict[str, object]:
    return {"fault": "503", "column": "submit", "kind": kind, "outcome": outcome, "id": True, "posts": 3}


def test_faults_page_has_a_cell_for_each_call() -> None:
    """The page of faults says how each call ended, with the id and the number of POSTs."""
    text = faults.page([_run("Server", "sync"), _run("Server", "asyncio")])
    assert "from 2 runs of 1 cells" in text
    assert "| 503 | `ServerError`, id; 3 POSTs |" in text


def test_faults_page_refuses_clients_that_differ() -> None:
    """If the two clients end differently, there is no page."""
    with pytest.raises(ValueError, match="disagree"):
        faults.page([_run("Server", "sync"), _run("ok", "asyncio")])
