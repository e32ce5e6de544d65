"""Connect to PostgreSQL, and check that a COMMIT is safe there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from segmind_ltx._postgres.schema import SCHEMA, prepare_schema
from segmind_ltx.errors import ConfigurationError

KEEPALIVE: Final[Mapping[str, int]] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Notice within seconds that the server's machine is gone: without these a read may wait for two hours."""


def connect(url: str) -> psycopg.Connection[Any]:
    """Connect without a pool, in autocommit. Raises `ConfigurationError`, which never quotes the password."""
    try:
        connection = psycopg.connect(conninfo(url), autocommit=True)
        connection.execute(f"SET search_path TO {SCHEMA}")
    except psycopg.Error as error:
        raise ConfigurationError(f"the ledger cannot be reached: {first_line(error)}") from None
    return connection


def open_schema(url: str, *, migrate: bool = False) -> psycopg.Connection[Any]:
    """Connect, create or check the tables, and check that a COMMIT is safe on the server's disk."""
    connection = connect(url)
    try:
        for setting in ("fsync", "synchronous_commit"):
            row = connection.execute(f"SHOW {setting}".encode()).fetchone()
            if row is None or row[0] == "off":
                raise ConfigurationError(
                    f"the ledger's server has {setting} = off, so a crash may lose what was committed, and a paid job "
                    "with it. Set it to on, and restart the server"
                )
        prepare_schema(connection, migrate=migrate)
    except psycopg.Error as error:
        connection.close()
        raise ConfigurationError(f"the ledger cannot be used: {first_line(error)}") from None
    except ConfigurationError:
        connection.close()
        raise
    return connection


def conninfo(url: str) -> str:
    """Return the address with the keepalive options that it does not set itself."""
    return make_conninfo(url, **{name: value for name, value in KEEPALIVE.items() if f"{name}=" not in url})


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message: the others repeat the statement."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
