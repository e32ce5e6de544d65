"""Record every paid call as a row of a table, with the same statements in each database.

The row is written before a submit is sent, and updated when the response arrives. If a row has no response, a job may
exist. The API key is never written.
"""

from __future__ import annotations

import json
import logging
import math
import os
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from segmind_ltx import errors
from segmind_ltx._core.journal import (
    GONE_AFTER,
    RETAINED,
    Entry,
    EntryState,
    Journal,
    JournalBusyError,
    possibly_billed,
)
from segmind_ltx._core.values import storable
from segmind_ltx._ledger.rows import COLUMNS, entry_of

log: logging.Logger = logging.getLogger("segmind_ltx")

BUSY_TIMEOUT: Final = 0.05
"""Seconds to wait for another process that has locked the ledger. The calling thread, or event loop, waits as well."""
CLOSE_TIMEOUT: Final = 10.0
"""Seconds to wait for the database when the ledger is closed with changes still to write."""


class NotWritableNowError(errors.ConfigurationError):
    """The database takes no change at present, for example since its disk is full."""


class RowNumber(int):
    """The number of a row, as the caller knows it; in a file that replaced the first one it may have another."""


class Change(NamedTuple):
    """An UPDATE that may still have to be written."""

    statement: str
    values: tuple[object, ...]


class TableLedger(Journal):
    """A ledger in a table called ``jobs``. Threads share it, and a process that was forked gets its own connection.

    If a request has no label of its own, its row gets the ledger's ``label``.
    """

    def __init__(self, path: str, label: str | None) -> None:
        super().__init__()
        self.path: str = path
        self.label: str | None = label
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._pending: list[Change] = []  # Changes that could not be written yet, oldest first.
        self._own: dict[int, int] = {}  # The rows of this process: the number of each now, if its file was replaced.

    def _execute(self, statement: str, values: tuple[object, ...], wait: float) -> list[tuple[Any, ...]]:
        """Run one statement at once or, if others hold the database, within ``wait`` seconds; return its rows.

        Raises `JournalBusyError` if the database is held or away, `NotWritableNowError` if it may take the statement
        later, and `ConfigurationError` if it never will.
        """
        raise NotImplementedError

    def _disconnect(self) -> None:
        """Close the connection."""
        raise NotImplementedError

    def _after_fork(self) -> None:
        """Leave the connection to the process that opened it."""
        raise NotImplementedError

    def entries(self) -> list[Entry]:
        """Return all rows, oldest first."""
        return [entry_of(row) for row in self._run(f"SELECT {COLUMNS} FROM jobs ORDER BY number")]  # noqa: S608 - our own names

    def labelled(self, prefix: str | None = None) -> Iterator[Entry]:
        """Yield the rows with this ledger's label or, if a ``prefix`` is given, those whose label begins with it.

        Oldest first, and read one at a time, since a request may hold a whole image.
        """
        condition, value = ("label = ?", self.label) if prefix is None else ("instr(label, ?) = 1", prefix)
        for (number,) in self._run(f"SELECT number FROM jobs WHERE {condition} ORDER BY number", (value,)):  # noqa: S608
            query = f"SELECT {COLUMNS} FROM jobs WHERE number = ?"  # noqa: S608 - our own names
            for row in self._run(query, (number,)):
                yield entry_of(row)

    def record_submit(self, model: str, request: Mapping[str, Any], base_url: str, label: str | None = None) -> int:
        """Record a paid call before it is sent, and return its row number.

        Raises `ConfigurationError` if the row cannot be written, and `JournalBusyError`, a subclass, if another process
        has locked the file: try again in a moment.
        """
        text = json.dumps(request, ensure_ascii=False)
        rows = self._run(
            "INSERT INTO jobs (state, model, request, base_url, begun, label) VALUES (?, ?, ?, ?, ?, ?) "
            "RETURNING number",
            (EntryState.SENDING, model, text, base_url, time.time(), self.label if label is None else label),
        )
        number: int = rows[0][0]
        self._own[number] = number
        return number

    def record_outcome(self, number: int, state: str, request_id: str | None) -> None:
        """Record that a paid call succeeded."""
        self._update_call(number, state, request_id)

    def record_failure(self, number: int, model: str, error: BaseException) -> None:
        """Record how a paid call failed."""
        super().record_failure(number, model, error)
        if isinstance(error, errors.JobFailedError):
            self._update_call(number, EntryState.FAILED, error.request_id, str(error))
        elif not isinstance(error, errors.SegmindLtxError):
            self._update_call(number, EntryState.UNCERTAIN, None, f"interrupted by {type(error).__name__}")
        elif possibly_billed(error):
            self._update_call(number, EntryState.UNCERTAIN, error.request_id, str(error))
        else:  # The id in a refusal names only the call.
            self._update_call(number, EntryState.REFUSED, None, str(error))

    def time_of_submit(self, request_id: str) -> float | None:
        """Return the time of a job's submit, in seconds since the epoch; None if there is no row of it."""
        try:
            rows = self._run("SELECT begun FROM jobs WHERE request_id = ?", (request_id,))
        except errors.ConfigurationError:
            return None  # The file is held or damaged; a wait goes on without it.
        return rows[0][0] if rows and isinstance(rows[0][0], float) else None

    def record_end(self, request_id: str, error: BaseException) -> None:
        """Record how a job ended without a video."""
        super().record_end(request_id, error)
        if isinstance(error, errors.JobFailedError):
            self._write("state = ?, detail = ? WHERE request_id = ?", EntryState.FAILED, error.detail, request_id)
        elif isinstance(error, errors.NotFoundError):
            # Not every server knows a new job at once: it is gone if its hour is over, or if it was unknown for long.
            latest = math.inf if error.unknown_for >= GONE_AFTER else time.time() - RETAINED
            change = "state = ?, detail = ? WHERE request_id = ? AND begun < ?"
            self._write(change, EntryState.GONE, error.detail, request_id, latest)

    def update(self, request_id: str | None, state: str, *, cost: float | None = None, file: str | None = None) -> None:
        """Record a job's new state. ``cost`` and ``file`` keep their earlier values if not given."""
        columns = "state = ?, cost = coalesce(?, cost), file = coalesce(?, file)"
        self._write(f"{columns} WHERE request_id = ?", state, cost, file, request_id)
        if file:  # A file holds the video of one job: the last one saved there.
            self._write("file = NULL WHERE file = ? AND request_id IS NOT ?", file, request_id)

    def close(self) -> None:
        """Write the pending changes, and close the connection."""
        with self._locked():
            self._drain()
            for change in self._pending:
                log.error("the ledger %s is closed; not recorded: %s", self.path, change.values)
            self._pending.clear()
            self._disconnect()

    def _drain(self) -> None:
        """Write the pending changes before the connection is closed."""
        if self._pending:
            self._flush(CLOSE_TIMEOUT)

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Lock the ledger. A forked process has its own lock, connection and changes: the parent writes the others."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lock, self._pending, self._own = threading.Lock(), [], {}
            self._after_fork()
        with self._lock:
            yield

    def _update_call(self, number: int, state: str, request_id: str | None, detail: str | None = None) -> None:
        self._write(
            "state = ?, request_id = ?, detail = ? WHERE number = ?", state, request_id, detail, RowNumber(number)
        )

    def _write(self, change: str, *values: object) -> None:
        """Write a change. Never raises: a full disk must not cost the id of a paid job as well.

        If the change cannot be written now, keep it, and try again with the next call and on close.
        """
        update = Change(f"UPDATE jobs SET {change}", tuple(map(storable, values)))  # noqa: S608 - our own words
        with self._locked():
            self._flush(0)
            self._pending.append(update)
            # If older writes are still queued, the database was held a moment ago; do not wait again.
            self._flush(BUSY_TIMEOUT if len(self._pending) == 1 else 0)
            if update in self._pending:
                log.error("the ledger %s cannot be used now; the change is kept and retried: %s", self.path, values)

    def _flush(self, wait: float) -> None:
        """Write the pending changes in order, until one cannot be written within ``wait`` seconds."""
        while self._pending:
            change = self._pending[0]
            try:
                self._execute(change.statement, change.values, wait)
            except (JournalBusyError, NotWritableNowError):
                return
            except errors.ConfigurationError as error:  # Never: another row has the id, or the ledger is closed.
                log.error("%s; not recorded: %s", error, change.values)
            del self._pending[0]

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a statement. Raises `ConfigurationError`, or `JournalBusyError`, a subclass."""
        with self._locked():
            self._flush(0)
            return self._execute(statement, tuple(map(storable, values)), BUSY_TIMEOUT)
