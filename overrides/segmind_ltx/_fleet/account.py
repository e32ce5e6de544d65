"""The account of a ledger: which key may work on it, and how fast."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import psycopg

from segmind_ltx._config import Secret
from segmind_ltx.errors import ConfigurationError, ParameterError

MAX_SUBMITS: Final = 10_000
MAX_SECONDS: Final = 100_000
MARGIN: Final = 0.1
"""Seconds by which a window is taken longer, because two clocks measure it."""


def check_account(connection: psycopg.Connection[Any], key: Secret, base_url: str, *, new_key: bool = False) -> None:
    """Check that a key and a base URL are those of the ledger; the first ones that come are.

    Raises `ConfigurationError`: with another account's key, paid jobs could not be found.
    """
    with connection.transaction():
        row = connection.execute("SELECT salt, fingerprint, base_url FROM account FOR UPDATE").fetchone()
        if row is None:
            raise ConfigurationError("the ledger has no account; restore it from a backup")
        salt, fingerprint, known_url = row
        own = key.fingerprint(salt)
        if known_url not in {None, base_url}:
            raise ConfigurationError(
                f"the ledger's jobs are at {known_url}, not at {base_url}; set SEGMIND_BASE_URL, or use another ledger"
            )
        if fingerprint not in {None, own} and not new_key:
            raise ConfigurationError(
                "the API key is not the one that the ledger's jobs were submitted with, so their results may not be "
                "found. Set the right SEGMIND_API_KEY. If it is a new key of the same account, say --new-key once"
            )
        connection.execute("UPDATE account SET fingerprint = %s, base_url = %s", (own, base_url))


class Rate(NamedTuple):
    """At most so many ``submits`` in any ``seconds``."""

    submits: int
    seconds: float


def parse_rate(text: str) -> Rate | None:
    """Read a rate such as 60/60 (submits in seconds) or none. Raises `ParameterError`."""
    if text == "none":
        return None
    count, _, seconds = text.partition("/")
    try:
        rate = Rate(int(count), float(seconds))
    except ValueError:
        rate = Rate(0, 0.0)
    if not (0 < rate.submits <= MAX_SUBMITS and 0 < rate.seconds <= MAX_SECONDS):
        raise ParameterError(
            f"--rate {text} is not a rate; use submits/seconds, such as 60/60 (at most {MAX_SUBMITS} submits), or none"
        )
    return rate


def set_rate(connection: psycopg.Connection[Any], rate: Rate | None) -> None:
    """Set the account's rate for all workers."""
    with connection.transaction():
        connection.execute("SELECT 1 FROM account FOR UPDATE")
        if rate is None:
            connection.execute("UPDATE account SET rate_count = NULL, rate_seconds = NULL")
            return
        window = rate.seconds + MARGIN
        row = connection.execute("SELECT rate_count FROM account").fetchone()
        if row is not None and row[0] != rate.submits:
            # The new places are taken as of now: what was submitted in the last window is not known by place.
            connection.execute("DELETE FROM rate_places")
            connection.execute(
                "INSERT INTO rate_places (place, taken) SELECT place, CASE WHEN a.submits = 0 THEN 0 ELSE clock() END "
                "FROM account a, generate_series(0, %s - 1) AS place",
                (rate.submits,),
            )
        connection.execute("UPDATE account SET rate_count = %s, rate_seconds = %s", (rate.submits, window))
