"""Measure the client beside others, and write docs/benchmarks.md. Run by ``nox -s bench``.

The exit status is 1 if a figure exceeds its bound.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import _page
from bench import calls, deadline, emulators, imports, long_job, many_rows, page, plots, polling, scaling
from bench.harness import BenchError, Section

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
MEASUREMENTS: Final[dict[str, Callable[..., Section]]] = {
    "import": imports.measure,
    "calls": calls.measure,
    "short": many_rows.short,
    "far": many_rows.far,
    "long": many_rows.long,
    "scaling": scaling.measure,
    "polling": polling.measure,
    "deadline": deadline.measure,
    "job": long_job.measure,
    "sandbox": emulators.measure,
}


def main() -> int:
    """Measure, and print the rows. Write the page if nothing was left out."""
    parser = argparse.ArgumentParser(description="Measure the client beside others.")
    parser.add_argument("--quick", action="store_true", help="measure less, and write no page")
    parser.add_argument("--only", choices=MEASUREMENTS, help="measure only this, and print its rows")
    options = parser.parse_args()
    begun = time.monotonic()
    try:
        chosen = [options.only] if options.only else list(MEASUREMENTS)
        sections = [MEASUREMENTS[name](quick=options.quick) for name in chosen]
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    rows = [row for section in sections for row in section.rows]
    print(page.table(rows))
    if not options.quick and not options.only:
        _write(sections, (time.monotonic() - begun) / 60)
    if missed := [row.what for row in rows if row.held is False]:
        print(f"Out of bounds: {'; '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def _write(sections: list[Section], minutes: float) -> None:
    folder = DOCS / "benchmarks"
    folder.mkdir(exist_ok=True)
    for section in sections:
        if section.plot:
            plots.save(section.plot, folder)
    _page.write(DOCS / "benchmarks.md", page.page(sections, MEASUREMENTS, minutes))


if __name__ == "__main__":
    sys.exit(main())
