"""Run calls with a deadline.

httpx bounds each wait for a chunk of a response, not the whole: a server that sends one byte at a time, or one interim
response after another, would hold the caller for ever. So each call runs in a thread of its own, which is abandoned if
the deadline passes. It also keeps the exceptions of the caller's signal handlers out of the call.
"""

from __future__ import annotations

import contextvars
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

from segmind_ltx._core.effects import Sink

T = TypeVar("T")

Work = Callable[[Sink], T]
"""A function that gets a sink to pass the chunks of a body on to the caller's thread."""


class DeadlineExceeded(Exception):  # noqa: N818 - a signal between two modules, never to users
    """The work has not ended in time. No subclass of TimeoutError, which a caller's signal handler may raise."""


class InterruptedWork(BaseException):
    """The caller was interrupted; ``result`` is that of the work if it arrived all the same, else None."""

    def __init__(self, interrupt: BaseException, result: Any) -> None:
        super().__init__()
        self.interrupt, self.result = interrupt, result


class NoThreadError(Exception):
    """The system, or an interpreter that is shutting down, allows no further thread."""


class _Stopped(Exception):  # noqa: N818 - a signal to a worker, never to users
    """The caller no longer takes chunks."""


class _Chunk(NamedTuple):
    data: bytes
    total: int | None


_NO_CHUNKS: Final[Sink] = lambda _chunk, _total: None  # noqa: E731 - the default of a parameter


class DeadlineExecutor:
    """Runs functions one after another, each with a deadline. Threads are kept and reused."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._process = os.getpid()

    def run(
        self,
        work: Work[T],
        seconds: float,
        *,
        sink: Sink = _NO_CHUNKS,
        grace: float = 0.0,
        stop: Callable[[], T | None] = lambda: None,
    ) -> T:
        """Return the result of ``work``, or raise its exception.

        Chunks that the work passes on go into ``sink``, in the caller's thread; each of them renews the deadline.
        Raises `DeadlineExceeded` after so many seconds; the work then goes on, and its result is dropped. If the caller
        is interrupted, ``stop`` may give the result at once; else waits up to ``grace`` seconds for it. Then raises
        `InterruptedWork`. Raises `NoThreadError` if no thread can be started.
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
            result, error = worker.result(seconds, sink)
        except BaseException as stopped:
            worker.taken.put(_Stopped())
            worker.work.put(None)  # The thread ends once the work is done.
            if isinstance(stopped, DeadlineExceeded):
                raise
            late = stop()
            raise InterruptedWork(stopped, _late_result(worker, grace) if late is None else late) from None
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
        return worker.result(seconds, _NO_CHUNKS)[0] if seconds else None
    except BaseException:  # The first interrupt is raised.
        return None


class _Worker:
    def __init__(self) -> None:
        self.work: queue.SimpleQueue[tuple[contextvars.Context, Work[Any]] | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[_Chunk | tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self.taken: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        # A daemon thread, so that a program which has abandoned a call can still end.
        arguments = (self.work, self.done, self.taken)
        try:
            threading.Thread(target=_work, args=arguments, name="segmind-ltx call", daemon=True).start()
        except RuntimeError as error:
            raise NoThreadError(f"no thread can be started for it ({error})") from None

    def result(self, seconds: float, sink: Sink) -> tuple[Any, BaseException | None]:
        """Wait for the result, and pass chunks on meanwhile."""
        until = time.monotonic() + seconds
        while True:
            try:
                message = self.done.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise DeadlineExceeded from None
            if not isinstance(message, _Chunk):
                return message
            failure: BaseException | None = None
            try:
                sink(message.data, message.total)
            except Exception as error:  # The worker closes the connection, and then raises it again.
                failure = error
            until = time.monotonic() + seconds
            self.taken.put(failure)


def _work(
    work: queue.SimpleQueue[tuple[contextvars.Context, Work[Any]] | None],
    done: queue.SimpleQueue[_Chunk | tuple[Any, BaseException | None]],
    taken: queue.SimpleQueue[BaseException | None],
) -> None:
    def pass_on(data: bytes, total: int | None) -> None:
        done.put(_Chunk(data, total))
        failure = taken.get()
        if failure is not None:
            raise failure

    while (task := work.get()) is not None:
        context, function = task
        try:
            done.put((context.run(function, pass_on), None))
        except BaseException as error:  # The caller gets it, whatever it is.
            done.put((None, error))
        del task, context, function
