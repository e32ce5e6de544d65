"""``segmind-ltx jobs`` for a ledger in PostgreSQL: states, money, rate, workers, and what is ambiguous."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Group
from rich.live import Live

from segmind_ltx._cli.output import emit_json, err, out, print_err
from segmind_ltx._cli.printing import printable
from segmind_ltx._cli.tables import Column, fitting_table
from segmind_ltx._fleet.status import BatchStatus, FleetStatus, read_status
from segmind_ltx._fleet.status import resume as resume_submitting
from segmind_ltx._postgres.connection import open_schema

REFRESH: Final = 2.0
STATES: Final = ("todo", "sending", "accepted", "completed", "saved", "failed", "refused", "gone", "uncertain")


def show_jobs(url: str, *, watch: bool, resume: bool, migrate: bool, as_json: bool) -> None:
    """Show how the fleet of a ledger goes; first let it submit again, or migrate it, if that is asked for."""
    with closing(open_schema(url, migrate=migrate)) as connection:
        if resume:
            resume_submitting(connection)
            print_err("the workers submit again; start some with segmind-ltx worker")
        if as_json:
            emit_json(to_json(read_status(connection)))
        elif watch:
            follow(lambda: read_status(connection), lambda _: False)
        else:
            out.print(render(read_status(connection)))


def follow(
    read: Callable[[], FleetStatus], is_done: Callable[[FleetStatus], bool], *, quiet: bool = False
) -> FleetStatus:
    """Show the status again and again until it is done, or Ctrl-C; return the last one."""
    shown = read()
    if quiet:
        while not is_done(shown):
            time.sleep(REFRESH)
            shown = read()
        return shown
    with Live(render(shown), console=err, refresh_per_second=4) as live:
        while not is_done(shown):
            time.sleep(REFRESH)
            shown = read()
            live.update(render(shown))
    return shown


def render(status: FleetStatus) -> Group:
    """Return tables of a status."""
    used = [state for state in STATES if any(batch.states.get(state) for batch in status.batches)]
    columns = [Column("batch", 0), *(Column(state, 1) for state in used)]
    columns += [Column("spent", 2), Column("reserved", 4), Column("budget", 3)]
    batches: list[tuple[str, ...]] = []
    for batch in status.batches:
        counts = [str(batch.states.get(state, "")) for state in used]
        budget = "" if batch.budget is None else f"{batch.budget:.2f}"
        batches.append((printable(batch.name), *counts, f"{batch.spent:.2f}", f"{batch.reserved:.2f}", budget))
    parts: list[Any] = [fitting_table("Batches", columns, batches, out.width), *lines(status)]
    if status.ambiguous:
        columns = [
            Column("row", 0),
            Column("submitted (UTC)", 2),
            Column("model", 3),
            Column("prompt", 0, wraps=True),
            Column("at most", 1),
            Column("why", 4, wraps=True),
        ]
        rows = [
            (
                str(row.number),
                _when(row.begun),
                printable(row.model),
                printable(row.prompt),
                f"{row.price:.2f} USD",
                printable(row.detail or "its worker gave no sign"),
            )
            for row in status.ambiguous
        ]
        title = "Ambiguous: a job may exist, and be billed. Look into your account, then settle each"
        doubt = fitting_table(title, columns, rows, out.width)
        parts += [doubt, "segmind-ltx jobs settle ROW --exists ID, or --never-existed, which submits it again"]
    return Group(*parts)


def lines(status: FleetStatus) -> Iterator[str]:
    """Yield sentences about the account, the workers, and what needs a person."""
    if status.stopped is not None:
        yield f"STOPPED at {_when(status.stopped_at or 0.0)} UTC: {status.stopped}"
        yield "Nothing more is submitted; what is paid for is fetched. Mend the cause, then: segmind-ltx jobs --resume"
    elif status.held_until > status.now:
        yield f"held back for {status.held_until - status.now:.0f} s more: {status.held_for}"
    rate = "no rate set" if status.rate_count is None else f"{status.rate_count} in {status.rate_seconds:.4g} s at most"
    yield f"{status.submits} submits, {status.last_minute} in the last minute ({rate}); {status.limited} answered 429"
    if status.unfetched_for is not None and status.expires_in is not None:
        age, left = status.unfetched_for / 60, status.expires_in / 60
        yield f"oldest unfetched: {age:.1f} min; kept for {left:.0f} min more"
    alive = [worker for worker in status.workers if worker[3] > status.now - 60]
    if alive:
        shown = ", ".join(f"{name} ({running}/{most})" for _, name, _, _, most, running in alive)
        yield f"{len(alive)} workers: {shown}"
    else:
        yield "no worker runs; start one with segmind-ltx worker --ledger …"
    for batch in status.batches:
        if batch.out_of_budget and batch.budget is not None:
            yield f"{batch.name}: one more job might exceed the budget of {batch.budget:.2f} USD"
    for request_id, number, _ in status.strays:
        yield f"row {number} was settled, but has a job that is paid for: segmind-ltx fetch {request_id}"


def batch_line(batch: BatchStatus) -> str:
    """Return the sums of a batch as a sentence."""
    shown = ", ".join(f"{batch.states[state]} {state}" for state in STATES if batch.states.get(state))
    doubt = f", and up to {batch.doubt:.2f} USD in doubt" if batch.doubt else ""
    return f"{shown}; cost {batch.spent:.2f} USD{doubt}"


def to_json(status: FleetStatus) -> dict[str, Any]:
    """Return a status for scripts."""
    fields = status._asdict()
    names = ("number", "name", "started", "seen", "concurrency", "running")
    return {
        **fields,
        "unfetched_for": status.unfetched_for,
        "batches": [{**batch._asdict(), "finished": batch.finished} for batch in status.batches],
        "workers": [dict(zip(names, worker, strict=True)) for worker in status.workers],
        "ambiguous": [row._asdict() for row in status.ambiguous],
        "strays": [dict(zip(("request_id", "number", "found"), stray, strict=True)) for stray in status.strays],
    }


def _when(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")
