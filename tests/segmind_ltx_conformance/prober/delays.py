"""Read how long a target asks to wait before the next request."""

from __future__ import annotations

import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from segmind_ltx_conformance.recording import Exchange

MAX_REQUESTED_DELAY: Final = 2.0
"""Seconds. A longer delay that the target requests is ignored."""


def requested_delay(exchange: Exchange) -> float:
    """Return the delay that the target requested if it is short, else 0."""
    for name in ("retry-after", "x-rate-limit-reset-at-utc"):
        if (seconds := _seconds(exchange.headers.get(name, ""))) is not None and 0 < seconds <= MAX_REQUESTED_DELAY:
            return seconds
    return 0.0


def _seconds(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        for read in (datetime.fromisoformat, parsedate_to_datetime):
            try:
                moment = read(value)
            except ValueError:
                continue
            return moment.timestamp() - time.time() if moment.tzinfo else None
        return None
    return number - time.time() if number > 1e9 else number
