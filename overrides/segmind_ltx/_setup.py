"""What both clients do with their arguments."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Final

from segmind_ltx.errors import ConfigurationError

if TYPE_CHECKING:
    from segmind_ltx._drive import Clock, Setup
    from segmind_ltx._notes import Notes
    from segmind_ltx._settings import Secret
    from segmind_ltx._wire import AnyLogger
    from segmind_ltx.ledger import Ledger

DEFAULT_TIMEOUT: Final = 900.0
"""Seconds for which a job is waited for: several times what the slowest model usually takes."""
DEFAULT_RETRIES: Final = 4

LONGEST_SILENCE: Final = 100_000

log: logging.Logger = logging.getLogger("segmind_ltx")


def setup(
    base_url: str,
    key: Secret,
    *,
    headers: Mapping[str, str] | None,
    timeout: object,
    retries: int,
    resends: int | None,
    clock: Clock | None,
    ledger: str | PathLike[str] | Ledger | None,
    logger: AnyLogger | None,
) -> Setup:
    """The arguments, checked. Raises `ConfigurationError`."""
    from segmind_ltx._drive import Setup, SystemClock

    counts: dict[str, object] = {"retries": retries, "resends": retries if resends is None else resends}
    for name, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise ConfigurationError(f"{name}={count!r} is not a number of times; use 0 or more")
    if timeout is not None and not (isinstance(timeout, int | float) and 0 < timeout <= LONGEST_SILENCE):
        raise ConfigurationError(f"timeout={timeout!r} is not a time; use more than 0 and up to {LONGEST_SILENCE} s")
    given = dict(headers or {})
    if any(name.lower() == "x-api-key" for name in given):
        raise ConfigurationError("headers has x-api-key in it; pass api_key= instead")
    return Setup(
        base_url=base_url,
        key=key,
        headers=given,
        retries=retries,
        resends=retries if resends is None else resends,
        patience=None if timeout is None else float(timeout),
        clock=clock or SystemClock(),
        notes=notes_of(ledger),
        log=logger or log,
    )


def notes_of(ledger: str | PathLike[str] | Ledger | None) -> Notes:
    """Where paid calls are noted. Raises `ConfigurationError` where the file cannot be used."""
    from segmind_ltx._notes import Notes
    from segmind_ltx._settings import LEDGER_VARIABLE

    ledger = ledger or os.environ.get(LEDGER_VARIABLE)
    if not ledger:
        return Notes()
    from segmind_ltx.ledger import Ledger

    return ledger if isinstance(ledger, Ledger) else Ledger(ledger)
