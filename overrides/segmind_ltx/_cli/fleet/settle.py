"""``segmind-ltx jobs settle`` and ``doubt``: say what only a person can find out."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer

from segmind_ltx._cli.fleet.extra import ledger_url, needs_fleet
from segmind_ltx._cli.fleet.worker import LedgerUrl
from segmind_ltx._cli.output import exit_on_error, out
from segmind_ltx.errors import ParameterError


def settle(
    number: Annotated[int, typer.Argument(help="Number of the row, as segmind-ltx jobs lists it.")],
    exists: Annotated[
        str | None, typer.Option("--exists", metavar="ID", help="Its job exists: this is its request id.")
    ] = None,
    never_existed: Annotated[
        bool, typer.Option("--never-existed", help="No job was made, as your account shows; submit it again.")
    ] = False,
    ledger: LedgerUrl = None,
) -> None:
    """Settle a row whose submit had no response: with its job's id it is fetched, else submitted again."""
    with exit_on_error(as_json=False), needs_fleet():
        if (exists is None) == (not never_existed):
            raise ParameterError("say either --exists ID or --never-existed")
        from segmind_ltx._fleet.database import Database, open_schema  # Needs the extra.
        from segmind_ltx._fleet.procrastinate_engine import enqueue  # Needs the extra.
        from segmind_ltx._fleet.status import settle as settle_row  # Needs the extra.

        url = ledger_url(ledger)
        open_schema(url).close()

        async def run() -> str:
            async with await Database(url).single() as connection:
                return await settle_row(connection, enqueue, number, exists=exists)

        out.print(f"row {number}: {asyncio.run(run())}")


def doubt(
    since: Annotated[
        datetime, typer.Option("--since", help="The last moment (UTC) of which the ledger knows everything.")
    ],
    ledger: LedgerUrl = None,
) -> None:
    """After a restore from a backup: stop the submitting, and doubt every row that may have been submitted since."""
    with exit_on_error(as_json=False), needs_fleet():
        from segmind_ltx._fleet import database, status  # Needs the extra.

        with closing(database.open_schema(ledger_url(ledger))) as connection:
            count = status.doubt_since(connection, since.replace(tzinfo=UTC).timestamp())
        out.print(
            f"{count} rows are uncertain now, and nothing is submitted; settle them, then: segmind-ltx jobs --resume"
        )
