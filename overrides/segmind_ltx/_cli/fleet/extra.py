"""Say which extra is missing, and read the address of a ledger."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from segmind_ltx._install import install_command
from segmind_ltx._postgres.journals import is_postgres
from segmind_ltx.errors import ConfigurationError
from segmind_ltx.ledger import LEDGER_VARIABLE

if TYPE_CHECKING:
    from segmind_ltx._cli.fleet.implementation import Fleet

EXTRA = frozenset({"procrastinate", "psycopg", "psycopg_pool", "psycopg_binary", "fsspec", "prometheus_client"})


def load_fleet() -> type[Fleet]:
    """Import what needs the extra ``fleet``. Raises `ConfigurationError` that names the extra if it is missing."""
    try:
        from segmind_ltx._cli.fleet.implementation import Fleet  # Needs the extra.
    except ImportError as error:
        # psycopg without libpq raises a plain ImportError, which names no module.
        missing = (error.name or "psycopg").partition(".")[0]
        if missing not in EXTRA:
            raise
        raise ConfigurationError(f"a ledger in PostgreSQL needs {missing}: {install_command('fleet')}") from None
    return Fleet


def ledger_url(given: str | None) -> str:
    """Return the address of the ledger. Raises `ConfigurationError` if it is none of PostgreSQL."""
    url = given or os.environ.get(LEDGER_VARIABLE)
    if not is_postgres(url) or url is None:
        raise ConfigurationError(
            f"the ledger of a fleet is a database: give --ledger or set {LEDGER_VARIABLE} to an address such as "
            "postgresql://user@host/database"
        )
    return url
