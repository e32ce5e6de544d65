"""Put every fault in front of every kind of call, and write ``docs/faults.md`` from the outcomes.

Run by ``nox -s faults``. Further arguments go to pytest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import _page

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "faults.md"
TESTS: Final = ROOT / "tests" / "client" / "sockets"
VARIABLE: Final = "SEGMIND_LTX_FAULT_TABLE"
"""The environment variable with the file into which the tests write a line for each run."""
TABLE: Final = TESTS / "test_faults.py"

PERMANENT: Final = ("submit", "v1", "status()", "result()", "save()", "wait: poll", "wait: fetch")
PASSING: Final = ("wait, passing: status", "wait, passing: result", "save, passing")
HEAD: Final = """# Faults: the outcome of each, seen over real sockets

Written by `nox -s faults` from {runs} runs of {cells} cells, each with `Client` and with `AsyncClient`; the two agreed
in every cell. A cell says how the call ended: with success, or with which exception. *id* means that the exception
carries the request id. No exception from outside this package's own tree was seen, none contained the API key, and the
key went to no other host.

A cell is empty if the fault has no meaning for that call. Two more are left out, because they cannot be told from a
slow or a smaller video: headers that arrive byte by byte before a video, and a video with a Content-Length that is too
small.

## A permanent fault

The server answers every request of the call with the fault. For the two paid calls the table gives the number of POSTs
that reached the server (with `max_submit_retries=2`). A wait has a deadline; after `WaitTimeoutError` the program can
wait for the same job again.

{permanent}
## A fault that passes

The server answers one or two requests with the fault, and all later ones correctly.

{passing}"""


def main() -> int:
    """Run the tests, then write the page. Return the exit status of the tests."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.jsonl"
        command = [sys.executable, "-m", "pytest", "-q", str(TESTS), *sys.argv[1:]]
        variables = {**os.environ, VARIABLE: str(results)}
        status = subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode
        if status:
            return status
        runs = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    _page.write(PAGE, page(runs))
    print(f"{PAGE.relative_to(ROOT)}: {len(runs)} runs")
    return 0


def page(runs: list[dict[str, Any]]) -> str:
    """Return the page. Raise `ValueError` if the two clients disagree in a cell."""
    cells: dict[tuple[str, str], set[str]] = defaultdict(set)
    for run in runs:
        cells[run["fault"], run["column"]].add(_cell(run))
    if different := sorted(place for place, found in cells.items() if len(found) > 1):
        raise ValueError(f"the two clients disagree: {different}")
    faults = _in_order({fault for fault, _ in cells})
    return HEAD.format(
        runs=len(runs),
        cells=len(cells),
        permanent=_table(cells, faults, PERMANENT),
        passing=_table(cells, faults, PASSING),
    )


def _table(cells: dict[tuple[str, str], set[str]], faults: list[str], columns: tuple[str, ...]) -> str:
    shown = [fault for fault in faults if any((fault, column) in cells for column in columns)]
    rows = [[fault, *(next(iter(cells.get((fault, column), {""}))) for column in columns)] for fault in shown]
    return _page.table(["fault", *columns], rows)


def _in_order(faults: set[str]) -> list[str]:
    """Sort the faults as the table in the tests has them, because tests that run side by side end in any order."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if " | " in line]
    names = [line.partition("|")[0].strip() for line in lines]
    return sorted(faults, key=lambda fault: (names.index(fault) if fault in names else len(names), fault))


def _cell(run: dict[str, Any]) -> str:
    text = "success" if run["outcome"] == "ok" else f"`{run['outcome']}Error`"
    if run["id"] and run["outcome"] != "ok":
        text += ", id"
    if run["column"] in {"submit", "v1"}:
        text += f"; {run['posts']} POST{'' if run['posts'] == 1 else 's'}"
    return text


if __name__ == "__main__":
    sys.exit(main())
