"""Provide clocks that no test waits for."""

from __future__ import annotations

from collections.abc import Awaitable

import anyio

from segmind_ltx_sandbox import ManualClock


class FakeClock:
    """A clock that only sleeping advances. ``slept`` lists the lengths of the sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return 5000.0 + self.now

    def time(self) -> float:
        return 1_800_000_000.0 + self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def asleep(self, seconds: float) -> Awaitable[None]:
        self.sleep(seconds)
        return anyio.sleep(0)


class LinkedClock:
    """The client's clock, linked to the sandbox's: if the client sleeps, the sandbox's jobs proceed."""

    def __init__(self, other: ManualClock) -> None:
        self._other = other

    def monotonic(self) -> float:
        return self._other.now()

    def time(self) -> float:
        return self._other.utc().timestamp()

    def sleep(self, seconds: float) -> None:
        self._other.advance(seconds)

    def asleep(self, seconds: float) -> Awaitable[None]:
        self.sleep(seconds)
        return anyio.sleep(0)
