"""Connect to the ledger's PostgreSQL, and outlive its restarts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, LiteralString, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg_pool import AsyncConnectionPool

from segmind_ltx._core.values import storable
from segmind_ltx._postgres.connection import conninfo, first_line
from segmind_ltx._postgres.schema import SCHEMA

T = TypeVar("T")
Row = tuple[Any, ...]

MAX_CONNECTIONS: Final = 6
"""Connections of a worker's pool. Two more may be open beside it, for the sweep's lock and for a metric."""
AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError, pg.ReadOnlySqlTransaction)
"""Errors that say that the server is away, restarting, or a standby now: the statement is worth repeating."""
FIRST_PAUSE: Final = 0.2
MAX_PAUSE: Final = 2.0
log: logging.Logger = logging.getLogger("segmind_ltx")


class Database:
    """A pool of connections. Each statement is a transaction of its own, and repeated while the server is away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.away_since: float | None = None
        self.steady_since = 0.0  # When the server was last found, on the event loop's clock.
        self.pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            conninfo(url),
            kwargs={"autocommit": True},
            configure=_configure,
            min_size=1,
            max_size=MAX_CONNECTIONS,
            timeout=30,
            reconnect_timeout=5,
            open=False,
        )

    async def open(self) -> None:
        """Open the pool."""
        # It logs each failed attempt to connect; `insist` says once that the server is away.
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        await self.pool.open()
        self.steady_since = asyncio.get_running_loop().time()

    async def close(self) -> None:
        """Close the pool."""
        await self.pool.close(timeout=1)

    async def rows(self, statement: LiteralString, values: Mapping[str, object] | None = None) -> list[Row]:
        """Run a statement for as long as it takes, and return its rows.

        The answer of a COMMIT may be lost, so a statement may run twice: each one is written so that this is harmless.
        """

        stored = None if values is None else {name: storable(value) for name, value in values.items()}

        async def run() -> list[Row]:
            async with self.pool.connection() as connection:
                cursor = await connection.execute(statement, stored)
                return await cursor.fetchall() if cursor.description else []

        return await self.insist(run)

    async def row(self, statement: LiteralString, values: Mapping[str, object] | None = None) -> Row:
        """Run a statement that returns one row."""
        return (await self.rows(statement, values))[0]

    async def insist(self, action: Callable[[], Awaitable[T]]) -> T:
        """Repeat an action while the server is away."""
        pause, loop = FIRST_PAUSE, asyncio.get_running_loop()
        while True:
            try:
                result = await action()
            except AWAY as error:
                if self.away_since is None:
                    self.away_since = loop.time()
                    log.warning("the ledger is away (%s); what is known is kept, and written later", first_line(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, MAX_PAUSE)
                continue
            if self.away_since is not None:
                log.warning("the ledger is back after %.1f s", loop.time() - self.away_since)
                self.away_since, self.steady_since = None, loop.time()
            return result

    async def single(self) -> psycopg.AsyncConnection[Any]:
        """Open a connection outside the pool, for a lock that must end with it."""
        connection = await psycopg.AsyncConnection[Any].connect(conninfo(self._url), autocommit=True)
        try:
            await _configure(connection)
        except BaseException:
            await connection.close()
            raise
        return connection


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute(f"SET search_path TO {SCHEMA}")
