"""The jobs of `generate_many`: how far each is, who goes on when, and how many calls are worth it. Pure."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Collection
from typing import Any, Final

from segmind_ltx._core.effects import Effect, Flow, Reply
from segmind_ltx._core.results import VideoFacts
from segmind_ltx.errors import APIConnectionError, SegmindLtxError, SubmitUncertainError, UnexpectedResponseError

CPU_PER_CALL: Final = 0.0005
"""Seconds of work that a call is, about, apart from waiting for its answer."""
WARM_UP_CALLS: Final = 3
STALLED_AFTER: Final = 0.5
"""Seconds after which a call is taken to hang, so that another one may be made beside it."""


class JobTask:
    """One job on its way. ``facts`` or ``error`` is there when it has ended."""

    def __init__(self, index: int, request: Any, label: str | None = None) -> None:
        self.index, self.request, self.label = index, request, label
        self.request_id: str | None = None
        self.flow: Flow[VideoFacts] | None = None
        self.facts: VideoFacts | None = None
        self.error: Exception | None = None
        self.reply: Reply = None  # What came of its last call, where it was given up.
        self.posting = False  # Whether its submit has left, and its answer is not there yet.

    def accepted(self, request_id: str) -> None:
        """Take note of the id."""
        self.request_id = request_id

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to do."""
        return self.flow is None or self.facts is not None or self.error is not None

    @property
    def possibly_billed(self) -> bool:
        """Whether there may be a job that nobody knows the id of."""
        if self.request_id is not None:
            return False
        error = self.error
        if error is None:
            return self.posting and self.facts is None
        # What is none of ours came from where nothing is known.
        unclear = isinstance(error, SubmitUncertainError | UnexpectedResponseError)
        return unclear or not isinstance(error, SegmindLtxError)

    def cancel_unsent(self) -> None:
        """It is not sent any more: nothing is ambiguous about a submit that did not leave, or was refused so far."""
        if self.request_id is None and not self.ended:
            self.throw(APIConnectionError("it was stopped before it was sent, or sent again. Nothing is billed."))

    def step(self, reply: Reply) -> Effect | None:
        """Go on with what came; gives what is to be done next, or None at the end."""
        return self._on_close_(lambda flow: flow.send(reply))

    def throw(self, error: Exception) -> Effect | None:
        """Go on with an exception."""
        return self._on_close_(lambda flow: flow.throw(error))

    def _on_close_(self, action: Callable[[Flow[VideoFacts]], Effect]) -> Effect | None:
        assert self.flow is not None  # noqa: S101 - only what was begun goes on
        try:
            return action(self.flow)
        except StopIteration as stop:
            self.facts = stop.value
        except Exception as error:
            self.error = error
        return None


class DueQueue:
    """Who goes on when. Pure; times are those of any one clock, in seconds."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, JobTask]] = []
        self._number = itertools.count()  # Of two that are due at once the one that came first goes first.

    def add(self, task: JobTask, at: float) -> bool:
        """Put down when a task goes on; True where that is earlier than all others."""
        entry = (at, next(self._number), task)
        heapq.heappush(self._entries, entry)
        return self._entries[0] is entry

    def due(self, now: float) -> JobTask | None:
        """Take off the task that has been due longest, if one is."""
        return heapq.heappop(self._entries)[2] if self._entries and self._entries[0][0] <= now else None

    def clear(self) -> list[JobTask]:
        """Take off all."""
        tasks = [task for _, _, task in self._entries]
        self._entries.clear()
        return tasks

    def next_in(self, now: float) -> float | None:
        """Seconds until the next is due; None where there is none."""
        return max(0.0, self._entries[0][0] - now) if self._entries else None


class ConcurrencyLimit:
    """How many calls are worth having under way. Pure.

    On a near server more than two only get into each other's way; on a far one most of a call is waiting, and many
    can wait at once. The fastest call so far tells which it is: the slower ones may have waited for each other.
    """

    def __init__(self, most: int) -> None:
        self._most, self._calls = most, 0
        self._fastest = math.inf

    def took(self, seconds: float) -> None:
        """Take note of how long a call took."""
        self._calls += 1
        self._fastest = min(self._fastest, seconds)

    @property
    def size(self) -> int:
        """So many calls: one until a few were made, since the first had to find a connection, then at least two."""
        return (
            1 if self._calls < WARM_UP_CALLS else max(2, min(self._most, 1 + math.ceil(self._fastest / CPU_PER_CALL)))
        )

    def allows(self, calls: Collection[float], now: float) -> bool:
        """Whether one more is worth it beside ``calls``, given when each began. Those that hang hold up nobody."""
        return len(calls) < self._most and sum(begun > now - STALLED_AFTER for begun in calls) < self.size
