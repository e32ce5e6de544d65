"""The sandbox's clocks: everything that depends on time asks one of these, so that tests need no sleep."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import anyio
import anyio.lowlevel

LATEST: Final = 100 * 365 * 86400.0
"""How far a clock can be moved, in seconds. Dates end at the year 9999; a century is plenty for a test."""


class Clock(Protocol):
    """Seconds since the clock was made; they never go backwards."""

    def now(self) -> float:
        """Seconds since the clock was made."""
        ...

    def utc(self) -> datetime:
        """The date that `now` stands for."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the clock forwards. Raises `ValueError` for anything that is not a step forwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` have passed on this clock."""
        ...


def round_time(seconds: float) -> float:
    """A time to the microsecond, so that a clock moved by a job's very time finds it done, however the sums round."""
    return round(seconds, 6)


def advanced(now: float, seconds: float) -> float:
    """``now`` moved by ``seconds``. Raises `ValueError` where that is not a step forwards, or too far."""
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"a clock only moves forwards, not by {seconds!r} seconds")
    if now + seconds > LATEST:
        raise ValueError(f"the clock ends {LATEST:.0f} seconds after its start")
    return round_time(now + seconds)


class ManualClock:
    """A clock that stands still until it is moved. A sleep moves it, and returns at once."""

    def __init__(self, epoch: datetime | None = None) -> None:
        """Start at ``epoch``, by default the first second of 2026."""
        self._epoch = epoch or datetime(2026, 1, 1, tzinfo=UTC)
        self._now = 0.0
        self._lock = threading.Lock()  # A test advances from its own thread while the server sleeps in another.

    def now(self) -> float:
        """Seconds since the start."""
        return self._now

    def utc(self) -> datetime:
        """The date that `now` stands for."""
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
    """Real time, and what it was moved by on top. Sleeps are real, and are not shortened by a move."""

    def __init__(self) -> None:
        """Start now."""
        self._epoch = datetime.now(UTC)
        self._start = time.monotonic()  # Immune to somebody setting the machine's clock.
        self._offset = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start + self._offset

    def utc(self) -> datetime:
        """The date that `now` stands for."""
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
    """ISO 8601 in UTC, to the second, with a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
