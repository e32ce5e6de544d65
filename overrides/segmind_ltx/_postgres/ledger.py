"""Record a client's paid calls in PostgreSQL: the statements of `TableLedger`, in PostgreSQL's spelling."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import psycopg

from segmind_ltx._core.journal import JournalBusyError
from segmind_ltx._ledger.table import CLOSE_TIMEOUT, TableLedger
from segmind_ltx._postgres.connection import first_line, open_schema
from segmind_ltx.errors import ConfigurationError

TRY_AGAIN: Final = 2.0
"""Seconds without an attempt to connect after one has failed, since each holds its thread up."""
AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError)


class PostgresLedger(TableLedger):
    """A ledger at ``url``, which threads, processes and machines may share.

    While the server is away, no call is submitted, and what is known of earlier ones is kept and written later.
    """

    def __init__(self, url: str, *, label: str | None = None) -> None:
        super().__init__(url.rpartition("@")[2], label)  # Without a password; it is part of messages.
        self._url = url
        self._connection: psycopg.Connection[Any] | None = open_schema(url)
        # Connections that this process must not close: that would end the session of the process that opened them.
        self._inherited: list[psycopg.Connection[Any]] = []
        self._attempt: _Attempt | None = None
        self._failed_at = -TRY_AGAIN

    def __repr__(self) -> str:
        return f"PostgresLedger({self.path!r})"

    def _execute(self, statement: str, values: tuple[object, ...], wait: float) -> list[tuple[Any, ...]]:
        # ``wait`` is for a new connection: rows are locked for the moment of a statement only.
        try:
            cursor = self._connected(wait).execute(_spelled(statement).encode(), values)
            return cursor.fetchall() if cursor.description else []
        except AWAY as error:
            raise JournalBusyError(f"the ledger {self.path} is away: {first_line(error)}") from None
        except psycopg.Error as error:
            raise ConfigurationError(f"the ledger {self.path} cannot be used: {first_line(error)}") from None

    def _connected(self, wait: float) -> psycopg.Connection[Any]:
        """Return the connection, or make a new one, in a thread: an event loop stands still for ``wait`` at most."""
        if self._connection is None or self._connection.closed:
            if self._attempt is None:
                if time.monotonic() < self._failed_at + TRY_AGAIN:
                    raise psycopg.OperationalError("the server was away a moment ago")
                self._attempt = _Attempt(self._url)
            found = self._attempt.result(wait)
            if found is None:
                raise psycopg.OperationalError("a new connection is being made")
            self._attempt = None
            if isinstance(found, ConfigurationError):
                self._failed_at = time.monotonic()
                raise psycopg.OperationalError(str(found))
            self._connection = found
        return self._connection

    def _drain(self) -> None:
        until = time.monotonic() + CLOSE_TIMEOUT
        self._flush(0)
        while self._pending and time.monotonic() < until:
            time.sleep(0.2)  # The server may come back.
            self._flush(0)

    def _disconnect(self) -> None:
        late = self._attempt.result(0) if self._attempt else None
        if isinstance(late, psycopg.Connection):
            late.close()
        if self._connection is not None:
            self._connection.close()

    def _after_fork(self) -> None:
        if self._connection is not None:
            self._inherited.append(self._connection)
            self._connection = None
        self._attempt = None  # Its thread exists only in the parent.
        self._failed_at = -TRY_AGAIN


class _Attempt:
    """An attempt to connect, in a thread of its own; without one if the system allows no more threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._found: psycopg.Connection[Any] | ConfigurationError | None = None
        self._thread = threading.Thread(target=self._connect, name="segmind-ltx ledger", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._connect()

    def _connect(self) -> None:
        try:
            self._found = open_schema(self._url)
        except ConfigurationError as error:
            self._found = error.with_traceback(None)
        except Exception as error:
            self._found = ConfigurationError(f"the ledger cannot be reached: {type(error).__name__}")

    def result(self, wait: float) -> psycopg.Connection[Any] | ConfigurationError | None:
        """Return the connection or the error; None if there is neither within so many seconds."""
        if self._thread.ident is not None:
            self._thread.join(wait)
        return self._found


def _spelled(statement: str) -> str:
    """Return a statement in PostgreSQL's spelling."""
    return statement.replace("IS NOT ?", "IS DISTINCT FROM ?").replace("?", "%s")
