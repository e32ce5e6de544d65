"""Write the pages under ``docs/`` that a session makes from what it measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from textwrap import fill


def write(path: Path, text: str) -> None:
    """Replace a page. If the script is stopped meanwhile, the old page stays as it was."""
    partial = path.with_suffix(".part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table. Raise `ValueError` if a row has more or fewer cells than the head."""
    lines = [_line(head), f"|{'---|' * len(head)}"]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row of {len(row)} cells in a table of {len(head)}: {row!r}")
        lines.append(_line(row))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def wrap(text: str) -> str:
    """Break the paragraphs anew, because a value that was put into one can have any length."""
    blocks = text.strip("\n").split("\n\n")
    wrapped = (
        block if block.startswith(("#", "    ")) else fill(block, 118, break_on_hyphens=False) for block in blocks
    )
    return "\n\n".join(wrapped) + "\n"


def environment(*distributions: str) -> str:
    """Return the Python, the machine and the versions of the distributions, on one line."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    versions = [f"{name} {version(name)}" for name in distributions]
    return ", ".join([python, f"{os.cpu_count()} cores", f"{platform.system()} on {platform.machine()}", *versions])
