"""Many flows at once, with few calls under way.

One pool of connections serves a few calls far better than it serves hundreds that wait for it, and a job needs one only
now and then. So all flows lie on an agenda, ordered by when each goes on, and a small crew of threads takes them from
there, one step at a time. The async client has the same with tasks.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from queue import Empty, SimpleQueue
from typing import Any, Final, Self

import anyio
import anyio.abc
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from segmind_ltx._drive import AsyncDriver, Driver
from segmind_ltx._intake import too_late
from segmind_ltx._wire import Call, Effect, Flow, Pause, Reply
from segmind_ltx.errors import NoAnswerError
from segmind_ltx.video import VideoFacts

WORK: Final = 0.0005
"""Seconds of work that a call is, about, apart from waiting for its answer."""
FIRST: Final = 3
SLOW: Final = 0.5
"""Seconds after which a call is taken to hang, so that another one may be made beside it."""
LOOK: Final = 0.5
"""Seconds after which to look for calls that do not end, where nothing else happens."""
GRACE: Final = 10.0
"""Seconds for which the answers to submits are awaited when a crew is told to stop: each may be a paid job."""


class Task:
    """One job on its way. ``facts`` or ``error`` is there when it has ended."""

    def __init__(self, index: int, request: Any) -> None:
        self.index, self.request = index, request
        self.request_id: str | None = None
        self.flow: Flow[VideoFacts] | None = None
        self.facts: VideoFacts | None = None
        self.error: Exception | None = None
        self.reply: Reply = None  # What came of its last call, where it was given up.

    def accepted(self, request_id: str) -> None:
        """Take note of the id."""
        self.request_id = request_id

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to do."""
        return self.flow is None or self.facts is not None or self.error is not None

    def withhold(self) -> None:
        """It is not sent any more: nothing is ambiguous about a submit that did not leave, or was refused so far."""
        if self.request_id is None and not self.ended:
            self.throw(NoAnswerError("it was stopped before it was sent, or sent again. Nothing is billed."))

    def step(self, reply: Reply) -> Effect | None:
        """Go on with what came; gives what is to be done next, or None at the end."""
        return self._tell(lambda flow: flow.send(reply))

    def throw(self, error: Exception) -> Effect | None:
        """Go on with an exception."""
        return self._tell(lambda flow: flow.throw(error))

    def _tell(self, action: Callable[[Flow[VideoFacts]], Effect]) -> Effect | None:
        assert self.flow is not None  # noqa: S101 - only what was begun goes on
        try:
            return action(self.flow)
        except StopIteration as stop:
            self.facts = stop.value
        except Exception as error:
            self.error = error
        return None


class Agenda:
    """Who goes on when. Pure; times are those of any one clock, in seconds."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Task]] = []
        self._number = itertools.count()  # Of two that are due at once the one that came first goes first.

    def add(self, task: Task, at: float) -> bool:
        """Put down when a task goes on; True where that is earlier than all others."""
        entry = (at, next(self._number), task)
        heapq.heappush(self._entries, entry)
        return self._entries[0] is entry

    def due(self, now: float) -> Task | None:
        """Take off the task that has been due longest, if one is."""
        return heapq.heappop(self._entries)[2] if self._entries and self._entries[0][0] <= now else None

    def clear(self) -> list[Task]:
        """Take off all."""
        tasks = [task for _, _, task in self._entries]
        self._entries.clear()
        return tasks

    def next_in(self, now: float) -> float | None:
        """Seconds until the next is due; None where there is none."""
        return max(0.0, self._entries[0][0] - now) if self._entries else None


class Pace:
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
        return 1 if self._calls < FIRST else max(2, min(self._most, 1 + math.ceil(self._fastest / WORK)))

    def allows(self, calls: Collection[float], now: float) -> bool:
        """Whether one more is worth it beside ``calls``, given when each began. Those that hang hold up nobody."""
        return len(calls) < self._most and sum(begun > now - SLOW for begun in calls) < self.size


class Crew:
    """Threads that take turns with the tasks, at most ``most``. A context manager."""

    def __init__(self, driver: Driver, most: int) -> None:
        self._driver, self._pace, self._now = driver, Pace(most), driver.env.now
        self._agenda, self._ended = Agenda(), SimpleQueue[Task | BaseException]()
        self._threads: list[threading.Thread] = []
        self._under_way: dict[threading.Thread, tuple[Task, Call, float]] = {}
        self._stopping = self._watched = False
        self._idle = 0
        lock = threading.Lock()
        # One thread watches the time; the others wait until there is something to do.
        self._watch, self._help = threading.Condition(lock), threading.Condition(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Begin nothing more, and wait for the answers to submits: a job that nobody knows may cost as much."""
        with self._watch:
            self._stopping = True
            self._watch.notify_all()
            self._help.notify_all()
        until = time.monotonic() + GRACE
        for thread, (_task, call, _begun) in list(self._under_way.items()):
            if call.method == "POST":
                thread.join(max(0.0, until - time.monotonic()))
        with self._watch:
            for task in self._agenda.clear():
                task.withhold()

    def add(self, task: Task) -> None:
        """Begin a task."""
        self._put(task, self._now())

    def next_ended(self) -> Task:
        """Wait for a task to end."""
        while True:
            try:
                ended = self._ended.get(timeout=LOOK)
            except Empty:
                self._give_up()
                with self._watch:
                    self._help_out()
                continue
            if isinstance(ended, BaseException):
                raise ended
            return ended

    def _give_up(self) -> None:
        """Take the tasks from threads whose calls do not end, since a line that drips could hold them for ever."""
        now = time.monotonic()
        for thread, (task, call, begun) in list(self._under_way.items()):
            if call.within is not None and now - begun > call.within and self._under_way.pop(thread, None) is not None:
                with self._watch:
                    self._threads.remove(thread)
                task.reply = too_late(call)
                self._put(task, self._now())

    def _put(self, task: Task, at: float) -> None:
        with self._watch:
            if not self._threads:
                self._grow()
            if self._agenda.add(task, at):
                (self._watch if self._watched else self._help).notify()

    def _take(self) -> Task | None:
        with self._watch:
            while not self._stopping:
                now = self._now()
                task = self._agenda.due(now)
                if task is not None:
                    self._help_out()
                    if not self._watched:
                        self._help.notify()  # Somebody else watches the time from here on.
                    return task
                self._idle += 1
                if self._watched:
                    self._help.wait()
                else:
                    self._watched = True
                    self._watch.wait(self._agenda.next_in(now))
                    self._watched = False
                self._idle -= 1
            return None

    def _help_out(self) -> None:
        """Take on another thread where a task is due, nobody is free, and it is worth it."""
        if self._idle or self._agenda.next_in(self._now()) != 0:
            return
        # A thread between two calls counts as one that has just begun.
        now, calls = time.monotonic(), dict(self._under_way)
        begun = [calls[thread][2] if thread in calls else now for thread in self._threads]
        if self._pace.allows(begun, now):
            self._grow()

    def _grow(self) -> None:
        thread = threading.Thread(target=self._work, name="segmind-ltx crew", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        try:
            while (task := self._take()) is not None:
                if not self._advance(task):
                    return
        except BaseException as error:  # Not an Exception: a callback that ends the program.
            self._ended.put(error)

    def _advance(self, task: Task) -> bool:
        """Go on until the task pauses or ends. False where it was given up meanwhile, and with it this thread."""
        effect, task.reply = task.step(task.reply), None
        while effect is not None:
            if isinstance(effect, Pause):
                self._put(task, self._now() + effect.seconds)
                return True
            me, begun = threading.current_thread(), time.monotonic()
            self._under_way[me] = task, effect, begun
            if self._stopping:  # After the note above, so that either it is seen and waited for, or nothing leaves.
                del self._under_way[me]
                task.withhold()
                return True
            try:
                reply: Reply | Exception = self._driver.call(effect)
            except Exception as error:
                reply = error
            if self._under_way.pop(me, None) is None:
                return False
            self._pace.took(time.monotonic() - begun)
            effect = task.throw(reply) if isinstance(reply, Exception) else task.step(reply)
        if task.ended:
            self._ended.put(task)
        return True


class AsyncCrew:
    """The same with tasks, under asyncio or trio. Made by `async_crew`."""

    def __init__(self, driver: AsyncDriver, most: int, group: anyio.abc.TaskGroup) -> None:
        self._driver, self._group, self._now = driver, group, driver.env.now
        self._agenda, self._pace, self._wake = Agenda(), Pace(most), anyio.Event()
        self._calls: dict[Task, float] = {}  # When the call of each began.
        ends: tuple[MemoryObjectSendStream[Task], MemoryObjectReceiveStream[Task]]
        ends = anyio.create_memory_object_stream(math.inf)
        self._ended, self.ended = ends

    def add(self, task: Task) -> None:
        """Begin a task."""
        self._put(task, self._now())

    def close(self) -> None:
        """Close the stream of those that have ended, and leave the others."""
        for task in self._agenda.clear():
            task.withhold()
        self._ended.close()
        self.ended.close()

    async def dispatch(self) -> None:
        """Let each task go on when it is due, a few at a time."""
        while True:
            now, at = self._now(), time.monotonic()
            allowed = self._pace.allows(self._calls.values(), at)
            task = self._agenda.due(now) if allowed else None
            if task is not None:
                self._calls[task] = at
                self._group.start_soon(self._go_on, task)
                continue
            self._wake = anyio.Event()
            with anyio.move_on_after(self._agenda.next_in(now) if allowed else LOOK):
                await self._wake.wait()

    def _put(self, task: Task, at: float) -> None:
        if self._agenda.add(task, at):
            self._wake.set()

    async def _go_on(self, task: Task) -> None:
        pause = await self._advance(task)
        del self._calls[task]
        if pause is None:
            self._ended.send_nowait(task)
        else:
            self._agenda.add(task, self._now() + pause)
        self._wake.set()

    async def _advance(self, task: Task) -> float | None:
        effect = task.step(None)
        while effect is not None:
            if isinstance(effect, Pause):
                return effect.seconds
            # A submit is not cancelled half-way: a job that nobody knows may cost as much.
            with anyio.CancelScope(shield=effect.method == "POST"):
                effect = await self._answered(task, effect)
        return None

    async def _answered(self, task: Task, call: Call) -> Effect | None:
        begun = time.perf_counter()
        try:
            reply = await self._driver.call(call)
        except Exception as error:
            return task.throw(error)
        self._pace.took(time.perf_counter() - begun)
        return task.step(reply)


@asynccontextmanager
async def async_crew(driver: AsyncDriver, most: int) -> AsyncGenerator[AsyncCrew]:
    """A crew at work for as long as the block runs."""
    failure: BaseException | None = None
    group = anyio.create_task_group()
    crew = AsyncCrew(driver, most, group)
    try:
        async with group:
            group.start_soon(crew.dispatch)
            try:
                yield crew
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as error:
                failure = error  # Kept out of the group, which would wrap it into another one.
            finally:
                group.cancel_scope.cancel()
    finally:
        crew.close()
    if failure is not None:
        raise failure
