"""Calls that their caller can stop waiting for.

httpx bounds each wait for a piece of an answer, not the whole: a line that drips holds a caller for ever. So a call
that has to end in time is made in a thread of its own, which is left to itself when the time is over.
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
    """Runs one piece of work after another, each within a time. Threads are kept, and used again."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._process = os.getpid()

    def run(self, work: Callable[[], T], seconds: float, grace: float = 0.0) -> T:
        """What ``work`` gives, or raises. Raises `TimeoutError` after so many seconds; the work then goes on unseen.

        Where it is interrupted, what comes within the ``grace``, in seconds, is given with the interrupt as `InterruptedCall`.
        """
        if self._process != os.getpid():
            # The threads stayed behind in the process that this one was forked from.
            self._idle, self._process = [], os.getpid()
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker()
        try:
            worker.work.put((contextvars.copy_context(), work))
            result, error = worker.done.get(timeout=seconds)
        except BaseException as stopped:
            worker.work.put(None)  # It ends when it has come through.
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
        """Let the threads end."""
        while self._idle:
            self._idle.pop().work.put(None)

    def __del__(self) -> None:
        self.close()


def _late_result(worker: _Worker, seconds: float) -> Any:
    """What still comes of an interrupted worker; None where nothing does. A second interrupt ends this as well."""
    try:
        return worker.done.get(timeout=seconds)[0]
    except queue.Empty:
        return None


class _Worker:
    def __init__(self) -> None:
        self.work: queue.SimpleQueue[tuple[contextvars.Context, Callable[[], Any]] | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        # A daemon, since a program that has given up on an answer must be able to end.
        threading.Thread(target=_work, args=(self.work, self.done), name="segmind-ltx call", daemon=True).start()


def _work(
    work: queue.SimpleQueue[tuple[contextvars.Context, Callable[[], Any]] | None],
    done: queue.SimpleQueue[tuple[Any, BaseException | None]],
) -> None:
    while (task := work.get()) is not None:
        context, function = task
        try:
            done.put((context.run(function), None))
        except BaseException as error:  # It belongs to the caller, whatever it is.
            done.put((None, error))
        del task, context, function
