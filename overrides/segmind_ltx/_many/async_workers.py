"""Run many flows with a few calls in flight, under asyncio or trio; see `segmind_ltx._many.workers`."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

import anyio
import anyio.abc
import anyio.lowlevel
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from segmind_ltx._core.effects import Call, Effect, InterruptedCall, Sleep
from segmind_ltx._http.async_driver import AsyncDriver
from segmind_ltx._many.async_source import open_async_source
from segmind_ltx._many.scheduler import ConcurrencyLimit, DueQueue, JobTask
from segmind_ltx._many.source import Reader

T = TypeVar("T")

CHECK_INTERVAL: Final = 0.5
"""Seconds after which to check whether another call is worthwhile, even if no task is due."""


class AsyncWorkerPool:
    """Runs tasks with at most ``max_calls`` calls in flight. Made by `async_worker_pool`."""

    def __init__(self, driver: AsyncDriver, max_calls: int, group: anyio.abc.TaskGroup) -> None:
        self._driver, self._group, self._now = driver, group, driver.context.now
        self._queue, self._limit, self._wake = DueQueue(), ConcurrencyLimit(max_calls), anyio.Event()
        self._calls: dict[JobTask, float] = {}  # The start of each task's call.
        ends: tuple[MemoryObjectSendStream[JobTask | None], MemoryObjectReceiveStream[JobTask | None]]
        ends = anyio.create_memory_object_stream(math.inf)
        self._ended, self.ended = ends

    def add(self, task: JobTask) -> None:
        """Start a task."""
        self._enqueue(task, self._now())

    def read(self, source: Iterable[T] | AsyncIterable[T]) -> Reader[T]:
        """Return the reader of a source, which wakes this pool."""
        return open_async_source(source, self.wake, self._group)

    def wake(self) -> None:
        """Let ``ended`` yield None: there is something else to look at."""
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):  # The pool was closed meanwhile.
            self._ended.send_nowait(None)

    def close(self) -> None:
        """Cancel the waiting tasks, and close the stream of ended ones."""
        for task in self._queue.clear():
            task.cancel_unsent()
        self._ended.close()
        self.ended.close()

    async def dispatch(self) -> None:
        """Resume each task when it is due, as many at once as the limit allows."""
        while True:
            # If a task started after the stop, it would take one more step, and record a submit that is never sent.
            await anyio.lowlevel.checkpoint_if_cancelled()
            now, at = self._now(), time.monotonic()
            allowed = self._limit.allows(self._calls.values(), at)
            task = self._queue.due(now) if allowed else None
            if task is not None:
                self._calls[task] = at
                self._group.start_soon(self._run, task)
                continue
            self._wake = anyio.Event()
            with anyio.move_on_after(self._queue.next_in(now) if allowed else CHECK_INTERVAL):
                await self._wake.wait()

    def _enqueue(self, task: JobTask, at: float) -> None:
        if self._queue.add(task, at):
            self._wake.set()

    async def _run(self, task: JobTask) -> None:
        pause = await self._advance(task)
        del self._calls[task]
        if pause is None:
            self._ended.send_nowait(task)
        else:
            self._queue.add(task, self._now() + pause)
        self._wake.set()

    async def _advance(self, task: JobTask) -> float | None:
        effect = task.step(None)
        while effect is not None:
            if isinstance(effect, Sleep):
                return effect.seconds
            task.posting = effect.method == "POST"
            effect = await self._make_call(task, effect)
            task.posting = False
        return None

    async def _make_call(self, task: JobTask, call: Call) -> Effect | None:
        started = time.perf_counter()
        try:
            reply = await self._driver.call(call)
        except InterruptedCall as caught:
            task.posting = False
            task.interrupted(caught.reply)
            raise caught.interrupt from None
        except Exception as error:
            return task.throw(error)
        self._limit.took(time.perf_counter() - started)
        return task.step(reply)


@asynccontextmanager
async def async_worker_pool(driver: AsyncDriver, max_calls: int) -> AsyncGenerator[AsyncWorkerPool]:
    """Run a pool for as long as the block runs."""
    failure: BaseException | None = None
    group = anyio.create_task_group()
    pool = AsyncWorkerPool(driver, max_calls, group)
    try:
        async with group:
            group.start_soon(pool.dispatch)
            try:
                yield pool
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as error:
                failure = error  # Keep it out of the task group, which would wrap it in an exception group.
            finally:
                group.cancel_scope.cancel()
    finally:
        pool.close()
    if failure is not None:
        raise failure
