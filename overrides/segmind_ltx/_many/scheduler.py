"""Schedule the jobs of `generate_many`: their progress, the order of their steps, and how many calls to make. Pure."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Collection
from typing import Any, Final, Protocol

from segmind_ltx._core.effects import Effect, Flow, NoResponse, Reply, Response
from segmind_ltx._core.journal import possibly_billed
from segmind_ltx._core.results import VideoFacts
from segmind_ltx.errors import APIConnectionError

CPU_PER_CALL: Final = 0.0005
"""The approximate CPU time of a call, in seconds, without the wait for its response."""
WARM_UP_CALLS: Final = 3
STALLED_AFTER: Final = 0.5
"""Seconds after which a call counts as stalled, so that another one may start beside it."""


class GivenUpCall(Protocol):
    """A call whose response may still arrive."""

    def recorded(self) -> None:
        """Note that its failure is recorded; a late response adds to that record."""
        ...


class JobTask:
    """A job in progress. When it has ended, it has ``facts`` or ``error``."""

    def __init__(self, index: int, request: Any, label: str | None = None) -> None:
        self.index, self.request, self.label = index, request, label
        self.request_id: str | None = None
        self.flow: Flow[VideoFacts] | None = None
        self.facts: VideoFacts | None = None
        self.error: Exception | None = None
        self.reply: Reply = None  # The outcome of the last call, if its worker was abandoned.
        self.given_up: GivenUpCall | None = None  # That call; its response may still arrive.
        self.posting = False  # Whether the submit was sent, and its response has not arrived yet.

    def on_accepted(self, request_id: str) -> None:
        """Store the request id."""
        self.request_id = request_id

    @property
    def ended(self) -> bool:
        """Whether the job needs no further step."""
        return self.flow is None or self.facts is not None or self.error is not None

    @property
    def possibly_billed(self) -> bool:
        """Whether a job may exist whose id is unknown."""
        if self.request_id is not None:
            return False
        error = self.error
        if error is None:
            return self.posting and self.facts is None
        return possibly_billed(error)

    def cancel_unsent(self) -> None:
        """Cancel a submit that was never sent, or was refused: no job can exist."""
        if self.request_id is None and not self.ended:
            self.throw(
                APIConnectionError("the submit was cancelled before it was sent, or sent again. Nothing is billed.")
            )

    def interrupted(self, reply: Response | NoResponse) -> None:
        """Take the response that arrived after the pool was stopped; if the submit was not sent, cancel it."""
        if isinstance(reply, NoResponse) and not reply.sent:
            self.cancel_unsent()
        else:
            self.step(reply)

    def step(self, reply: Reply) -> Effect | None:
        """Resume the flow with the result of its last effect, and return the next one; None if the flow has ended."""
        return self._resume(lambda flow: flow.send(reply))

    def throw(self, error: Exception) -> Effect | None:
        """Resume the flow with an exception, and return its next effect; None if the flow has ended."""
        return self._resume(lambda flow: flow.throw(error))

    def _resume(self, action: Callable[[Flow[VideoFacts]], Effect]) -> Effect | None:
        assert self.flow is not None  # noqa: S101 - only what was started goes on
        try:
            return action(self.flow)
        except StopIteration as stop:
            self.facts = stop.value
        except Exception as error:
            self.error = error
        return None


class DueQueue:
    """A queue of tasks, ordered by the time at which each is due, in seconds of any one clock. Pure."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, JobTask]] = []
        self._number = itertools.count()  # If two tasks are due at the same time, the first added goes first.

    def add(self, task: JobTask, at: float) -> bool:
        """Add a task that is due at ``at``; True if that is earlier than all others."""
        entry = (at, next(self._number), task)
        heapq.heappush(self._entries, entry)
        return self._entries[0] is entry

    def due(self, now: float) -> JobTask | None:
        """Remove and return the task that has been due longest; None if no task is due."""
        return heapq.heappop(self._entries)[2] if self._entries and self._entries[0][0] <= now else None

    def clear(self) -> list[JobTask]:
        """Remove and return all tasks."""
        tasks = [task for _, _, task in self._entries]
        self._entries.clear()
        return tasks

    def next_in(self, now: float) -> float | None:
        """Return the seconds until the next task is due; None if the queue is empty."""
        return max(0.0, self._entries[0][0] - now) if self._entries else None


class ConcurrencyLimit:
    """How many calls are worth having in flight. Pure.

    If the server is near, more than two calls only slow each other down; if it is far, a call is mostly waiting, and
    many can wait at once. The fastest call so far shows which it is: slower ones may have waited for each other.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum, self._calls = maximum, 0
        self._fastest = math.inf

    def took(self, seconds: float) -> None:
        """Record how long a call took."""
        self._calls += 1
        self._fastest = min(self._fastest, seconds)

    @property
    def size(self) -> int:
        """The number of calls: 1 at first, since the first calls have to connect, then at least 2."""
        return (
            1
            if self._calls < WARM_UP_CALLS
            else max(2, min(self._maximum, 1 + math.ceil(self._fastest / CPU_PER_CALL)))
        )

    def allows(self, calls: Collection[float], now: float) -> bool:
        """Whether to start one more call beside those that began at ``calls``. Stalled ones do not count."""
        return len(calls) < self._maximum and sum(started > now - STALLED_AFTER for started in calls) < self.size
