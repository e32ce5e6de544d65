"""Open the journal that a client was given: a ledger in a file, one in PostgreSQL, or none."""

from __future__ import annotations

import os
from os import PathLike
from typing import Final

from segmind_ltx._core.journal import Journal
from segmind_ltx._install import install_command
from segmind_ltx.errors import ConfigurationError
from segmind_ltx.ledger import LEDGER_VARIABLE, Ledger, open_ledger

SCHEMES: Final = ("postgresql://", "postgres://")


def is_postgres(ledger: object) -> bool:
    """Whether a ledger is the address of a PostgreSQL database, not the path of a file."""
    return isinstance(ledger, str) and ledger.startswith(SCHEMES)


def open_journal(ledger: str | PathLike[str] | Ledger | None) -> Journal:
    """Open a client's ledger, or SEGMIND_LEDGER's. Raises `ConfigurationError` if it cannot be used."""
    address = ledger or os.environ.get(LEDGER_VARIABLE)
    if not isinstance(address, str) or not is_postgres(address):
        return open_ledger(ledger)
    try:
        from segmind_ltx._postgres.ledger import PostgresLedger  # Needs the extra.
    except ImportError as error:
        missing = (error.name or "psycopg").partition(".")[0]
        raise ConfigurationError(f"a ledger in PostgreSQL needs {missing}: {install_command('fleet')}") from None
    return PostgresLedger(address)
