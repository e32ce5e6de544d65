"""``segmind-ltx jobs``: list the paid calls in the ledger, and fetch the videos that are not saved yet."""

from __future__ import annotations

import os
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from segmind_ltx import Client, ConfigurationError, OutputExistsError, SegmindLtxError, Video
from segmind_ltx._cli.fleet.extra import load_fleet
from segmind_ltx._cli.fleet.settle import doubt, settle
from segmind_ltx._cli.options import Json
from segmind_ltx._cli.output import EXIT_FAILED, emit_json, exit_on_error, for_people, given_command, out, print_err
from segmind_ltx._cli.printing import printable
from segmind_ltx._cli.state import default_ledger
from segmind_ltx._cli.tables import Column, fits, fitting_table
from segmind_ltx._config import read_base_url
from segmind_ltx._core.journal import EntryState
from segmind_ltx._core.parameters import check_request_id
from segmind_ltx._postgres.journals import is_postgres
from segmind_ltx.ledger import LEDGER_VARIABLE, Entry, Ledger, read_entries
from segmind_ltx_api.contract import MODELS

jobs_app: typer.Typer = typer.Typer(rich_markup_mode=None)
jobs_app.command("settle")(settle)
jobs_app.command("doubt")(doubt)


@jobs_app.callback(invoke_without_command=True)
def jobs(
    context: typer.Context,
    file: Annotated[
        str | None,
        typer.Option(
            "--ledger",
            help=f"File of the ledger, or the postgresql:// address of a fleet's. Default: {LEDGER_VARIABLE}, else "
            "the one that the commands keep by themselves.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Wait for the jobs that can still be fetched, and save them. In a fleet: submit again after a stop.",
        ),
    ] = False,
    folder: Annotated[Path, typer.Option("--out", "-o", help="Folder for the videos that --resume saves.")] = Path(),
    watch: Annotated[bool, typer.Option("--watch", help="In a fleet: show it again and again, until Ctrl-C.")] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="In a fleet: change the tables of an older version to this one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the paid calls in the ledger: which are done, uncertain, or can still be fetched. Free."""
    if context.invoked_subcommand is not None:
        return
    failed = 0
    with exit_on_error(as_json, [given_command()] if resume else None):
        named = file or os.environ.get(LEDGER_VARIABLE)
        path = named or str(default_ledger())
        if is_postgres(path):
            load_fleet().show_jobs(path, watch=watch, resume=resume, migrate=migrate, as_json=as_json)
            return
        if not Path(path).is_file():
            kept = "no job was paid for yet, or it is in another ledger" if named is None else "there is no such file"
            kept = "it is a folder" if Path(path).is_dir() else kept
            raise ConfigurationError(f"no ledger at {path}: {kept}; give --ledger or set {LEDGER_VARIABLE}")
        if resume:
            with closing(Ledger(path)) as ledger:
                failed = _resume(ledger, folder)
        entries = read_entries(path)
        if as_json:
            emit_json([_to_json(entry) for entry in entries])
        else:
            _show(entries)
    if failed:
        raise typer.Exit(EXIT_FAILED)


def _resume(ledger: Ledger, folder: Path) -> int:
    """Fetch the videos that are not saved yet. Return how many failed."""
    if not folder.is_dir():
        raise ConfigurationError(f"--out {folder}: there is no such folder")
    failed, base_url, folder = 0, read_base_url(None), folder.resolve()
    with Client(ledger=ledger) as client:
        for entry in ledger.entries():
            if not _may_be_fetched(entry) or entry.request_id is None:
                continue
            if entry.base_url != base_url:
                # The key is for one host, and no other may get it; a ledger may have jobs of several.
                print_err(f"{entry.request_id} is at {entry.base_url}, not at {base_url}; skipped")
                continue
            try:
                # A ledger may be damaged; no row of it may name a file elsewhere.
                name = f"{entry.model if entry.model in MODELS else 'video'}-{check_request_id(entry.request_id)}.mp4"
                target = folder / name.replace(":", "_")
                if entry.file == str(target) and target.is_file():
                    # An earlier run died between saving the file and writing that down.
                    ledger.update(entry.request_id, EntryState.SAVED)
                    print_err(f"saved {target}")
                    continue
                video = client.job(entry.request_id).wait()
                print_err(f"saved {_save(ledger, video, target)}")
            except SegmindLtxError as error:
                failed += 1
                print_err(for_people(error))
    return failed


def _may_be_fetched(entry: Entry) -> bool:
    """Return whether to ask for a result: also if a job was not known within its hour, or only may exist."""
    young = entry.state == EntryState.GONE and entry.seconds_left(time.time()) > 0
    return entry.fetchable or (entry.request_id is not None and (young or entry.state == EntryState.UNCERTAIN))


def _save(ledger: Ledger, video: Video, target: Path) -> Path:
    # Before the file gets its name, so that after a crash the file is known as this job's.
    ledger.update(video.request_id, EntryState.COMPLETED, file=str(target))
    try:
        return video.save(target)
    except OutputExistsError:
        # Another program has created that file: it is not this video.
        ledger.update(video.request_id, EntryState.COMPLETED, file="")
        raise


def _to_json(entry: Entry) -> dict[str, Any]:
    remaining = entry.seconds_left(time.time()) if entry.fetchable else None
    return {**entry._asdict(), "ambiguous": entry.ambiguous, "fetchable_for": remaining}


COLUMNS: Final = [Column(name, 0) for name in ("when", "model", "state", "cost", "request id", "next step")]


def _show(entries: list[Entry]) -> None:
    """Print the calls as a table if it fits; else each on lines of its own, with all that is known of it."""
    rows = _rows(entries)
    if fits(COLUMNS, rows, out.width):
        out.print(fitting_table("Paid calls", COLUMNS, rows, out.width))
        return
    for *facts, request_id, advice in rows:
        out.print("  ".join(fact for fact in facts if fact))
        for line in filter(None, (request_id, advice)):
            out.print(f"    {line}")


def _rows(entries: list[Entry]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for entry in entries:
        try:
            when = datetime.fromtimestamp(entry.begun).strftime("%Y-%m-%d %H:%M:%S")
        except (ValueError, OverflowError, OSError):  # The ledger may be damaged.
            when = "unknown"
        cost = "" if entry.cost is None else f"{entry.cost:.2f} USD"
        row = (when, entry.model, entry.state, cost, entry.request_id or "", _advice(entry))
        rows.append(tuple(printable(text) for text in row))
    return rows


def _advice(entry: Entry) -> str:
    if entry.fetchable:
        minutes = entry.seconds_left(time.time()) / 60
        return (
            f"fetch it within {minutes:.0f} min: --resume"
            if minutes
            # contract: job.kept-one-hour
            else "kept for an hour; --resume may still find it"
        )
    if entry.ambiguous:
        return "a job may exist: check your account before you submit it again"
    return entry.file or entry.detail or ""
