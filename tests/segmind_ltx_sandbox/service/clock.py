"""Clocks. Everything that depends on time reads one of these, so that tests need no sleep."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import anyio
import anyio.lowlevel

LATEST: Final = 100 * 365 * 86400.0
"""The largest time of a clock in seconds. Dates end at the year 9999; a century is plenty for a test."""


class Clock(Protocol):
    """A clock counts seconds since it was made and never goes backwards."""

    def now(self) -> float:
        """Return the seconds since the clock was made."""
        ...

    def utc(self) -> datetime:
        """Return the date of `now`."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the clock forwards. Raise `ValueError` if ``seconds`` is not a step forwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` have passed on this clock."""
        ...


def round_time(seconds: float) -> float:
    """Round to a microsecond, so that a clock moved by exactly a job's time finds it done despite rounding errors."""
    return round(seconds, 6)


def advanced(now: float, seconds: float) -> float:
    """Return ``now`` moved by ``seconds``. Raise `ValueError` if that is not a step forwards, or too far."""
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"a clock only moves forwards, not by {seconds!r} seconds")
    if now + seconds > LATEST:
        raise ValueError(f"the clock ends {LATEST:.0f} seconds after its start")
    return round_time(now + seconds)


class ManualClock:
    """A clock that stands still until it is moved. A sleep moves it and returns at once."""

    def __init__(self, epoch: datetime | None = None) -> None:
        """Start at ``epoch``, by default the first second of 2026."""
        self._epoch = epoch or datetime(2026, 1, 1, tzinfo=UTC)
        self._now = 0.0
        self._lock = threading.Lock()  # A test advances from its own thread while the server sleeps in another.

    def now(self) -> float:
        """Return the seconds since the start."""
        return self._now

    def utc(self) -> datetime:
        """Return the date of `now`."""
        return self._epoch + timedelta(seconds=self._now)

    def advance(self, seconds: float) -> None:
        """Move the clock forwards."""
        with self._lock:
            self._now = advanced(self._now, seconds)

    async def sleep(self, seconds: float) -> None:
        """Move the clock by ``seconds`` and let other tasks run."""
        self.advance(seconds)
        await anyio.lowlevel.checkpoint()


class SystemClock:
    """Real time plus every `advance`. Sleeps take real time; a move does not shorten them."""

    def __init__(self) -> None:
        """Start now."""
        self._epoch = datetime.now(UTC)
        self._start = time.monotonic()  # Does not jump if the machine's clock is set.
        self._offset = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._start + self._offset

    def utc(self) -> datetime:
        """Return the date of `now`."""
        return self._epoch + timedelta(seconds=self.now())

    def advance(self, seconds: float) -> None:
        """Move the clock forwards."""
        with self._lock:
            advanced(self.now(), seconds)
            self._offset += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await anyio.sleep(seconds)


def iso(moment: datetime) -> str:
    """Format a date as ISO 8601 in UTC, to the second, with a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
