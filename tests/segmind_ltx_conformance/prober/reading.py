"""Small readings of answers: whether a body is text, and how long a target asked to be left alone."""

from __future__ import annotations

import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from segmind_ltx_conformance.recording import Exchange

LONGEST_PAUSE: Final = 2.0
"""Seconds; who asks for more is asked again sooner."""


def is_text(content: bytes) -> bool:
    """Whether these bytes are text."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content[:1024]


def asked_pause(one: Exchange) -> float:
    """For how long the target asked to be left alone, as far as that is short; 0 where it did not say."""
    for name in ("retry-after", "x-rate-limit-reset-at-utc"):
        if (seconds := _seconds(one.headers.get(name, ""))) is not None and 0 < seconds <= LONGEST_PAUSE:
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
