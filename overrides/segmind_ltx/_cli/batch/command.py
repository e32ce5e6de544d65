"""``segmind-ltx batch``: make a video for each request in a file; a ledger lets it be run again after any failure."""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from segmind_ltx import errors
from segmind_ltx._cli import options as options
from segmind_ltx._cli.batch.budget import Budget
from segmind_ltx._cli.batch.items import BatchItem, ItemState, read_items
from segmind_ltx._cli.batch.ledger import open_batch_ledger, remember_ledger
from segmind_ltx._cli.batch.progress import BatchProgress
from segmind_ltx._cli.batch.run import BatchRun
from segmind_ltx._cli.fleet.extra import load_fleet
from segmind_ltx._cli.output import EXIT_FAILED, INTERRUPTED, exit_on_error, given_command, print_err
from segmind_ltx._config import DEFAULT_TIMEOUT, read_api_key
from segmind_ltx._core.parameters import check_wait
from segmind_ltx._postgres.journals import is_postgres
from segmind_ltx.ledger import LEDGER_VARIABLE

ADVICE: Final = {
    ItemState.UNCERTAIN: "Uncertain: a job may exist, and be billed. Check your account; if there is none, run the "
    "same command with --resubmit uncertain.",
    ItemState.GONE: "Gone: the result is no longer kept. To make and pay for it again, add --resubmit gone.",
    # contract: job.kept-one-hour
    ItemState.UNFINISHED: "Unfinished: it is paid for. Run the same command within an hour to fetch it for free.",
}


class Resubmit(StrEnum):
    """The states that are submitted again only if the user says so, since that may pay twice."""

    UNCERTAIN = ItemState.UNCERTAIN.value
    GONE = ItemState.GONE.value


def batch(
    source: Annotated[str, typer.Argument(metavar="FILE", help='The requests; "-" reads standard input.')],
    target: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            help="Folder for the videos; created if missing. In a fleet: one that all workers share, or an address "
            "such as s3://bucket/folder.",
            show_default=False,
        ),
    ],
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost",
            min=0,
            metavar="USD",
            help="Begin no job if all jobs together might cost more, earlier runs included. A job counts with the "
            "highest price of its model until its cost is known.",
            show_default=False,
        ),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Most jobs in flight at once.")] = 8,
    timeout: options.Timeout = DEFAULT_TIMEOUT,
    ledger: Annotated[
        str | None,
        typer.Option(
            help=f"File of the ledger. Default: {LEDGER_VARIABLE} if it is set, else jobs.sqlite in the folder. A "
            "folder must always have the same ledger. With a postgresql:// address, segmind-ltx worker makes the "
            "videos, on as many machines as you like.",
            show_default=False,
        ),
    ] = None,
    resubmit: Annotated[
        list[Resubmit] | None,
        typer.Option(
            help="Submit these again, which may pay twice: 'uncertain', if a job may exist (check your account "
            "first), or 'gone', if the result is no longer kept. Can be given twice.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are not videos of this batch.")] = False,
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="N/S",
            help="In a fleet: at most N submits in any S seconds, by all workers and batches; or none.",
            show_default=False,
        ),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="In a fleet: plan the batch, and do not wait.")] = False,
    allow_empty: options.AllowEmpty = False,
    as_json: options.JsonLines = False,
    verbose: options.Verbose = False,
) -> None:
    """Make a video for each line of a file, many at once. Costs money, except in the sandbox.

    A line is a JSON object with "model", the model's parameters and, if you want to name the video, "file":

    {"model": "ltx-2-pro", "prompt": "A kite rises.", "duration": 6, "file": "kite.mp4"}

    Empty lines and lines that begin with # are skipped. All lines are checked before anything is sent.

    Run the same command again at any time, also after a crash: it fetches the jobs that are paid for, and pays for
    nothing twice.

    The exit status is 0 if every line has its video.
    """
    options.listen(verbose)
    with exit_on_error(as_json):
        check_wait(timeout)
        if max_cost is not None and not math.isfinite(max_cost):
            raise errors.ParameterError(f"--max-cost {max_cost} is not an amount; use a number of USD")
        address = ledger or os.environ.get(LEDGER_VARIABLE)
        if address is not None and is_postgres(address):
            load_fleet().batch(
                address,
                source,
                target,
                max_cost=max_cost,
                rate=rate,
                force=force,
                allow_empty=allow_empty,
                detach=detach,
                as_json=as_json,
            )
            return
        if rate is not None or detach or "://" in target:
            raise errors.ParameterError("--rate, --detach and an --out with :// need a --ledger postgresql://…")
        folder, file = Path(target), None if ledger is None else Path(ledger)
        items = read_items(source, allow_empty=allow_empty)
        read_api_key(None)  # Fail before anything is created on the disk.
        budget = Budget(max_cost)
        progress = BatchProgress(items, budget, as_json=as_json)
        with (
            _lock_folder(_ensure_folder(folder)) as videos,
            closing(open_batch_ledger(file, videos)) as batch_ledger,
        ):
            run = BatchRun(batch_ledger, items, videos, budget, progress, force=force)
            run.plan(source)
            _announce(items)
            remember_ledger(batch_ledger, videos)
            run.run(concurrency, timeout, resubmit or [])
    progress.summarize(budget.known, budget.uncertain, stopped=run.stopped, interrupted=run.interrupted)
    states = {item.state for item in items}
    if run.interrupted:
        ids = [item.request_id for item in items if item.state == ItemState.UNFINISHED and item.request_id]
        # contract: job.kept-one-hour
        paid = f"Paid for and not saved yet: {', '.join(ids)}. To fetch them for free within an hour, and go on"
        print_err(f"interrupted. {paid if ids else 'To go on'}:\n  {given_command()}")
        states -= {ItemState.UNFINISHED}
    elif run.stopped is not None and ItemState.NOT_BEGUN in states:
        print_err(f"The rest did not begin: {run.stopped}")
    for state, advice in ADVICE.items():
        if state in states:
            print_err(advice)
    if run.interrupted or states != {ItemState.SAVED}:
        raise typer.Exit(INTERRUPTED if run.interrupted else EXIT_FAILED)


def _announce(items: list[BatchItem]) -> None:
    """Say what the jobs that are still to be made may cost, before the first is sent."""
    models = [item.model for item in items if item.state == ItemState.NOT_BEGUN]
    if models:
        low, high = sum(model.usd_low for model in models), sum(model.usd_high for model in models)
        cost = f"about {low:.2f} USD" if low == high else f"{low:.2f} to {high:.2f} USD"
        print_err(f"{len(models)} of {len(items)} videos are to be made: {cost}")


def _ensure_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return folder.resolve()
    except OSError as error:
        raise errors.ParameterError(f"--out {folder}: {error.strerror}") from None


@contextmanager
def _lock_folder(folder: Path) -> Generator[Path]:
    """Lock the folder until the block or the process ends. Two runs of the same items would pay for them twice."""
    try:
        # A database's lock is the same on every system, and ends with its process in any case.
        lock = sqlite3.connect(folder / ".batch.lock", timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise errors.ParameterError(f"--out {folder}: {error}") from None
    with closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise errors.ParameterError(f"--out {folder}: another batch uses it now ({error})") from None
        yield folder
