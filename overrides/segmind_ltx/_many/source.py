"""Read the requests of `generate_many` only as fast as jobs end, and without holding back what has finished.

A list is read as it stands. Anything else may block: a generator that waits for its next prompt would hold back the
videos that are finished. It is read in a thread of its own, as `multiprocessing.Pool.imap` does, and an async iterable
in a task (`segmind_ltx._many.async_source`).
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Any, Generic, TypeVar

from segmind_ltx.errors import ParameterError

T = TypeVar("T")


class Reader(Generic[T]):
    """Reads a source: here one that never blocks. Its subclasses read ahead, by no more than was asked for."""

    def __init__(self, source: Iterable[T]) -> None:
        self.exhausted = False
        self._source = iter(source)

    def take(self, free: int) -> list[T]:
        """Return what can be had at once, at most ``free`` items. Raises what the source raised."""
        items: list[T] = []
        while len(items) < free and not self.exhausted:
            try:
                items.append(next(self._source))
            except StopIteration:
                self.exhausted = True
        return items

    def close(self) -> None:
        """Read nothing more. What a source that blocks yields later is dropped."""


class ReadAhead(Reader[T]):
    """Holds what was read and not taken yet; ``wake`` is called after each item and at the end."""

    def __init__(self, source: Iterable[T], wake: Callable[[], object]) -> None:
        super().__init__(source)
        self._wake, self._closed = wake, False
        self._items, self._wanted = deque[T](), 0
        self._ended, self._error = False, list[BaseException]()
        self._changed = threading.Condition()

    def take(self, free: int) -> list[T]:
        """Return what was read, and let as many more be read as places are ``free``."""
        with self._changed:
            items = list(self._items)
            self._items.clear()
            self._wanted = free - len(items)
            self.exhausted = self._ended and not items
            self._changed.notify()
        if self.exhausted and self._error:
            raise self._error[0]
        return items

    def close(self) -> None:
        """Read nothing more; a thread that still waits for its source drops what comes."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def start(self) -> bool:
        """Start the thread; False if the system allows no more threads."""
        # The source sees the context variables of whoever asked for the videos.
        context = contextvars.copy_context()
        try:
            threading.Thread(target=context.run, args=(self._read,), name="segmind-ltx source", daemon=True).start()
        except RuntimeError:
            return False
        return True

    def _read(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted > 0 or self._closed or self._ended)
                if self._closed or self._ended:
                    return
            try:
                self._put([next(self._source)])
            except StopIteration:
                self._end()
            except BaseException as error:  # It is the caller's, and is raised there.
                self._end(error)

    def _put(self, items: list[T]) -> None:
        with self._changed:
            self._items.extend(items)
            self._wanted -= len(items)
        self._wake()

    def _end(self, *error: BaseException) -> None:
        with self._changed:
            self._ended, self._error = True, list(error)
        self._wake()


def check_source(source: object, kinds: Any, advice: str) -> None:
    """Raise `ParameterError` if a source is of none of the kinds."""
    if not isinstance(source, kinds):
        raise ParameterError(f"requests is {type(source).__name__}, which is no iterable of requests; {advice}")


def open_source(source: Iterable[T], wake: Callable[[], object]) -> Reader[T]:
    """Return the reader of a source; ``wake`` is called, perhaps in another thread, if there is something to take."""
    if isinstance(source, Collection):
        return Reader(source)
    reader = ReadAhead(source, wake)
    return reader if reader.start() else Reader(source)
