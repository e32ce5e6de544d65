"""Time as the client sees it."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Protocol

import anyio


class Clock(Protocol):
    """Time as the client sees it, in seconds; pass your own to test without waiting."""

    def monotonic(self) -> float:
        """Now, on a clock that never goes back."""
        ...

    def time(self) -> float:
        """Now, since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; called by `Client`."""
        ...

    def asleep(self, seconds: float) -> Awaitable[None]:
        """Wait; called by `AsyncClient`."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Now, on a clock that never goes back."""
        return time.monotonic()

    def time(self) -> float:
        """Now, since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait, under asyncio or trio."""
        await anyio.sleep(seconds)
