"""Read the requests of the async client's `generate_many`; see `segmind_ltx._many.source`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterable, Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup

from segmind_ltx._many.source import ReadAhead, Reader, open_source

T = TypeVar("T")


class AsyncReadAhead(ReadAhead[T]):
    """Reads an async iterable, in a task that runs `read`."""

    def __init__(self, source: AsyncIterable[T], wake: Callable[[], object]) -> None:
        super().__init__((), wake)
        self._async_source = aiter(source)
        self._asked = anyio.Event()

    def take(self, free: int) -> list[T]:
        """See `ReadAhead`."""
        items = super().take(free)
        self._asked.set()
        return items

    async def read(self) -> None:
        """Read the source to its end."""
        while not self._ended:
            while self._wanted <= 0:
                self._asked = anyio.Event()
                await self._asked.wait()
            try:
                self._put([await anext(self._async_source)])
            except StopAsyncIteration:
                self._end()
            except Exception as error:
                self._end(error)


def open_async_source(
    source: Iterable[T] | AsyncIterable[T], wake: Callable[[], object], group: TaskGroup
) -> Reader[T]:
    """Return the reader of a source; ``wake`` is called in this event loop if there is something to take."""
    if isinstance(source, AsyncIterable):
        reader = AsyncReadAhead(source, wake)
        group.start_soon(reader.read)
        return reader
    return open_source(source, _threadsafe(wake))


def _threadsafe(callback: Callable[[], object]) -> Callable[[], None]:
    """Return a function that makes the running event loop call ``callback``, from any thread, if it still runs."""
    call: Callable[[Callable[[], object]], object]
    try:
        call = asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        # Whoever runs no asyncio loop runs trio, which is no dependency of this package.
        call = sys.modules["trio"].lowlevel.current_trio_token().run_sync_soon

    def in_loop() -> None:
        with suppress(RuntimeError):  # The loop is closed.
            call(callback)

    return in_loop
