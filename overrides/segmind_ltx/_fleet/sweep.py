"""Look after the rows of workers that died: one worker of the fleet does it at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import psycopg

from segmind_ltx._fleet import statements
from segmind_ltx._fleet.database import Database
from segmind_ltx._fleet.engine import FETCH_QUEUE, Engine, submit_queue
from segmind_ltx._fleet.job import NEW
from segmind_ltx._fleet.procrastinate_engine import RESCUED

log: logging.Logger = logging.getLogger("segmind_ltx")

LOCK: Final = 5_317_002
RECONCILE: Final = 12
"""Every so many sweeps, look for rows that have lost their entry in the queue."""


class Sweep:
    """Gives the rows of a worker that gave no sign for ``give_up_after`` seconds to others."""

    def __init__(self, engine: Engine, give_up_after: float) -> None:
        self._engine, self._give_up_after = engine, give_up_after

    async def run(self, database: Database) -> None:
        """Sweep for as long as this worker has the lock, which ends with its connection."""
        beat, loop = self._give_up_after / 4, asyncio.get_running_loop()
        await asyncio.sleep(beat)
        if loop.time() - database.steady_since < self._give_up_after:
            return  # After the server was away, every worker needs a moment to give a sign.
        async with await database.single() as connection:
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,))
            row = await cursor.fetchone()
            if row is None or not row[0]:
                return
            count = 0
            while loop.time() - database.steady_since >= self._give_up_after:
                await self._sweep(connection, everything=count % RECONCILE == 0)
                count += 1
                await asyncio.sleep(beat)

    async def _sweep(self, connection: psycopg.AsyncConnection[Any], *, everything: bool) -> None:
        seconds = self._give_up_after
        await connection.execute(statements.ABANDONED, {"seconds": seconds})
        found = await self._engine.rescue(seconds)
        if found:
            log.warning("%d rows of workers that gave no sign for %.0f s are taken over", len(found), seconds)
        cursor = await connection.execute(statements.WITHOUT_ENTRY, {"seconds": seconds, "all": everything})
        lost: dict[tuple[str, int], list[int]] = {}
        for number, state, batch in await cursor.fetchall():
            where = (submit_queue(batch), NEW) if state == "todo" else (FETCH_QUEUE, RESCUED)
            lost.setdefault(where, []).append(number)
        for (queue, priority), numbers in lost.items():
            log.warning("%d rows without a place in the queue get one in %r", len(numbers), queue)
            await self._engine.enqueue(connection, queue, numbers, priority)
