"""Record every paid call in a SQLite file, so that a crash loses no job.

The ledger writes a row before a submit is sent, and updates it when the response arrives. If a row has no response, a
job may exist. The API key is never written.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from os import PathLike, fspath
from typing import Any, Final

from segmind_ltx import errors
from segmind_ltx._core.journal import Entry, Journal, JournalBusyError
from segmind_ltx._ledger.rows import COLUMNS, copy_rows, entry_of
from segmind_ltx._ledger.sqlite_file import Replaced, SqliteFile, read_only
from segmind_ltx._ledger.table import BUSY_TIMEOUT, NotWritableNowError, RowNumber, TableLedger

__all__ = ["LEDGER_VARIABLE", "Entry", "Ledger", "open_ledger", "read_entries"]

LEDGER_VARIABLE: Final = "SEGMIND_LEDGER"

log: logging.Logger = logging.getLogger("segmind_ltx")

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


class Ledger(TableLedger):
    """A ledger file, opened or created at ``path``. Threads and processes may share one file.

    If a request has no label of its own, its row gets the ledger's ``label``. Raises `ConfigurationError` if the file
    cannot be used, before anything is paid for.
    """

    def __init__(self, path: str | PathLike[str], *, label: str | None = None) -> None:
        if not isinstance(path, str | PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise errors.ConfigurationError(f"ledger is {type(path).__name__}, but must be a path")
        super().__init__(fspath(path), label)
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

    def _execute(self, statement: str, values: tuple[object, ...], wait: float) -> list[tuple[Any, ...]]:
        try:
            self._restore()
            self._file.connection.execute(f"PRAGMA busy_timeout = {wait * 1000:.0f}")
            return self._file.connection.execute(statement, [self._value(value) for value in values]).fetchall()
        except sqlite3.Error as error:
            raise self._unusable_error(error) from None

    def _disconnect(self) -> None:
        self._file.close()

    def _after_fork(self) -> None:
        self._file.forked()

    def _restore(self) -> None:
        """If the file was deleted or replaced, write the rows again: all, or those of this process."""
        before = self._before = self._before or self._file.replaced()
        if before is None:
            return
        own = set(self._own.values())
        moved = copy_rows(before.connection, self._file.connection, None if before.deleted else own)
        before.connection.close()
        self._before = None
        self._own = {number: moved.get(now, now) for number, now in self._own.items()}
        log.error(
            "the ledger %s was %s while it was in use; %s rows were written again",
            self.path,
            "deleted" if before.deleted else "replaced",
            "its" if before.deleted else "this program's",
        )

    def _value(self, value: object) -> Any:
        return self._own.get(value, int(value)) if isinstance(value, RowNumber) else value

    def _unusable_error(self, error: Exception) -> errors.ConfigurationError:
        busy = getattr(error, "sqlite_errorcode", None) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
        kind: type[errors.ConfigurationError] = JournalBusyError if busy else errors.ConfigurationError
        if not busy and isinstance(error, sqlite3.OperationalError):
            kind = NotWritableNowError
        return kind(f"the ledger {self.path} cannot be used: {error}")


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
