"""``segmind-ltx batch``: a file of requests, through a ledger, so that it can be run again until all is done."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from segmind_ltx import errors
from segmind_ltx._cli import options as options
from segmind_ltx._cli.batch import items as lines_of
from segmind_ltx._cli.batch.budget import Purse
from segmind_ltx._cli.batch.items import read_lines
from segmind_ltx._cli.batch.ledger import book_of, keep
from segmind_ltx._cli.batch.progress import Board
from segmind_ltx._cli.batch.run import Run
from segmind_ltx._cli.output import EXIT_FAILED, INTERRUPTED, exit_on_error, print_err
from segmind_ltx._config import DEFAULT_TIMEOUT, read_api_key
from segmind_ltx._core.parameters import check_wait
from segmind_ltx.ledger import LEDGER_VARIABLE

ADVICE = {
    lines_of.UNCERTAIN: "Uncertain: a job may exist, and be billed. Look into your account; then, if need be, run the "
    "same with --resubmit uncertain.",
    lines_of.GONE: "Gone: the job is not found any more. --resubmit gone makes it anew, and pays for it anew.",
    lines_of.UNFINISHED: "Unfinished: it is paid for. Run the same again within its hour: it is fetched for nothing.",
}


class Resubmit(StrEnum):
    """What is submitted again only where the user says so, since it may pay twice."""

    UNCERTAIN = lines_of.UNCERTAIN
    GONE = lines_of.GONE


def batch(
    source: Annotated[str, typer.Argument(metavar="FILE", help='The requests; "-" reads standard input.')],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the videos; made if missing.", show_default=False)],
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost",
            min=0,
            metavar="USD",
            help="Begin no job that might make it more than this in all, earlier runs included. A job counts with the "
            "highest price of its model until its own is known.",
            show_default=False,
        ),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Jobs in flight at most.")] = 8,
    timeout: options.Timeout = DEFAULT_TIMEOUT,
    ledger: Annotated[
        Path | None,
        typer.Option(
            help=f"The ledger's file; else {LEDGER_VARIABLE}, else jobs.sqlite in the folder. A folder keeps to one.",
            show_default=False,
        ),
    ] = None,
    resubmit: Annotated[
        list[Resubmit] | None,
        typer.Option(
            help="Submit these again, which may pay twice: 'uncertain', of which a job may exist (look into your "
            "account first), or 'gone', whose hour is over. Can be given twice.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist and are not of this batch.")] = False,
    as_json: options.JsonLines = False,
) -> None:
    """Make a video for each line of a file, many at once. Costs money, except in the sandbox.

    A line is a JSON object with "model", its parameters and, if its video is to have a name of its own, "file":

    {"model": "ltx-2-pro", "prompt": "A kite rises.", "duration": 6, "file": "kite.mp4"}

    Empty lines and those that begin with # are passed over. All are checked before anything is sent.

    Run the same again at any time, after a crash as well: it fetches what is paid for, and pays for nothing twice.

    The exit status is 0 once every line has its video.
    """
    with exit_on_error(as_json):
        check_wait(timeout)
        if max_cost is not None and not math.isfinite(max_cost):
            raise errors.ParameterError(f"--max-cost {max_cost} is not an amount")
        lines = read_lines(source)
        read_api_key(None)  # Before anything is made on the disk.
        purse, board = Purse(max_cost), Board(lines, as_json=as_json)
        with _alone(_made(folder)) as place, closing(book_of(ledger, place)) as book:
            run = Run(book, lines, place, purse, board, force=force)
            run.plan(source)
            keep(book, place)
            run.run(concurrency, timeout, resubmit or [])
    board.last(purse.known, purse.doubt, stopped=run.stopped, interrupted=run.interrupted)
    states = {line.state for line in lines}
    if run.interrupted:
        flying = [line.request_id for line in lines if line.state == lines_of.UNFINISHED and line.request_id]
        print_err(f"interrupted; paid for and not saved yet: {', '.join(flying) or 'nothing'}")
    elif run.stopped is not None and lines_of.NOT_BEGUN in states:
        print_err(f"The rest was not begun, since {run.stopped}")
    for state, advice in ADVICE.items():
        if state in states:
            print_err(advice)
    if run.interrupted or states != {lines_of.SAVED}:
        raise typer.Exit(INTERRUPTED if run.interrupted else EXIT_FAILED)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return folder.resolve()
    except OSError as error:
        raise errors.ParameterError(f"--out {folder}: {error.strerror}") from None


@contextmanager
def _alone(folder: Path) -> Generator[Path]:
    """Hold the folder until the block or the process ends: two at work on the same lines would pay for them twice."""
    try:
        # A database's lock works alike on every system, and ends with its process however that ends.
        lock = sqlite3.connect(folder / ".batch.lock", timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise errors.ParameterError(f"--out {folder}: {error}") from None
    with closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise errors.ParameterError(f"--out {folder}: another batch is at work there ({error})") from None
        yield folder
