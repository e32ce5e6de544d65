"""What a folder of saved pages says that the contract does not: the text of an issue, in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from segmind_ltx_spec.pages.check import Check, check_page
from segmind_ltx_spec.pages.differences import Difference
from segmind_ltx_spec.pages.reader import read_page


def report(folder: Path) -> tuple[str, int]:
    """Check every text file of a folder. Return Markdown, empty if nothing differs, and the exit status."""
    checks = [(path, check_page(read_page(path))) for path in sorted(folder.glob("*.txt"))]
    if not checks:
        return f"No saved page (`*.txt`) lies in `{folder.name}`.\n", 2
    told = [(path, check) for path, check in checks if check.exit_status]
    if not told:
        return "", 0
    lines = ["# The vendor's pages differ from the contract", ""]
    lines += [line for path, check in told for line in _section(path, check)]
    lines += _confirmed(check for _, check in checks)
    return "\n".join(lines), max(check.exit_status for _, check in told)


def _section(path: Path, check: Check) -> Iterator[str]:
    yield f"## {path.name}"
    yield ""
    if check.unreadable is not None:
        yield f"Not read: {_plain(check.unreadable)}"
    else:
        yield "| what | where | contract | page | grade | line |"
        yield "| --- | --- | --- | --- | --- | --- |"
        yield from (_row(one) for one in check.differences)
    yield ""


def _row(one: Difference) -> str:
    cells = [one.kind, one.of, _value(one.spec), _value(one.page), one.grade or "", str(one.line or "")]
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _confirmed(checks: Iterable[Check]) -> list[str]:
    found = [one for check in checks for one in check.confirms]
    if not found:
        return []
    lines = ["## Could be raised to D", ""]
    return [*lines, *(f"- {one.of}: {one.kind} {_value(one.page)}, now {one.grade}" for one in found), ""]


def _value(value: object) -> str:
    text = "" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _plain(text: str) -> str:
    """Keep the text of a page from being read as Markdown or HTML."""
    for sign in "\\`*_{}[]<>|#@":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")
