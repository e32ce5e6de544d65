"""Say which extra is missing, and read the address of a ledger."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from segmind_ltx._journals import is_postgres
from segmind_ltx.errors import ConfigurationError
from segmind_ltx.ledger import LEDGER_VARIABLE

EXTRA = frozenset({"procrastinate", "psycopg", "psycopg_pool", "psycopg_binary", "fsspec", "prometheus_client"})


@contextmanager
def needs_fleet() -> Generator[None]:
    """Turn a missing module of the extra into a sentence that names the extra."""
    try:
        yield
    except ImportError as error:
        # psycopg without libpq raises a plain ImportError, which names no module.
        missing = (error.name or "psycopg").partition(".")[0]
        if missing not in EXTRA:
            raise
        raise ConfigurationError(
            f"a ledger in PostgreSQL needs {missing}: python -m pip install 'segmind-ltx[fleet]'"
        ) from None


def ledger_url(given: str | None) -> str:
    """Return the address of the ledger. Raises `ConfigurationError` if it is none of PostgreSQL."""
    url = given or os.environ.get(LEDGER_VARIABLE)
    if not is_postgres(url) or url is None:
        raise ConfigurationError(
            f"the ledger of a fleet is a database: give --ledger or set {LEDGER_VARIABLE} to an address such as "
            "postgresql://user@host/database"
        )
    return url
