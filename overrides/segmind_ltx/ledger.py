"""Record every paid call in a SQLite file, so that a crash loses no job.

The ledger writes a row before a submit is sent, and updates it when the response arrives. If a row has no response, a
job may exist. The API key is never written.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sqlite3
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from os import PathLike, fspath
from typing import Any, Final, NamedTuple

from segmind_ltx import errors
from segmind_ltx._core.journal import (
    RETAINED,
    UNKNOWN_FOR,
    Entry,
    EntryState,
    Journal,
    JournalBusyError,
    possibly_billed,
)
from segmind_ltx._ledger_rows import COLUMNS, copy_rows, entry_of
from segmind_ltx._sqlite import Replaced, SqliteFile, read_only

__all__ = ["LEDGER_VARIABLE", "Entry", "Ledger", "open_ledger", "read_entries"]

LEDGER_VARIABLE: Final = "SEGMIND_LEDGER"

log: logging.Logger = logging.getLogger("segmind_ltx")

BUSY_TIMEOUT: Final = 0.05
"""Seconds to wait for another process that has locked the file. The calling thread, or event loop, waits as well."""
CLOSE_TIMEOUT: Final = 10.0
"""Seconds to wait for the lock when the ledger is closed with changes still to write."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    model TEXT NOT NULL,
    request TEXT NOT NULL,
    base_url TEXT NOT NULL,
    begun REAL NOT NULL,
    request_id TEXT UNIQUE,
    detail TEXT,
    cost REAL,
    file TEXT,
    label TEXT
)
"""


class Ledger(Journal):
    """A ledger file, opened or created at ``path``. Threads and processes may share one file.

    If a request has no label of its own, its row gets the ledger's ``label``. Raises `ConfigurationError` if the file
    cannot be used, before anything is paid for.
    """

    def __init__(self, path: str | PathLike[str], *, label: str | None = None) -> None:
        if not isinstance(path, str | PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise errors.ConfigurationError(f"ledger is {type(path).__name__}, but must be a path")
        self.path: str = fspath(path)
        self.label: str | None = label
        self._lock = threading.Lock()
        self._pending: list[_Change] = []  # Changes that could not be written yet, oldest first.
        self._own: set[int] = set()  # The rows of this process.
        self._moved: dict[int, int] = {}  # Their numbers in a file that replaced the first one.
        self._before: Replaced | None = None  # That first file, until its rows are copied.
        try:
            self._file = SqliteFile(self.path, BUSY_TIMEOUT, _prepare)
        except (sqlite3.Error, ValueError) as error:  # ValueError: a null character in the path.
            raise self._unusable_error(error) from None
        try:
            _ = self._file.connection
        except sqlite3.Error as error:
            unusable = self._unusable_error(error)
            if not isinstance(unusable, JournalBusyError):  # A file that is held is prepared at its first use.
                self._file.close()
                raise unusable from None

    def __repr__(self) -> str:
        return f"Ledger({self.path!r})"

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
        self._own.add(number)
        return number

    def record_response(self, number: int, state: str, request_id: str | None) -> None:
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
            latest = math.inf if error.unknown_for >= UNKNOWN_FOR else time.time() - RETAINED
            change = "state = ?, detail = ? WHERE request_id = ? AND begun < ?"
            self._write(change, EntryState.GONE, error.detail, request_id, latest)

    def update(self, request_id: str | None, state: str, *, cost: float | None = None, file: str | None = None) -> None:
        """Record a job's new state. ``cost`` and ``file`` keep their earlier values if not given."""
        columns = "state = ?, cost = coalesce(?, cost), file = coalesce(?, file)"
        self._write(f"{columns} WHERE request_id = ?", state, cost, file, request_id)
        if file:  # A file holds the video of one job: the last one saved there.
            self._write("file = NULL WHERE file = ? AND request_id IS NOT ?", file, request_id)

    def close(self) -> None:
        """Write the pending changes, and close the file."""
        with self._locked():
            if self._pending:
                self._flush(CLOSE_TIMEOUT)
            for change in self._pending:
                log.error("the ledger %s is closed; not recorded: %s", self.path, change.values)
            self._pending.clear()
            self._file.close()

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Lock the ledger. A forked process has its own lock, file and changes; the parent writes those it had."""
        if self._file.forked():
            self._lock, self._pending, self._own = threading.Lock(), [], set()
        with self._lock:
            yield

    def _restore(self) -> None:
        """If the file was deleted or replaced, write the rows again: all, or those of this process."""
        before = self._before = self._before or self._file.replaced()
        if before is None:
            return
        moved = copy_rows(before.connection, self._file.connection, None if before.deleted else self._own)
        before.connection.close()
        self._before = None
        self._moved = {own: moved.get(now, now) for own, now in self._moved.items()} | moved
        self._own |= set(moved.values())
        log.error(
            "the ledger %s was %s while it was in use; %s rows were written again",
            self.path,
            "deleted" if before.deleted else "replaced",
            "its" if before.deleted else "this program's",
        )

    def _update_call(self, number: int, state: str, request_id: str | None, detail: str | None = None) -> None:
        self._write("state = ?, request_id = ?, detail = ? WHERE number = ?", state, request_id, detail, _Row(number))

    def _write(self, change: str, *values: object) -> None:
        """Write a change. Never raises: a full disk must not cost the id of a paid job as well.

        If the change cannot be written now, keep it, and try again with the next call and on close.
        """
        update = _Change(f"UPDATE jobs SET {change}", values)  # noqa: S608 - our own words
        with self._locked():
            self._flush(0)
            self._pending.append(update)
            # If older writes are still queued, the file was locked a moment ago; do not wait again.
            self._flush(BUSY_TIMEOUT if len(self._pending) == 1 else 0)
            if update in self._pending:
                log.error("the ledger %s cannot be used now; the change is kept and retried: %s", self.path, values)

    def _flush(self, seconds: float) -> None:
        """Write the pending changes in order, until one cannot be written within ``seconds``."""
        while self._pending:
            change = self._pending[0]
            try:
                self._restore()
                self._set_busy_timeout(seconds)
                self._file.connection.execute(change.statement, [self._value(value) for value in change.values])
            except sqlite3.OperationalError:
                return
            except sqlite3.Error as error:
                # This change can never be written: another row has the id, or the file is closed.
                log.error("%s; not recorded: %s", self._unusable_error(error), change.values)
            del self._pending[0]

    def _value(self, value: object) -> Any:
        return self._moved.get(value, int(value)) if isinstance(value, _Row) else value

    def _set_busy_timeout(self, seconds: float) -> None:
        self._file.connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._locked():
                self._restore()
                self._flush(0)
                self._set_busy_timeout(BUSY_TIMEOUT)
                return self._file.connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable_error(error) from None

    def _unusable_error(self, error: Exception) -> errors.ConfigurationError:
        busy = getattr(error, "sqlite_errorcode", None) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
        kind = JournalBusyError if busy else errors.ConfigurationError
        return kind(f"the ledger {self.path} cannot be used: {error}")


class _Row(int):
    """The number of a row, as the caller knows it; in a file that replaced the first one it may have another."""


class _Change(NamedTuple):
    """An UPDATE that may still have to be written."""

    statement: str
    values: tuple[Any, ...]


def read_entries(path: str | PathLike[str]) -> list[Entry]:
    """Return all rows of a ledger without changing it, also on a disk that cannot be written.

    Raises `ConfigurationError` if the file is no ledger.
    """
    try:
        with closing(read_only(fspath(path))) as file:
            columns = COLUMNS if "label" in _columns(file) else COLUMNS.replace("label", "NULL")
            return [entry_of(row) for row in file.execute(f"SELECT {columns} FROM jobs ORDER BY number")]  # noqa: S608 - our own names
    except sqlite3.Error as error:
        raise errors.ConfigurationError(f"the ledger {fspath(path)} cannot be read: {error}") from None


def _prepare(file: sqlite3.Connection) -> None:
    """Create the table; add the label column, which files of earlier versions lack."""
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = FULL")
    file.execute(_SCHEMA)
    if "label" not in _columns(file):
        try:
            file.execute("ALTER TABLE jobs ADD COLUMN label TEXT")
        except sqlite3.OperationalError as error:
            if "duplicate" not in str(error):  # Another process has just added it.
                raise


def _columns(file: sqlite3.Connection) -> set[str]:
    return {column[1] for column in file.execute("PRAGMA table_info(jobs)")}


def open_ledger(ledger: str | PathLike[str] | Ledger | None) -> Journal:
    """Open the ledger that a client was given, or SEGMIND_LEDGER's; without either, keep no file.

    Raises `ConfigurationError` if the file cannot be used.
    """
    ledger = ledger or os.environ.get(LEDGER_VARIABLE)
    if not ledger:
        return Journal()
    return ledger if isinstance(ledger, Ledger) else Ledger(ledger)
