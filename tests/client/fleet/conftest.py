"""Fixtures of the tests that need a PostgreSQL. They are skipped without one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import frozen

pytest.importorskip("procrastinate")
pytest.importorskip("psycopg")
pytest.importorskip("fsspec")

from segmind_ltx._config import read_api_key
from segmind_ltx._fleet.account import check_account
from segmind_ltx._fleet.database import Database
from segmind_ltx._fleet.plan import Planned, PlannedItem, plan_batch
from segmind_ltx._fleet.procrastinate_engine import enqueue
from segmind_ltx._fleet.rows import Rows
from segmind_ltx._fleet.status import FleetStatus, read_status
from segmind_ltx._postgres.connection import open_schema
from segmind_ltx_sandbox.service.scenarios import VALID
from support.postgres import VARIABLE, Postgres, running_postgres, server_programs

T = TypeVar("T")
BASE = "http://127.0.0.1:1"


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    if server_programs() is None and VARIABLE not in os.environ:
        pytest.skip(f"no PostgreSQL: install it, or set {VARIABLE}")
    with running_postgres() as server:
        yield server


@frozen
class LedgerUnderTest:
    """A ledger in PostgreSQL, without workers."""

    url: str

    def plan(self, items: list[PlannedItem], *, target: Path | str = "videos", **options: Any) -> Planned:
        """Plan a batch."""

        async def run() -> Planned:
            async with await Database(self.url).single() as connection:
                given: dict[str, Any] = {
                    "name": str(target),
                    "base_url": BASE,
                    "budget": None,
                    "check_names": _any_name,
                    **options,
                }
                return await plan_batch(connection, enqueue, items, target=str(target), **given)

        return asyncio.run(run())

    def with_rows(self, action: Callable[[Rows], Awaitable[T]], *, owner: int = 1) -> T:
        """Run an action on the rows, as worker number ``owner``."""

        async def run() -> T:
            database = Database(self.url)
            await database.open()
            try:
                return await action(Rows(database, owner))
            finally:
                await database.close()

        return asyncio.run(run())

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement."""
        with closing(open_schema(self.url)) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def status(self) -> FleetStatus:
        """Read the status."""
        with closing(open_schema(self.url)) as connection:
            return read_status(connection)


def _any_name(_: set[str]) -> None:
    """Allow every file name."""


@pytest.fixture(scope="session")
def empty_ledger(postgres: Postgres) -> str:
    """Return the name of a database with the tables, which are made once and copied for each test."""
    name = f"empty_{os.getpid()}"
    with closing(open_schema(postgres.create(name))) as connection:
        check_account(connection, read_api_key(VALID), BASE)
    return name


@pytest.fixture
def ledger(postgres: Postgres, empty_ledger: str, request: pytest.FixtureRequest) -> LedgerUnderTest:
    name = f"t{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**9}"
    return LedgerUnderTest(postgres.create(name, empty_ledger))
