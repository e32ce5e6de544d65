"""Record a client's paid calls in PostgreSQL: the ledger of `segmind_ltx.ledger`, with another database below it."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Final, NamedTuple

import psycopg

from segmind_ltx._core.journal import Journal, JournalBusyError
from segmind_ltx._postgres.connection import first_line, open_schema
from segmind_ltx.errors import ConfigurationError
from segmind_ltx.ledger import Ledger

TRY_AGAIN: Final = 2.0
"""Seconds without an attempt to connect after one has failed, since each holds its thread up."""
CLOSE_TIMEOUT: Final = 10.0
AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError)

log: logging.Logger = logging.getLogger("segmind_ltx")


class PostgresLedger(Ledger):
    """A ledger at ``url``, which threads, processes and machines may share.

    It runs the statements of `Ledger`, in PostgreSQL's spelling. While the server is away, no call is submitted, and
    what is known of earlier ones is kept and written later.
    """

    def __init__(self, url: str, *, label: str | None = None) -> None:
        Journal.__init__(self)  # Not that of `Ledger`, which opens a file.
        self.path: str = url.rpartition("@")[2]  # Without a password; it is part of messages.
        self.label: str | None = label
        self._url = url
        self._lock = threading.Lock()
        self._own = set()  # `Ledger.record_submit` notes its rows here.
        self._kept: list[_Kept] = []
        self._connection: psycopg.Connection[Any] | None = open_schema(url)
        self._failed_at = -TRY_AGAIN

    def __repr__(self) -> str:
        return f"PostgresLedger({self.path!r})"

    def close(self) -> None:
        """Write the changes that are kept, and close the connection."""
        until = time.monotonic() + CLOSE_TIMEOUT
        with self._lock:
            while self._kept and time.monotonic() < until and not self._write_kept():
                time.sleep(0.2)
            for change in self._kept:
                log.error("the ledger %s is closed; not recorded: %s", self.path, change.values)
            self._kept.clear()
            if self._connection is not None:
                self._connection.close()

    def _write(self, change: str, *values: object) -> None:
        """Write a change. Never raises; if it cannot be written now, keep it for later."""
        with self._lock:
            self._kept.append(_Kept(_spelled(f"UPDATE jobs SET {change}"), values))  # noqa: S608 - our own words
            if not self._write_kept():
                log.error("the ledger %s cannot be used now; the change is kept and retried: %s", self.path, values)

    def _write_kept(self) -> bool:
        """Write the changes that are kept, in their order; False if the server is away."""
        while self._kept:
            change = self._kept[0]
            try:
                self._execute(change.statement, change.values)
            except AWAY:
                return False
            except psycopg.Error as error:  # It can never be written, for example since another row has the id.
                log.error("the ledger %s: %s; not recorded: %s", self.path, first_line(error), change.values)
            del self._kept[0]
        return True

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                self._write_kept()
                return self._execute(_spelled(statement), values).fetchall()
        except AWAY as error:
            raise JournalBusyError(f"the ledger {self.path} is away: {first_line(error)}") from None
        except psycopg.Error as error:
            raise ConfigurationError(f"the ledger {self.path} cannot be used: {first_line(error)}") from None

    def _execute(self, statement: str, values: tuple[object, ...]) -> psycopg.Cursor[Any]:
        if self._connection is None or self._connection.closed:
            if time.monotonic() < self._failed_at + TRY_AGAIN:
                raise psycopg.OperationalError("the server was away a moment ago")
            try:
                self._connection = open_schema(self._url)
            except ConfigurationError as error:
                self._failed_at = time.monotonic()
                raise psycopg.OperationalError(str(error)) from None
        return self._connection.execute(statement.encode(), values)


class _Kept(NamedTuple):
    """A change that may still have to be written."""

    statement: str
    values: tuple[object, ...]


def _spelled(statement: str) -> str:
    """Return a statement of `Ledger` in PostgreSQL's spelling."""
    return statement.replace("IS NOT ?", "IS DISTINCT FROM ?").replace("?", "%s")
