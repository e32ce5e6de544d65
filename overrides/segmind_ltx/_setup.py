"""What both clients do with their arguments."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Final, cast

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

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"([\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?)?")

log: logging.Logger = logging.getLogger("segmind_ltx")


def setup(
    base_url: str,
    key: Secret,
    *,
    headers: Mapping[str, str] | None,
    timeout: float | None,
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
    timed = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is not None and not (timed and 0 < timeout <= LONGEST_SILENCE):
        raise ConfigurationError(f"timeout={timeout!r} is not a time; use more than 0 and up to {LONGEST_SILENCE} s")
    problem = _header_problem(headers)
    if problem:
        del headers  # A traceback that shows local variables would show what they hold.
        raise ConfigurationError(problem)
    return Setup(
        base_url=base_url,
        key=key,
        headers=dict(headers or {}),
        retries=retries,
        resends=retries if resends is None else resends,
        patience=None if timeout is None else float(timeout),
        clock=clock or SystemClock(),
        notes=notes_of(ledger),
        log=logger or log,
    )


def _header_problem(headers: object) -> str | None:
    """What is wrong with them, if something is. Values are not quoted, nor names that are none."""
    if headers is None:
        return None
    if not isinstance(headers, Mapping):
        return f"headers is {type(headers).__name__}, but must be a mapping"
    for name, value in cast("Mapping[object, object]", headers).items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return "headers has a name that is none"
        if name.lower() == "x-api-key":
            return "headers has x-api-key in it; pass api_key= instead"
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            return f"headers has a value for {name} that no header can carry; use a str of ASCII in one line"
    return None


def notes_of(ledger: str | PathLike[str] | Ledger | None) -> Notes:
    """Where paid calls are noted. Raises `ConfigurationError` where the file cannot be used."""
    from segmind_ltx._notes import Notes
    from segmind_ltx._settings import LEDGER_VARIABLE

    ledger = ledger or os.environ.get(LEDGER_VARIABLE)
    if not ledger:
        return Notes()
    from segmind_ltx.ledger import Ledger

    return ledger if isinstance(ledger, Ledger) else Ledger(ledger)
