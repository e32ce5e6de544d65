"""The clock that a client measures and waits with."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Protocol


class Clock(Protocol):
    """A clock in seconds. Pass your own as ``Client(clock=…)`` to test without waiting."""

    def monotonic(self) -> float:
        """Return the seconds since any fixed moment; never less than before."""
        ...

    def time(self) -> float:
        """Return the seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds; called by `Client`."""
        ...

    def asleep(self, seconds: float) -> Awaitable[None]:
        """Wait for so many seconds; called by `AsyncClient`."""
        ...


class SystemClock:
    """The system's clock."""

    def monotonic(self) -> float:
        """Return the seconds since any fixed moment; never less than before."""
        return time.monotonic()

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block the thread for so many seconds."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait for so many seconds, under asyncio or trio."""
        from anyio import sleep  # Only the async client needs anyio, which takes long to import.

        await sleep(seconds)
