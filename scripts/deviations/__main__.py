"""Run the conformance suite against sandboxes that are wrong on purpose, and write docs/deviations.md.

Run by ``nox -s deviations``. Exit status 1 where a mutant of a stated clause does not fail the run, where too few are
named by their own clause, or where the plain sandbox or a variant does not pass. ``--only`` and ``--sample`` write no
page.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import _page
from deviations import baseline, page
from deviations import run_suite as suite
from deviations import selection as pick
from deviations.results import PLAIN, Result, Row

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "mutants.md"
BASELINE: Final = Path(__file__).with_name("baseline.json")
WORKERS: Final = 2
AT_LEAST: Final = 0.95
BASELINE_SAMPLE: Final = 120
"""How many mutants the baseline is tried on unless told otherwise: it takes half a minute for each."""

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument(
        "--only", metavar="GLOB", action="append", default=[], help="deviations by name; may be repeated"
    )
    parser.add_argument("--sample", metavar="N", type=int, help="about N mutants, of every kind")
    parser.add_argument("--seeds", metavar="N", type=int, help="the plain sandbox alone, with N seeds")
    parser.add_argument("--baseline", action="store_true", help="measure schemathesis instead, and keep its figures")
    options = parser.parse_args(arguments)
    if options.seeds is not None:
        rows = spread([(suite.run, (PLAIN, seed)) for seed in range(options.seeds)])
        return verdict(rows)
    if options.baseline:
        names = pick.names(options.only, options.sample or BASELINE_SAMPLE)
        found = spread([(baseline.run, (name,)) for name in names])
        baseline.save(BASELINE, sorted(found, key=lambda row: names.index(row.name)))
        print(f"{sum(row.failed for row in found)} of {len(found)} failed; kept in {BASELINE}")
        return 0
    names = pick.names(options.only, options.sample)
    rows = spread([(suite.run, (name, 0)) for name in names])
    places = {name: place for place, name in enumerate(names)}
    rows.sort(key=lambda row: places.get(row.name, 0))
    if not options.only and options.sample is None:
        _page.write(PAGE, page.written(rows, baseline.saved(BASELINE), AT_LEAST))
    return verdict(rows)


def verdict(rows: Sequence[Row]) -> int:
    """Say what came of it; the exit status."""
    print(page.table([row for row in rows if row.is_mutant]))
    for row in rows:
        if row.is_mutant and not (row.held and row.fate is Result.NAMED):
            named = ", ".join((*row.failed, *row.unsure)[:4])
            print(f"{row.fate:>8} {row.exit_status}  {row.name}  {row.clauses[0]}  {named}")
    wrong = page.told(rows, AT_LEAST)
    print("\n".join(wrong) or "Every bound holds.")
    return 1 if wrong else 0


def spread(jobs: Iterable[tuple[Callable[..., T], tuple[object, ...]]]) -> list[T]:
    """Do all of them, in processes of their own, and show how far it is."""
    # A signal's handler and the videos are a process's own, so each is started afresh.
    context = multiprocessing.get_context("spawn")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool, Progress(*columns) as progress:
        under_way = [pool.submit(do, *what) for do, what in jobs]
        bar = progress.add_task("runs", total=len(under_way))
        found: list[T] = []
        try:
            for one in as_completed(under_way):
                found.append(one.result())
                progress.advance(bar)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


if __name__ == "__main__":
    # uvicorn's server in a thread says what its clients did wrong; here that is the point.
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())
