"""A file that knows of every paid call, so that no job is lost to a crash.

Each submit is written down before it leaves and again once its answer is there. A row that was never answered means
that a job may exist. The key is not in it.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from typing import Any, Final, NamedTuple

from segmind_ltx import errors
from segmind_ltx._core.journal import EntryState, Journal, JournalBusyError

LEDGER_VARIABLE: Final = "SEGMIND_LEDGER"

log: logging.Logger = logging.getLogger("segmind_ltx")

RETAINED: Final = 3600.0
"""Seconds for which a result is kept (documents 003 and 004)."""

BUSY: Final = 0.5
"""Seconds for which another process that holds the file is waited for; whoever calls stands still for as long."""
LAST: Final = 10.0
"""The same when it is closed with something left to write."""

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


class Entry(NamedTuple):
    """One paid call. ``begun`` is in seconds since the epoch, ``cost`` in USD where it was told.

    ``label`` is the request's (`LabelledRequest`), or else that of the `Ledger` that recorded the call.

    ``state`` is one of

    - sending: written down before it left, and never answered: it runs just now, or the program died then;
    - uncertain: the answer was lost, so a job may exist;
    - refused: no job exists, nothing is billed;
    - accepted: a job exists and is billed;
    - answered: a blocking call was answered, and its video with it;
    - completed, failed, gone (its hour is over), saved: what became of it.
    """

    number: int
    state: str
    model: str
    request: Mapping[str, Any]
    base_url: str
    begun: float
    request_id: str | None
    detail: str | None
    cost: float | None
    file: str | None
    label: str | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether a job may exist of which nobody knows the id."""
        return self.state in {EntryState.SENDING, EntryState.UNCERTAIN}

    @property
    def fetchable(self) -> bool:
        """Whether there may be a result that was not saved yet."""
        return self.request_id is not None and self.state in {EntryState.ACCEPTED, EntryState.COMPLETED}

    def seconds_left(self, now: float) -> float:
        """How long its result is kept at the least, counted from the submit; not below 0."""
        return max(0.0, self.begun + RETAINED - now)


class Ledger(Journal):
    """The file, opened or made at ``path``. One may be shared by threads and processes.

    A call whose request has no label of its own gets the ledger's ``label``. Raises `ConfigurationError` if the file
    cannot be used, before anything is paid for.
    """

    def __init__(self, path: str | PathLike[str], *, label: str | None = None) -> None:
        if not isinstance(path, str | PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise errors.ConfigurationError(f"ledger is {type(path).__name__}, but must be a path")
        self.path: str = fspath(path)
        self.label: str | None = label
        self._lock = threading.Lock()
        self._left: list[_Change] = []  # What could not be written yet, oldest first.
        try:
            # Autocommit: each statement below is on the disk before the next line of the program runs.
            self._file = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, ValueError) as error:  # ValueError: a name with a null in it.
            raise self._unusable(error) from None
        try:
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = FULL")
            self._file.execute(_SCHEMA)
            self._modernize()
        except sqlite3.Error as error:
            self._file.close()
            raise self._unusable(error) from None

    def __repr__(self) -> str:
        return f"Ledger({self.path!r})"

    def entries(self) -> list[Entry]:
        """All rows, oldest first."""
        rows = self._run(f"SELECT {', '.join(Entry._fields)} FROM jobs ORDER BY number")  # noqa: S608 - our own names
        return [Entry(*row)._replace(request=json.loads(row[3])) for row in rows]

    def labelled(self, prefix: str | None = None) -> Iterator[Entry]:
        """Yield the rows with this ledger's label or, if a ``prefix`` is given, those whose label begins with it.

        Oldest first, and read one at a time, since a request may hold a whole image.
        """
        condition, value = ("label = ?", self.label) if prefix is None else ("instr(label, ?) = 1", prefix)
        for (number,) in self._run(f"SELECT number FROM jobs WHERE {condition} ORDER BY number", (value,)):  # noqa: S608 - one of the two above
            query = f"SELECT {', '.join(Entry._fields)} FROM jobs WHERE number = ?"  # noqa: S608 - our own names
            for row in self._run(query, (number,)):
                yield Entry(*row)._replace(request=json.loads(row[3]))

    def record_submit(self, model: str, request: Mapping[str, Any], base_url: str, label: str | None = None) -> int:
        """Write a paid call down before it leaves. Raises `ConfigurationError` where that cannot be done.

        Where another process holds the file, that is a `JournalBusyError`, and may be done in a moment.
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
        """Write down that a paid call was answered well."""
        self._settle(number, state, request_id)

    def record_failure(self, number: int, model: str, error: BaseException) -> None:
        """Write down how a paid call ended otherwise."""
        super().record_failure(number, model, error)
        if isinstance(error, errors.JobFailedError):
            self._settle(number, EntryState.FAILED, error.request_id, str(error))
        elif isinstance(error, errors.SubmitUncertainError | errors.UnexpectedResponseError) or (
            # A fault of the server that names a job may be about one that exists; a refusal names the call alone.
            isinstance(error, errors.ServerError) and error.request_id is not None
        ):
            self._settle(number, EntryState.UNCERTAIN, error.request_id, str(error))
        elif isinstance(error, errors.SegmindLtxError):
            self._settle(number, EntryState.REFUSED, None, str(error))
        else:
            self._settle(number, EntryState.UNCERTAIN, None, f"interrupted by {type(error).__name__}")

    def record_end(self, request_id: str, error: BaseException) -> None:
        """Write down how a job ended without a video."""
        super().record_end(request_id, error)
        if isinstance(error, errors.JobFailedError | errors.NotFoundError):
            state = EntryState.FAILED if isinstance(error, errors.JobFailedError) else EntryState.GONE
            self._write("state = ?, detail = ? WHERE request_id = ?", state, error.detail, request_id)

    def update(self, request_id: str | None, state: str, *, cost: float | None = None, file: str | None = None) -> None:
        """What became of a job. What was noted before stays where nothing new is told."""
        columns = "state = ?, cost = coalesce(?, cost), file = coalesce(?, file)"
        self._write(f"{columns} WHERE request_id = ?", state, cost, file, request_id)
        if file:  # A file is the video of one job, the last that was written there.
            self._write("file = NULL WHERE file = ? AND request_id IS NOT ?", file, request_id)

    def close(self) -> None:
        """Close the file, once what is left is written."""
        with self._lock:
            if self._left:
                self._flush(LAST)
            for change in self._left:
                log.error("the ledger %s is closed; not written down: %s", self.path, change.values)
            self._left.clear()
            self._file.close()

    def _modernize(self) -> None:
        """A file of an earlier version has no labels."""
        if "label" not in _columns(self._file):
            try:
                self._file.execute("ALTER TABLE jobs ADD COLUMN label TEXT")
            except sqlite3.OperationalError as error:
                if "duplicate" not in str(error):  # Another process has just done the same.
                    raise

    def _settle(self, number: int, state: str, request_id: str | None, detail: str | None = None) -> None:
        self._write("state = ?, request_id = ?, detail = ? WHERE number = ?", state, request_id, detail, number)

    def _write(self, change: str, *values: object) -> None:
        """Write down what has happened. Never raises: a full disk must not cost the id of a paid job as well.

        What cannot be written now is kept, and tried again with the next call and at the end.
        """
        made = _Change(f"UPDATE jobs SET {change}", values)  # noqa: S608 - our own words
        with self._lock:
            self._flush(0)
            self._left.append(made)
            # Where older ones are left, the file was held just now: nobody stands still for it again.
            self._flush(BUSY if len(self._left) == 1 else 0)
            if made in self._left:
                log.error("the ledger %s cannot be used now; tried again later: %s", self.path, values)

    def _flush(self, patience: float) -> None:
        """Write what is left, in its order, as far as that can be done."""
        while self._left:
            change = self._left[0]
            try:
                self._wait_for(patience)
                self._file.execute(change.statement, change.values)
            except sqlite3.OperationalError:
                return
            except sqlite3.Error as error:
                # It never will: the id is that of another row, or the file is closed.
                log.error("%s; not written down: %s", self._unusable(error), change.values)
            del self._left[0]

    def _wait_for(self, seconds: float) -> None:
        self._file.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                self._flush(0)
                self._wait_for(BUSY)
                return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> errors.ConfigurationError:
        busy = getattr(error, "sqlite_errorcode", None) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
        kind = JournalBusyError if busy else errors.ConfigurationError
        return kind(f"the ledger {self.path} cannot be used: {error}")


class _Change(NamedTuple):
    """One that was made, and may be left to be written."""

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
