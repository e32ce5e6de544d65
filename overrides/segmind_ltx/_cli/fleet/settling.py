"""Settle the rows of a ledger in PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import closing

from segmind_ltx._fleet.database import Database
from segmind_ltx._fleet.procrastinate_engine import enqueue
from segmind_ltx._fleet.status import doubt_since, settle
from segmind_ltx._postgres.connection import open_schema


def settle_row(url: str, number: int, exists: str | None) -> str:
    """Settle a row, and return what becomes of it."""

    async def run() -> str:
        async with await Database(url).single() as connection:
            return await settle(connection, enqueue, number, exists=exists)

    open_schema(url).close()
    return asyncio.run(run())


def doubt_rows(url: str, moment: float) -> int:
    """Doubt the rows that may have been submitted since a moment, and return their number."""
    with closing(open_schema(url)) as connection:
        return doubt_since(connection, moment)
