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
from collections.abc import Iterator, Mapping
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

__all__ = ["LEDGER_VARIABLE", "Entry", "Ledger", "open_ledger"]

LEDGER_VARIABLE: Final = "SEGMIND_LEDGER"

log: logging.Logger = logging.getLogger("segmind_ltx")

BUSY_TIMEOUT: Final = 0.5
"""Seconds to wait for another process that has locked the file. The calling thread waits as well."""
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
        try:
            # Autocommit: each statement is on disk before the next line of the program runs.
            self._file = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, ValueError) as error:  # ValueError: a null character in the path.
            raise self._unusable_error(error) from None
        try:
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = FULL")
            self._file.execute(_SCHEMA)
            self._migrate()
        except sqlite3.Error as error:
            self._file.close()
            raise self._unusable_error(error) from None

    def __repr__(self) -> str:
        return f"Ledger({self.path!r})"

    def entries(self) -> list[Entry]:
        """Return all rows, oldest first."""
        rows = self._run(f"SELECT {', '.join(Entry._fields)} FROM jobs ORDER BY number")  # noqa: S608 - our own names
        return [Entry(*row)._replace(request=json.loads(row[3])) for row in rows]

    def labelled(self, prefix: str | None = None) -> Iterator[Entry]:
        """Yield the rows with this ledger's label or, if a ``prefix`` is given, those whose label begins with it.

        Oldest first, and read one at a time, since a request may hold a whole image.
        """
        condition, value = ("label = ?", self.label) if prefix is None else ("instr(label, ?) = 1", prefix)
        for (number,) in self._run(f"SELECT number FROM jobs WHERE {condition} ORDER BY number", (value,)):  # noqa: S608
            query = f"SELECT {', '.join(Entry._fields)} FROM jobs WHERE number = ?"  # noqa: S608 - our own names
            for row in self._run(query, (number,)):
                yield Entry(*row)._replace(request=json.loads(row[3]))

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
        with self._lock:
            if self._pending:
                self._flush(CLOSE_TIMEOUT)
            for change in self._pending:
                log.error("the ledger %s is closed; not recorded: %s", self.path, change.values)
            self._pending.clear()
            self._file.close()

    def _migrate(self) -> None:
        """Add the label column, which files of earlier versions lack."""
        if "label" not in _columns(self._file):
            try:
                self._file.execute("ALTER TABLE jobs ADD COLUMN label TEXT")
            except sqlite3.OperationalError as error:
                if "duplicate" not in str(error):  # Another process has just added it.
                    raise

    def _update_call(self, number: int, state: str, request_id: str | None, detail: str | None = None) -> None:
        self._write("state = ?, request_id = ?, detail = ? WHERE number = ?", state, request_id, detail, number)

    def _write(self, change: str, *values: object) -> None:
        """Write a change. Never raises: a full disk must not cost the id of a paid job as well.

        If the change cannot be written now, keep it, and try again with the next call and on close.
        """
        update = _Change(f"UPDATE jobs SET {change}", values)  # noqa: S608 - our own words
        with self._lock:
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
                self._set_busy_timeout(seconds)
                self._file.execute(change.statement, change.values)
            except sqlite3.OperationalError:
                return
            except sqlite3.Error as error:
                # This change can never be written: another row has the id, or the file is closed.
                log.error("%s; not recorded: %s", self._unusable_error(error), change.values)
            del self._pending[0]

    def _set_busy_timeout(self, seconds: float) -> None:
        self._file.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                self._flush(0)
                self._set_busy_timeout(BUSY_TIMEOUT)
                return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable_error(error) from None

    def _unusable_error(self, error: Exception) -> errors.ConfigurationError:
        busy = getattr(error, "sqlite_errorcode", None) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
        kind = JournalBusyError if busy else errors.ConfigurationError
        return kind(f"the ledger {self.path} cannot be used: {error}")


class _Change(NamedTuple):
    """An UPDATE that may still have to be written."""

    statement: str
    values: tuple[Any, ...]


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
