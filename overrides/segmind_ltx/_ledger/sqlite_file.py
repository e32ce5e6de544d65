"""Keep a SQLite file open: in each process its own connection, and always to the file that has the name now."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

LOG_SUFFIX = "-wal"
"""SQLite keeps the latest changes of a file beside it, in a file with this suffix."""


class Replaced(NamedTuple):
    """The connection to a file that was ``deleted``, or else replaced. Its rows can still be read."""

    connection: sqlite3.Connection
    deleted: bool


class SqliteFile:
    """A connection to the file at ``path``. ``prepare`` gets each new connection before its first use."""

    def __init__(self, path: str, timeout: float, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self._path, self._timeout, self._prepare = path, timeout, prepare
        # Connections that this process must not close: that would end the locks of the process that opened them.
        self._inherited: list[sqlite3.Connection] = []
        self._connection, self._identity = self._connect()
        self._prepared = False
        self._log_identity: tuple[int, int] | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the connection. Raises `sqlite3.Error` if the file cannot be prepared."""
        if not self._prepared:
            self._prepare(self._connection)
            self._prepared = True
            self._log_identity = _identity(self._path + LOG_SUFFIX)
        return self._connection

    def forked(self) -> None:
        """Open the file again, in a process that was forked."""
        if not self._in_memory:
            self._inherited.append(self._connection)
            self._connection, self._identity = self._connect()

    def replaced(self) -> Replaced | None:
        """Open the file again if it was deleted or replaced, and return the connection to the earlier one."""
        now = None if self._in_memory else _identity(self._path)
        if self._in_memory or now == self._identity:
            return None
        before = Replaced(self._connection, deleted=now is None)
        if now is not None and _identity(self._path + LOG_SUFFIX) == self._log_identity:
            # The log of the earlier file: SQLite would write it into the new one.
            for suffix in (LOG_SUFFIX, "-shm"):
                with suppress(OSError):
                    os.unlink(self._path + suffix)  # noqa: PTH108 - a text, as SQLite takes it
        self._connection, self._identity = self._connect()
        self._prepared = False
        return before

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def _in_memory(self) -> bool:
        return self._path in {"", ":memory:"}

    def _connect(self) -> tuple[sqlite3.Connection, tuple[int, int] | None]:
        # Autocommit: each statement is on disk before the next line of the program runs.
        connection = sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        return connection, _identity(self._path)


def read_only(path: str) -> sqlite3.Connection:
    """Open a file for reading only, also on a disk that cannot be written. Raises `sqlite3.Error`."""
    uri = f"file:{_quoted(os.path.abspath(path))}"  # noqa: PTH100 - a text is needed
    if os.path.exists(path + LOG_SUFFIX):  # noqa: PTH110 - as above
        connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None)
        with suppress(sqlite3.Error):
            connection.execute("SELECT 1 FROM sqlite_master").fetchall()
            return connection
        connection.close()
    # Otherwise SQLite would create two files beside it, which a read-only disk does not allow.
    return sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)


def _quoted(path: str) -> str:
    path = path.replace("\\", "/") if os.name == "nt" else path
    return "".join(f"%{ord(character):02x}" if character in "%?#" else character for character in path)


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells a file apart from another one of the same name; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a text, as SQLite takes it
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
