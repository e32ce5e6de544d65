"""Run the conformance suite against sandboxes with deliberate mistakes, and write docs/deviations.md.

Run by ``nox -s deviations``. The exit status is 1 if a mutant of a clause of grade D does not fail the run, if too few
mutants are named by their own clause, or if the plain sandbox or a variant does not pass. ``--only`` and ``--sample``
write no page.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import _page
from deviations import baseline, page, selection
from deviations import run_suite as suite
from deviations.results import PLAIN, Result, Row

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "deviations.md"
BASELINE: Final = Path(__file__).with_name("baseline.json")
WORKERS: Final = 2
AT_LEAST: Final = 0.95
BASELINE_SAMPLE: Final = 120
"""The default number of mutants for the baseline, which takes half a minute for each."""

LINE_EVERY: Final = 50
"""After how many runs a line is printed if no terminal shows the bar."""

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="deviations", description=__doc__)
    parser.add_argument(
        "--only", metavar="GLOB", action="append", default=[], help="select deviations by name; may be repeated"
    )
    parser.add_argument("--sample", metavar="N", type=int, help="run about N mutants of all kinds")
    parser.add_argument("--seeds", metavar="N", type=int, help="run only the plain sandbox, with N seeds")
    parser.add_argument("--baseline", action="store_true", help="measure schemathesis instead, and save its results")
    options = parser.parse_args(arguments)
    if options.seeds is not None:
        rows = spread([(suite.run, (PLAIN, seed)) for seed in range(options.seeds)])
        return verdict(rows)
    if options.baseline:
        names = selection.names(options.only, options.sample or BASELINE_SAMPLE)
        results = spread([(baseline.run, (name,)) for name in names])
        baseline.save(BASELINE, sorted(results, key=lambda row: names.index(row.name)))
        print(f"{sum(row.failed for row in results)} of {len(results)} failed; saved in {BASELINE}")
        return 0
    names = selection.names(options.only, options.sample)
    rows = spread([(suite.run, (name, 0)) for name in names])
    places = {name: place for place, name in enumerate(names)}
    rows.sort(key=lambda row: places.get(row.name, 0))
    if not options.only and options.sample is None:
        _page.write(PAGE, page.page_text(rows, baseline.saved(BASELINE), AT_LEAST))
    return verdict(rows)


def verdict(rows: Sequence[Row]) -> int:
    """Print the results and return the exit status."""
    print(page.table([row for row in rows if row.is_mutant]))
    for row in rows:
        if row.is_mutant and not (row.as_expected and row.result is Result.NAMED):
            named = ", ".join((*row.failed, *row.unsure)[:4])
            print(f"{row.result:>12} {row.exit_status}  {row.name}  {row.clauses[0]}  {named}")
    bounds = page.broken_bounds(rows, AT_LEAST)
    print("\n".join(bounds) or "All bounds hold.")
    return 1 if bounds else 0


def spread(jobs: Iterable[tuple[Callable[..., T], tuple[object, ...]]]) -> list[T]:
    """Run all jobs in processes of their own and show the progress."""
    # Signal handlers and videos belong to one process, so each process starts afresh.
    context = multiprocessing.get_context("spawn")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    began = time.monotonic()
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool, Progress(*columns) as progress:
        under_way = [pool.submit(do, *what) for do, what in jobs]
        bar = progress.add_task("runs", total=len(under_way))
        results: list[T] = []
        try:
            for job in as_completed(under_way):
                results.append(job.result())
                progress.advance(bar)
                if not progress.console.is_terminal and len(results) % LINE_EVERY == 0:
                    print(f"{len(results)} of {len(under_way)} runs in {time.monotonic() - began:.0f} s", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


if __name__ == "__main__":
    # uvicorn warns about invalid requests, which this session sends on purpose.
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())
