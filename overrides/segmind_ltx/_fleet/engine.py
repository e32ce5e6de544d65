"""The port to a queue: four calls, behind which any engine can stand.

An engine gives each entry to some worker at least once; it may give one twice. It decides nothing: see `_fleet`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import psycopg

FETCH_QUEUE: Final = "fetch"
"""The entries of jobs that are paid for, and of rows that a dead worker left. They go before all others."""


def submit_queue(batch: int) -> str:
    """Return the name of the queue with a batch's rows that are still to be submitted."""
    return f"submit-{batch}"


def fetch_priority(begun: float) -> int:
    """Return the priority of a paid job: the oldest goes first, since the service keeps a result for an hour."""
    return 2_000_000_000 - int(begun)


class Again(NamedTuple):
    """Put the entry back: into which queue, with which priority (the highest goes first)."""

    queue: str
    priority: int


Handler = Callable[[int], Awaitable[Again | None]]
"""Does what can be done about a row, and returns None if its entry is no longer needed."""


Enqueue = Callable[[psycopg.AsyncConnection[Any], str, Sequence[int], Sequence[int] | int], Awaitable[None]]
"""The first of the four calls: it is all that planning a batch needs."""


class Engine(Protocol):
    """A queue of row numbers."""

    async def enqueue(
        self,
        connection: psycopg.AsyncConnection[Any],
        queue: str,
        numbers: Sequence[int],
        priorities: Sequence[int] | int,
    ) -> None:
        """Add an entry for each row, in the caller's transaction. The rows have a priority each, or one for all."""
        ...

    async def run(self, handler: Handler, queues: list[str]) -> None:
        """Take entries from ``queues`` and give them to ``handler``, until `stop`. The caller may change the list."""
        ...

    def wake(self) -> None:
        """Look into the queues now: there is room again."""
        ...

    def stop(self) -> None:
        """Take no further entry. `run` returns once the running ones have ended."""
        ...

    async def rescue(self, seconds: float) -> list[int]:
        """Put back the entries of workers that gave no sign for so many seconds; return their rows."""
        ...
