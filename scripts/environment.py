"""Run the commands in every odd environment, and write ``docs/environment.md`` from the outcomes.

Run by ``nox -s environment``. Further arguments go to pytest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import _page

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "environment.md"
TESTS: Final = (ROOT / "tests" / "client" / "cli" / "test_environment.py",)
VARIABLE: Final = "SEGMIND_LTX_ENVIRONMENT_TABLE"
"""The environment variable with the file into which the tests write a line for each run."""
HEAD: Final = """# Environments: the outcome of each call

Written by `nox -s environment` from {runs} runs of the real commands. In each run that paid for a job, its id was
printed on a stream that was still open; no run printed a traceback. A cell has the exit status, and if a job was paid
for. `conformance` made a free run, and its verdict and its report were those of the server in each environment.
"""


def main() -> int:
    """Run the tests, then write the page. Return the exit status of the tests."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.jsonl"
        command = [sys.executable, "-m", "pytest", "-q", *map(str, TESTS), *sys.argv[1:]]
        status = subprocess.run(command, cwd=ROOT, env={**os.environ, VARIABLE: str(results)}, check=False).returncode
        if status:
            return status
        runs = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    _page.write(PAGE, page(runs))
    print(f"{PAGE.relative_to(ROOT)}: {len(runs)} runs")
    return 0


def page(runs: list[dict[str, Any]]) -> str:
    """Return the page, with a row for each environment and a column for each call."""
    cells = {(run["environment"], run["call"]): f"{run['status']}{', paid' if run['paid'] else ''}" for run in runs}
    calls = sorted(
        {call for _, call in cells}, key=lambda call: ("paid" not in cells[runs[0]["environment"], call], call)
    )
    rows = [[name, *(cells.get((name, call), "") for call in calls)] for name in sorted({one for one, _ in cells})]
    table = _page.table(["environment", *calls], rows)
    return _page.wrap(HEAD.format(runs=len(runs))) + "\n" + table


if __name__ == "__main__":
    sys.exit(main())
