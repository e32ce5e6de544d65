"""``segmind-ltx batch`` with a ledger in PostgreSQL: plan the batch, then show how its workers get on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from segmind_ltx._cli.batch.items import BatchItem, read_items
from segmind_ltx._cli.fleet.extra import needs_fleet
from segmind_ltx._cli.fleet.jobs import batch_line, follow, to_json
from segmind_ltx._cli.output import EXIT_FAILED, INTERRUPTED, emit_json, err, out, print_err
from segmind_ltx._config import read_api_key, read_base_url
from segmind_ltx.errors import ParameterError

if TYPE_CHECKING:
    from segmind_ltx._fleet.plan import PlannedItem
    from segmind_ltx._fleet.status import BatchStatus, FleetStatus

MICROS = 1_000_000


def fleet_batch(
    url: str,
    source: str,
    target: str,
    *,
    max_cost: float | None,
    rate: str | None,
    force: bool,
    detach: bool,
    as_json: bool,
) -> None:
    """Plan the batch in a file, and follow it until no worker can do more for it. Ctrl-C leaves it going."""
    with needs_fleet():
        from segmind_ltx._fleet import account, database, outputs, plan, status  # Needs the extra.
        from segmind_ltx._fleet.procrastinate_engine import enqueue  # Needs the extra.

    items, key, base_url = read_items(source), read_api_key(None), read_base_url(None)
    address = target.rstrip("/") if outputs.is_remote(target) else str(Path(target).resolve())
    wanted = None if rate is None else account.parse_rate(rate)

    def check_names(names: set[str]) -> None:
        taken = sorted(names & outputs.existing_names(address)) if names and not force else []
        if taken:
            shown = ", ".join(taken[:5])
            raise ParameterError(
                f"--out {target}: {len(taken)} files exist and are not of this batch ({shown}); pass --force to "
                "replace them"
            )

    async def write() -> plan.Planned:
        async with await database.Database(url).single() as connection:
            return await plan.plan_batch(
                connection,
                enqueue,
                _planned(items),
                name=address,
                target=address,
                base_url=base_url,
                budget=None if max_cost is None else round(max_cost * MICROS),
                check_names=check_names,
            )

    with closing(database.open_schema(url)) as connection:
        account.check_account(connection, key, base_url)
        if rate is not None:
            account.set_rate(connection, wanted)
        planned = asyncio.run(write())
        print_err(f"batch {planned.batch}: {planned.new} planned, {planned.old} there before")

        def own(shown: FleetStatus) -> BatchStatus:
            return next(batch for batch in shown.batches if batch.number == planned.batch)

        shown = status.read_status(connection)
        try:
            if not detach:
                done = lambda now: own(now).finished or (now.stopped is not None and own(now).running == 0)  # noqa: E731
                shown = follow(lambda: status.read_status(connection), done, quiet=as_json or not err.is_terminal)
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
    from segmind_ltx._fleet.plan import PlannedItem  # Needs the extra.

    for item in items:
        # Built for each use, since an image makes it large; its digest is as of now, too.
        yield PlannedItem(item.number, item.name, item.model, item.request().to_dict(), item.digest)
