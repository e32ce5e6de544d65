"""Measure the client beside others, and write docs/benchmarks.md from it. Run by ``nox -s bench``.

Exit status 1 where a bound is not held.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import calls, deadline, imports, long_job, many_rows, page, plots, polling
from bench import scaling as flat
from bench.harness import BenchError, Section

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
MEASUREMENTS: Final[dict[str, Callable[..., Section]]] = {
    "import": imports.measure,
    "calls": calls.measure,
    "short": many_rows.short,
    "far": many_rows.far,
    "long": many_rows.long,
    "flat": flat.measure,
    "polling": polling.measure,
    "deadline": deadline.measure,
    "job": long_job.measure,
}


def main() -> int:
    """Measure what was asked for; the page is written by a whole run alone."""
    parser = argparse.ArgumentParser(description="Measure the client beside others.")
    parser.add_argument("--quick", action="store_true", help="do less of each, and print instead of writing the page")
    parser.add_argument("--only", choices=MEASUREMENTS, help="measure this alone, and print it")
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
        print(f"Not held: {'; '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def _write(sections: list[Section], minutes: float) -> None:
    folder = DOCS / "benchmarks"
    folder.mkdir(exist_ok=True)
    for section in sections:
        if section.plot:
            plots.save(section.plot, folder)
    page.write(page.page(sections, MEASUREMENTS, minutes), DOCS / "benchmarks.md")


if __name__ == "__main__":
    sys.exit(main())
