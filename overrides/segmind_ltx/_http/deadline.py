"""Run calls with a deadline.

httpx bounds each wait for a chunk of a response, not the whole: a server that sends one byte at a time would hold the
caller for ever. So a call with a deadline runs in a thread of its own, which is abandoned if the deadline passes.
"""

from __future__ import annotations

import contextvars
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from segmind_ltx._core.effects import InterruptedCall

T = TypeVar("T")


class DeadlineExecutor:
    """Runs functions one after another, each with a deadline. Threads are kept and reused."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._process = os.getpid()

    def run(self, work: Callable[[], T], seconds: float, grace: float = 0.0) -> T:
        """Return the result of ``work``, or raise its exception.

        Raises `TimeoutError` after so many seconds; the work then goes on, and its result is dropped. If the caller is
        interrupted, waits up to ``grace`` seconds for the result, and raises it with the interrupt as
        `InterruptedCall`.
        """
        if self._process != os.getpid():
            # This process was forked; the threads exist only in its parent.
            self._idle, self._process = [], os.getpid()
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker()
        try:
            worker.work.put((contextvars.copy_context(), work))
            result, error = worker.done.get(timeout=seconds)
        except BaseException as stopped:
            worker.work.put(None)  # The thread ends once the work is done.
            if isinstance(stopped, queue.Empty):
                raise TimeoutError from None
            late = _late_result(worker, grace) if grace else None
            if late is None:
                raise
            raise InterruptedCall(stopped, late) from None
        self._idle.append(worker)
        if error is not None:
            raise error
        value: T = result
        return value

    def close(self) -> None:
        """Let the idle threads end."""
        while self._idle:
            self._idle.pop().work.put(None)

    def __del__(self) -> None:
        self.close()


def _late_result(worker: _Worker, seconds: float) -> Any:
    """Return the late result of an interrupted worker, or None. A second interrupt ends the wait."""
    try:
        return worker.done.get(timeout=seconds)[0]
    except queue.Empty:
        return None


class _Worker:
    def __init__(self) -> None:
        self.work: queue.SimpleQueue[tuple[contextvars.Context, Callable[[], Any]] | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        # A daemon thread, so that a program which has abandoned a call can still end.
        threading.Thread(target=_work, args=(self.work, self.done), name="segmind-ltx call", daemon=True).start()


def _work(
    work: queue.SimpleQueue[tuple[contextvars.Context, Callable[[], Any]] | None],
    done: queue.SimpleQueue[tuple[Any, BaseException | None]],
) -> None:
    while (task := work.get()) is not None:
        context, function = task
        try:
            done.put((context.run(function), None))
        except BaseException as error:  # The caller gets it, whatever it is.
            done.put((None, error))
        del task, context, function
