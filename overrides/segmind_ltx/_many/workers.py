"""Run many flows with a few calls in flight.

A connection pool serves a few calls far better than hundreds, and a job needs a connection only now and then. So all
flows wait in one queue, ordered by when each is due, and a few threads take them from there, one step at a time. The
async client does the same with tasks (`segmind_ltx._many.async_workers`).
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, Self
from weakref import WeakSet

from segmind_ltx._core.effects import Call, NoResponse, Response, Sleep
from segmind_ltx._http.attempt import Attempt
from segmind_ltx._http.driver import Driver
from segmind_ltx._http.failures import deadline_words
from segmind_ltx._many.scheduler import ConcurrencyLimit, DueQueue, JobTask
from segmind_ltx.errors import APIConnectionError, ConfigurationError

CHECK_INTERVAL: Final = 0.5
"""Seconds between two checks for calls that do not end."""
GRACE: Final = 10.0
"""Seconds to wait for responses to submits when a pool closes: each may be a paid job."""


_LIVE: Final = WeakSet["WorkerPool"]()


class WorkerPool:
    """Runs tasks in at most ``max_calls`` threads. A context manager.

    The pool also closes with its client, and when the program ends. ``on_close`` runs on every close, so unfinished
    jobs are reported even if the caller never closes the generator.
    """

    def __init__(self, driver: Driver, max_calls: int, on_close: Callable[[], object]) -> None:
        self._driver, self._limit, self._now, self._on_close = (
            driver,
            ConcurrencyLimit(max_calls),
            driver.context.now,
            on_close,
        )
        self._process, self._last_check = os.getpid(), time.monotonic()
        self._queue, self._ended = DueQueue(), SimpleQueue[JobTask | BaseException | None]()
        self._threads: list[threading.Thread] = []
        self._calls: dict[threading.Thread, tuple[JobTask, Attempt, float]] = {}
        self._submitting: set[threading.Thread] = set()  # Threads in a submit, until its response is recorded.
        self._stopping = self._has_timer = False
        self._idle = 0
        lock = threading.Lock()
        # One idle thread waits for the next due time; the others wait until there is a task.
        self._timer, self._ready = threading.Condition(lock), threading.Condition(lock)

    def __enter__(self) -> Self:
        _LIVE.add(self)
        self._driver.closeables.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Start nothing more, and wait for the responses to submits: if an id is lost, its job is still billed."""
        _LIVE.discard(self)
        self._driver.closeables.discard(self)
        if self._process != os.getpid():
            return  # This process was forked; the threads exist only in its parent.
        with self._timer:
            self._stopping = True
            self._timer.notify_all()
            self._ready.notify_all()
        until = time.monotonic() + GRACE
        for thread in list(self._submitting):
            thread.join(max(0.0, until - time.monotonic()))
        with self._timer:
            for task in self._queue.clear():
                task.cancel_unsent()
        self._on_close()

    def add(self, task: JobTask) -> None:
        """Start a task. Raises `ConfigurationError` if the client is closed."""
        if self._stopping:
            raise _closed_error()
        self._enqueue(task, self._now())

    def wake(self) -> None:
        """Let `next_ended` return None: there is something else to look at."""
        self._ended.put(None)

    def next_ended(self) -> JobTask | None:
        """Wait for a task to end, and return it; None after `wake`.

        Raises `ConfigurationError` if the client is closed before that.
        """
        while True:
            left = self._seconds_to_check()
            if left <= 0:
                self._last_check = time.monotonic()
                self._abandon_overdue()
                with self._timer:
                    self._grow_if_useful()
                left = self._seconds_to_check()
            try:
                ended = self._ended.get(timeout=max(0.0, left))
            except Empty:
                if self._stopping:
                    raise _closed_error() from None
                continue
            if isinstance(ended, BaseException):
                raise ended
            return ended

    def _seconds_to_check(self) -> float:
        """Return the seconds until the next check for calls that do not end, however many tasks end meanwhile."""
        calls = list(self._calls.values())
        ends = [started + attempt.call.limit for _, attempt, started in calls]
        return min([self._last_check + CHECK_INTERVAL, *ends]) - time.monotonic()

    def _abandon_overdue(self) -> None:
        """Take tasks back from threads whose call has passed its deadline: a slow server could hold them for ever."""
        now = time.monotonic()
        for thread, (task, attempt, started) in list(self._calls.items()):
            if now >= started + attempt.call.limit and self._calls.pop(thread, None) is not None:
                with self._timer:
                    self._threads.remove(thread)
                self._submitting.discard(thread)
                task.reply, task.given_up = attempt.outcome(deadline_words(attempt.call)), attempt
                self._enqueue(task, self._now())

    def _enqueue(self, task: JobTask, at: float) -> None:
        with self._timer:
            if not self._threads and not self._start_thread():
                raise APIConnectionError("no thread can be started to make the calls")
            if self._queue.add(task, at):
                (self._timer if self._has_timer else self._ready).notify()

    def _next_task(self) -> JobTask | None:
        with self._timer:
            while not self._stopping:
                now = self._now()
                task = self._queue.due(now)
                if task is not None:
                    self._grow_if_useful()
                    if not self._has_timer:
                        self._ready.notify()  # Another thread waits for the next due time from here on.
                    return task
                self._idle += 1
                if self._has_timer:
                    self._ready.wait()
                else:
                    self._has_timer = True
                    self._timer.wait(self._queue.next_in(now))
                    self._has_timer = False
                self._idle -= 1
            return None

    def _grow_if_useful(self) -> None:
        """Start another thread if a task is due, no thread is idle, and one more call is worthwhile."""
        if self._idle or self._queue.next_in(self._now()) != 0:
            return
        # A thread between two calls counts as one whose call has just started.
        now, calls = time.monotonic(), dict(self._calls)
        started = [calls[thread][2] if thread in calls else now for thread in self._threads]
        if self._limit.allows(started, now):
            self._start_thread()

    def _start_thread(self) -> bool:
        """Start a thread; False if the system allows no more threads."""
        thread = threading.Thread(target=self._work, name="segmind-ltx worker", daemon=True)
        self._threads.append(thread)
        try:
            thread.start()
        except RuntimeError:
            self._threads.remove(thread)
            return False
        return True

    def _work(self) -> None:
        try:
            while (task := self._next_task()) is not None:
                if not self._advance(task):
                    return
        except BaseException as error:  # Not an Exception: a callback that ends the program.
            self._ended.put(error)

    def _advance(self, task: JobTask) -> bool:
        """Run the task until it sleeps or ends. False if the task was taken back meanwhile: this thread then ends."""
        effect, task.reply = task.step(task.reply), None
        task.posting = False
        if task.given_up is not None:
            task.given_up.recorded()
            task.given_up = None
        while effect is not None:
            if isinstance(effect, Sleep):
                self._enqueue(task, self._now() + effect.seconds)
                return True
            reply = self._make_call(task, effect)
            if reply is None:
                return False
            if self._stopping and effect.method != "POST":
                return True  # The pool is closed, and so may be the ledger.
            effect = task.throw(reply) if isinstance(reply, Exception) else task.step(reply)
            task.posting = False
            self._submitting.discard(threading.current_thread())
        if task.ended:
            self._ended.put(task)
        return True

    def _make_call(self, task: JobTask, call: Call) -> Response | NoResponse | Exception | None:
        """Make a call; None if it was cancelled, or its task was taken back meanwhile."""
        me, started, submit = threading.current_thread(), time.monotonic(), call.method == "POST"
        attempt = self._driver.attempt(call)
        self._calls[me] = task, attempt, started
        if submit:
            self._submitting.add(me)
        if self._stopping:  # Check after registering above: either `close` sees this call, or it is not sent.
            del self._calls[me]
            self._submitting.discard(me)
            task.cancel_unsent()
            return None
        task.posting = submit
        try:
            reply: Response | NoResponse | Exception = self._driver.call(call, attempt)
        except Exception as error:
            reply = error
        if self._calls.pop(me, None) is None:
            return None
        self._limit.took(time.monotonic() - started)
        return reply


def _closed_error() -> ConfigurationError:
    return ConfigurationError("this client was closed before all jobs had ended")


@atexit.register
def _close_all() -> None:
    """Close the live pools when the program ends, so that no submit in flight is lost."""
    for pool in list(_LIVE):
        pool.close()
