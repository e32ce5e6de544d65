"""``segmind-ltx batch`` with a ledger in PostgreSQL: plan the batch, then show how its workers get on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import typer

from segmind_ltx._cli.batch.items import BatchItem, read_items
from segmind_ltx._cli.fleet.jobs import batch_line, follow, to_json
from segmind_ltx._cli.output import EXIT_FAILED, INTERRUPTED, emit_json, err, out, print_err
from segmind_ltx._config import read_api_key, read_base_url
from segmind_ltx._fleet.account import check_account, parse_rate, set_rate
from segmind_ltx._fleet.database import Database
from segmind_ltx._fleet.outputs import existing_names, is_remote
from segmind_ltx._fleet.plan import Planned, PlannedItem, plan_batch
from segmind_ltx._fleet.procrastinate_engine import enqueue
from segmind_ltx._fleet.rows import MICROS
from segmind_ltx._fleet.status import BatchStatus, FleetStatus, read_status
from segmind_ltx._postgres.connection import open_schema
from segmind_ltx.errors import ParameterError


def fleet_batch(
    url: str,
    source: str,
    target: str,
    *,
    max_cost: float | None,
    rate: str | None,
    force: bool,
    allow_empty: bool,
    detach: bool,
    as_json: bool,
) -> None:
    """Plan the batch in a file, and follow it until no worker can do more for it. Ctrl-C leaves it going."""
    items = read_items(source, allow_empty=allow_empty)
    key, base_url = read_api_key(None), read_base_url(None)
    address = target.rstrip("/") if is_remote(target) else str(Path(target).resolve())
    wanted = None if rate is None else parse_rate(rate)

    def check_names(names: set[str]) -> None:
        taken = sorted(names & existing_names(address)) if names and not force else []
        if taken:
            shown = ", ".join(taken[:5])
            raise ParameterError(
                f"--out {target}: {len(taken)} files exist and are not of this batch ({shown}); pass --force to "
                "replace them"
            )

    async def write() -> Planned:
        async with await Database(url).single() as connection:
            return await plan_batch(
                connection,
                enqueue,
                _planned(items),
                name=address,
                target=address,
                base_url=base_url,
                budget=None if max_cost is None else round(max_cost * MICROS),
                check_names=check_names,
            )

    with closing(open_schema(url)) as connection:
        check_account(connection, key, base_url)
        if rate is not None:
            set_rate(connection, wanted)
        planned = asyncio.run(write())
        print_err(f"batch {planned.batch}: {planned.new} planned, {planned.old} there before")

        def own(shown: FleetStatus) -> BatchStatus:
            return next(batch for batch in shown.batches if batch.number == planned.batch)

        def is_done(shown: FleetStatus) -> bool:
            return own(shown).finished or (shown.stopped is not None and own(shown).running == 0)

        shown = read_status(connection)
        try:
            if not detach:
                quiet = as_json or not err.is_terminal
                shown = follow(lambda: read_status(connection), is_done, quiet=quiet)
        except KeyboardInterrupt:
            print_err("the batch goes on without this command; look at it with segmind-ltx jobs --ledger … --watch")
            raise typer.Exit(INTERRUPTED) from None
    batch = own(shown)
    if as_json:
        emit_json(to_json(shown))
    else:
        out.print(batch_line(batch))
    if shown.stopped is not None:
        print_err(f"The rest did not begin: {shown.stopped}")
    elif batch.out_of_budget and not detach:
        print_err("The rest did not begin: one more job might exceed the budget")
    if not detach and set(batch.states) != {"saved"}:
        raise typer.Exit(EXIT_FAILED)


def _planned(items: list[BatchItem]) -> Iterator[PlannedItem]:
    for item in items:
        # Built for each use, since an image makes it large; its digest is as of now, too.
        yield PlannedItem(item.number, item.name, item.model, item.request().to_dict(), item.digest)
