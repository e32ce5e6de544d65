"""Read the requests of `generate_many` from sources that block, fail or are async."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

import segmind_ltx as ltx
from segmind_ltx_sandbox.testing import RunningSandbox
from support.many import Many

WAIT = 30.0


def request() -> ltx.LtxVideoRequest:
    return ltx.LtxVideoRequest(prompt="x")


def test_blocking_source_holds_nothing_back(many: Many) -> None:
    """What is finished is yielded while the source still waits for its next request."""
    finished = threading.Event()

    def source() -> Iterator[ltx.LtxVideoRequest]:
        yield request()
        assert finished.wait(WAIT), "the first video was held back"
        yield request()

    found = many(source(), lambda _: finished.set())
    assert [outcome.index for outcome in found] == [0, 1]
    assert all(outcome.video is not None for outcome in found)


def test_source_is_read_no_further_than_asked(many: Many) -> None:
    """As many requests are read as jobs may be paid for and not yet yielded, and no more."""
    read: list[int] = []

    def source() -> Iterator[ltx.LtxVideoRequest]:
        for number in range(9):
            read.append(number)
            yield request()

    taken: list[int] = []

    def each(_: Any) -> None:
        taken.append(len(read))

    many(source(), each, concurrency=2)
    assert all(count <= 2 + position for position, count in enumerate(taken)), taken


def test_leaving_while_the_source_blocks(many: Many) -> None:
    """Who leaves early does not wait for a source that blocks, and what it yields later is dropped."""
    go_on = threading.Event()

    def source() -> Iterator[ltx.LtxVideoRequest]:
        yield request()
        go_on.wait(WAIT)
        yield request()

    began = time.monotonic()
    found = many(source(), lambda _: True)
    assert time.monotonic() - began < WAIT / 2
    go_on.set()
    assert len(found) == 1
    assert len(many.sandbox.state.jobs) == 1


def test_error_of_the_source_is_raised(many: Many) -> None:
    """An exception of the source ends the call as it is, after what was read before has started."""

    def source() -> Iterator[ltx.LtxVideoRequest]:
        yield request()
        raise LookupError("the next prompt is gone")

    with pytest.raises(LookupError, match="the next prompt is gone"):
        many(source())


def test_source_sees_context_variables(many: Many) -> None:
    """A source that is read in a thread has the context variables of the caller."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
    name.set("mine")
    seen: list[str] = []

    def source() -> Iterator[ltx.LtxVideoRequest]:
        seen.append(name.get("lost"))
        yield request()

    many(source())
    assert seen == ["mine"]


@pytest.mark.parametrize("wrong", [None, 7, request()])
def test_what_is_no_source_is_refused(many: Many, wrong: Any) -> None:
    """Something that cannot be iterated over is refused with a sentence, and nothing is sent."""
    with pytest.raises(ltx.ParameterError, match="no iterable of requests"):
        many(wrong)
    assert not many.sandbox.state.jobs


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("fails", [False, True])
def test_async_source(prompted_sandbox: RunningSandbox, backend: str, *, fails: bool) -> None:
    """An async iterable is read in a task: it may wait for the outcome before, and its exceptions are raised."""
    found: list[int] = []

    async def main() -> None:
        finished = anyio.Event()

        async def source() -> AsyncIterator[ltx.LtxVideoRequest]:
            yield request()
            await finished.wait()
            if fails:
                raise LookupError("the next prompt is gone")
            yield request()

        client = ltx.AsyncClient(api_key=prompted_sandbox.key, base_url=prompted_sandbox.base_url)
        async with client, client.generate_many(source(), poll_interval=0.02) as outcomes:
            async for outcome in outcomes:
                found.append(outcome.index)
                finished.set()

    if fails:
        with pytest.raises(LookupError, match="the next prompt is gone"):
            anyio.run(main, backend=backend)
        assert found == [0]
    else:
        anyio.run(main, backend=backend)
        assert found == [0, 1]


def test_async_source_needs_the_async_client(prompted_sandbox: RunningSandbox) -> None:
    """The sync client says that it cannot read an async iterable."""

    async def source() -> AsyncIterator[ltx.LtxVideoRequest]:
        yield request()

    wrong: Any = source()
    client = ltx.Client(api_key=prompted_sandbox.key, base_url=prompted_sandbox.base_url)
    with client, pytest.raises(ltx.ParameterError, match="AsyncClient"):
        client.generate_many(wrong)
