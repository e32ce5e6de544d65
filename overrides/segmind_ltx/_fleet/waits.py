"""The jobs that are paid for and not yet saved: each waits as a timer and a suspended flow, not as a task.

Thousands are in flight at once. The queue has no entry for them: their rows say which worker waits for them, and if it
dies, the sweep of another one gives each row an entry again.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Self

import attrs

from segmind_ltx._core.effects import Flow
from segmind_ltx._core.results import VideoFacts
from segmind_ltx._fleet.calls import StoppingError
from segmind_ltx._fleet.rows import Begun
from segmind_ltx._many.generate import MAX_CALLS

AFTER_MISTAKE: Final = 30.0
"""Seconds after which a job is looked at again if our code made a mistake about it."""

log: logging.Logger = logging.getLogger("segmind_ltx")


@attrs.define(eq=False)
class PaidJob:
    """A job that is paid for: what its wait needs of its row, and how far the wait has come.

    ``begun`` is the time of its submit on the server's clock, ``submitted`` the same on the driver's.
    """

    request_id: str
    begun: float
    submitted: float
    model: str | None
    url: str | None
    target: str | None
    label: str | None
    flow: Flow[VideoFacts] | None = None

    @classmethod
    def of(cls, row: Begun, request_id: str, now: float) -> Self:
        """Return the job of a row that was read at ``now`` on the driver's clock."""
        begun = row.begun or row.now
        submitted = now - max(0.0, row.now - begun)
        # Each row brings strings of its own, equal for thousands of them.
        model, target = (text and sys.intern(text) for text in (row.model, row.target))
        return cls(request_id, begun, submitted, model, row.url, target, row.label)


class Waits:
    """Calls ``step`` for each job, again after so many seconds as it returned, until it returns None.

    At most ``at_once`` steps run at a time, apart from those that said `saving`; the others wait without a task.
    ``freed`` is called whenever a job is done with.
    """

    def __init__(
        self,
        step: Callable[[int, PaidJob], Awaitable[float | None]],
        freed: Callable[[], object],
        at_once: int = MAX_CALLS,
    ) -> None:
        self._step, self._freed, self._at_once = step, freed, at_once
        self._jobs: dict[int, PaidJob] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._polling: set[int] = set()
        self._due: deque[int] = deque()
        self._closing = False
        self._context = contextvars.copy_context()  # One for all timers, which would copy it.

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, number: int, job: PaidJob) -> None:
        """Wait for the job of a row. If there is a wait for that row, an entry was given twice: nothing changes."""
        if number not in self._jobs:
            self._jobs[number] = job
            self._start(number)

    def _later(self, number: int, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timers[number] = loop.call_later(seconds, self._start, number, context=self._context)

    def _start(self, number: int) -> None:
        self._timers.pop(number, None)
        self._due.append(number)
        self._start_due()

    def _start_due(self) -> None:
        while self._due and len(self._polling) < self._at_once and not self._closing:
            number = self._due.popleft()
            self._polling.add(number)
            self._tasks[number] = asyncio.get_running_loop().create_task(self._advance(number))

    def saving(self, number: int) -> None:
        """Note that the step of a row polls no more, but saves a video, which may take long."""
        self._polling.discard(number)
        self._start_due()

    async def _advance(self, number: int) -> None:
        try:
            seconds = await self._step(number, self._jobs[number])
        except StoppingError:
            return  # `close` hands the job over.
        except Exception:
            log.exception("row %d: a mistake of this program; the job is looked at again", number)
            self._jobs[number].flow, seconds = None, AFTER_MISTAKE
        finally:
            del self._tasks[number]
            self.saving(number)
        if seconds is not None:
            self._later(number, seconds)
        else:
            del self._jobs[number]
            self._freed()

    async def close(self, seconds: float) -> list[tuple[int, PaidJob]]:
        """Let the steps end within so many seconds; return the jobs that are not done with, the oldest first."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        return sorted(self._jobs.items(), key=lambda item: item[1].begun)
