"""Put every fault in front of every kind of call, and write ``docs/faults.md`` from what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "faults.md"

STAYING: Final = ("submit", "v1", "status()", "result()", "save()", "wait: poll", "wait: fetch")
PASSING: Final = ("wait, passing: status", "wait, passing: result", "save, passing")
HEAD: Final = """# Faults: what comes of each, seen over real sockets

Written by `nox -s faults` from what {runs} runs of {cells} cells gave, each with `Client` and with `AsyncClient`, which
agreed in all. A cell says how the call ended: with success, or with which exception; *id* means that the exception has
the request id. Nothing but exceptions of this package's own tree was seen, the key was in none of them, and it went to
no other host.

An empty cell: the fault has no meaning there. Two more are left out, since they cannot be told from a slow or a smaller
video: headers that drip before a video, and a video whose Content-Length is too short.

## The fault stays

Each call is met by the fault again and again. For the two paid calls the number of POSTs that reached the server is
given (with `max_submit_retries=2`). A wait has a deadline; after `WaitTimeoutError` the job can be waited for again.

"""


def main() -> int:
    """Run the tests, then write the page. Gives the exit status of the tests."""
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "seen.jsonl"
        command = [sys.executable, "-m", "pytest", "-q", "tests/client/sockets", *sys.argv[1:]]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, "SEGMIND_LTX_FAULT_TABLE": str(notes)}, check=False)
        if done.returncode:
            return done.returncode
        seen = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]
    partial = PAGE.with_suffix(".part")
    partial.write_text(page(seen), encoding="utf-8")
    partial.replace(PAGE)
    print(f"{PAGE.relative_to(ROOT)}: {len(seen)} runs")
    return 0


def page(seen: list[dict[str, Any]]) -> str:
    """The page. Raises `ValueError` where the two clients disagree."""
    cells: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in seen:
        cells[one["fault"], one["column"]].add(_cell(one))
    if apart := sorted(place for place, found in cells.items() if len(found) > 1):
        raise ValueError(f"the two clients disagree: {apart}")
    text = HEAD.format(runs=len(seen), cells=len(cells)) + _table(cells, STAYING)
    text += "\n## The fault passes\n\nIt is met once or twice, then the server answers well.\n\n"
    return text + _table(cells, PASSING)


def _table(cells: dict[tuple[str, str], set[str]], columns: tuple[str, ...]) -> str:
    rows = list(dict.fromkeys(fault for fault, column in _in_order(cells) if column in columns))
    lines = [f"| fault | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for fault in rows:
        found = [next(iter(cells.get((fault, column), {""}))) for column in columns]
        lines.append(f"| {fault} | {' | '.join(found)} |")
    return "\n".join(lines) + "\n"


def _in_order(cells: dict[tuple[str, str], set[str]]) -> list[tuple[str, str]]:
    """As the table of the test has them: tests that run side by side end in any order."""
    source = (ROOT / "tests" / "client" / "sockets" / "test_faults.py").read_text(encoding="utf-8")
    names = [line.partition("|")[0].strip() for line in source.splitlines() if " | " in line]
    return sorted(cells, key=lambda place: (names.index(place[0]) if place[0] in names else len(names), place))


def _cell(one: dict[str, Any]) -> str:
    words = "success" if one["outcome"] == "ok" else f"`{one['outcome']}Error`"
    if one["id"] and one["outcome"] != "ok":
        words += ", id"
    if one["column"] in {"submit", "v1"}:
        words += f"; {one['posts']} POST{'' if one['posts'] == 1 else 's'}"
    return words


if __name__ == "__main__":
    sys.exit(main())
