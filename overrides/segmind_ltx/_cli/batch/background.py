"""Run what takes long beside the rest of a batch: the waits for earlier jobs, and the downloads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

R = TypeVar("R")

MAX_THREADS: Final = 16


class StoppedError(Exception):
    """The batch was interrupted during a download."""


class Background(Generic[R]):
    """Runs functions in threads, and hands their results to the caller's thread in the order in which they end."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], R] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[R | BaseException] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._outstanding = 0
        self._stopping = False

    def start(self, work: Callable[[], R]) -> None:
        """Run a function; in this thread if the system allows no other."""
        self._outstanding += 1
        self._work.put(work)
        if len(self._threads) < min(MAX_THREADS, self._outstanding):
            # A daemon thread, so that a program that is interrupted can end.
            thread = threading.Thread(target=self._run, name="segmind-ltx batch", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                if not self._threads:
                    self._work.get()
                    self._run_next(work)
            else:
                self._threads.append(thread)

    def ended(self, *, wait: bool) -> Iterator[R]:
        """Yield the results that are there; with ``wait``, all, also of what is started meanwhile."""
        while self._outstanding:
            try:
                result = self._ended.get(block=wait)
            except queue.Empty:
                return
            self._outstanding -= 1
            if isinstance(result, BaseException):
                raise result
            yield result

    def stop(self, seconds: float) -> Iterator[R]:
        """Let downloads end at their next chunk, and yield what ends within so many seconds."""
        self._stopping = True
        until = time.monotonic() + seconds
        while self._outstanding:
            try:
                result = self._ended.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return
            self._outstanding -= 1
            if not isinstance(result, BaseException):
                yield result

    def raise_if_stopped(self, *_: object) -> None:
        """Raise `StoppedError` after `stop`; a ``progress`` callback for downloads."""
        if self._stopping:
            raise StoppedError

    def close(self) -> None:
        """Let the threads end."""
        self._stopping = True
        for _ in self._threads:
            self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            self._run_next(work)

    def _run_next(self, work: Callable[[], R]) -> None:
        try:
            self.raise_if_stopped()
            result: R | BaseException = work()
        except BaseException as error:  # The caller's thread gets it, whatever it is.
            result = error
        self._ended.put(result)
