"""The page about kinds of failure names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_page_of_edges_names_tests() -> None:
    """Each row has tests, and each test that the page names is there."""
    text = (ROOT / "docs" / "edges.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    found = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert sorted(named - found) == []
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| kind")]
    assert len(rows) == 26
    assert [row for row in rows if "`test_" not in row.rsplit("|", 2)[1]] == []
