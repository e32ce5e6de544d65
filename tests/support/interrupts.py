"""Cancel or interrupt a call at its n-th point, and compare what was told with what the service accepted.

A point is an await of the caller's task, a step of the service (before it accepts a job, after that, within a body) or
a sleep. The tests do not name the points: they count those of an undisturbed run, then stop at each.

More than 250 lines, since the points, the calls and the comparison are of no use without each other.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import httpx

import segmind_ltx as ltx
from segmind_ltx._clock import SystemClock
from segmind_ltx.ledger import Ledger
from support.clocks import FakeClock
from support.fault_server import VIDEO

KEY = "SG_0123456789abcdef"
BASE = "https://api.test"
VIDEO_URL = "https://out.test/a.mp4"


class Points:
    """Counts the points of a run, and calls ``stop`` at point ``at`` (from 1)."""

    def __init__(self, at: int = 0) -> None:
        self.at, self.count = at, 0
        self.stop: Callable[[], object] = int

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.stop()


class Walk(Awaitable[Any]):
    """Await a coroutine; each of its suspensions is a point."""

    def __init__(self, work: Awaitable[Any], points: Points) -> None:
        self._work, self._points = work, points

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self._work.__await__()
        step: Callable[[], Any] = partial(steps.send, None)
        while True:
            try:
                waiting = step()
            except StopIteration as end:
                return end.value
            self._points()
            try:
                step = partial(steps.send, (yield waiting))
            except BaseException as error:
                step = partial(steps.throw, error)


class Service(httpx.AsyncBaseTransport):
    """Accepts each submit, and finishes each job at its second poll. ``accepted`` has the ids."""

    def __init__(self, points: Points, name: str) -> None:
        self._points, self._name = points, name
        self.accepted: list[str] = []
        self.open = 0
        self._polls: dict[str, int] = {}

    async def pause(self) -> None:
        self._points()
        await anyio.sleep(0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.pause()
        body, kind = await self._body(request)
        await self.pause()
        self.open += 1
        return httpx.Response(200, headers={"content-type": kind}, stream=_Body(self, body))

    async def _body(self, request: httpx.Request) -> tuple[bytes, str]:
        path = request.url.path
        if request.method == "POST":
            self.accepted.append(f"{self._name}-{len(self.accepted)}")
            await self.pause()
            return httpx.Response(200, json={"request_id": self.accepted[-1]}).content, "application/json"
        if path == "/a.mp4":
            return VIDEO, "video/mp4"
        request_id = path.split("/")[3]
        if not path.endswith("/status"):
            answer = {"request_id": request_id, "status": "COMPLETED", "output": VIDEO_URL}
            return httpx.Response(200, json=answer).content, "application/json"
        self._polls[request_id] = self._polls.get(request_id, 0) + 1
        state = "COMPLETED" if self._polls[request_id] > 1 else "PROCESSING"
        return httpx.Response(200, json={"request_id": request_id, "status": state}).content, "application/json"


class _Body(httpx.AsyncByteStream):
    def __init__(self, service: Service, body: bytes) -> None:
        self._service, self._body, self._open = service, body, True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        half = len(self._body) // 2
        for part in (self._body[:half], self._body[half:]):
            await self._service.pause()
            yield part

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            self._service.open -= 1


class PointClock(FakeClock):
    """A clock on which each sleep is a point."""

    def __init__(self, points: Points) -> None:
        super().__init__()
        self._points = points

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        self._points()
        await anyio.sleep(0)


class Told(logging.Handler):
    """Keeps the text of each warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage() + "\n"


Call = Callable[[ltx.AsyncClient, Path], Awaitable[Any]]


async def _submit(client: ltx.AsyncClient, _: Path) -> str:
    return (await client.submit("ltx-video", prompt="x")).id


async def _wait(client: ltx.AsyncClient, _: Path) -> str | None:
    job = await client.submit("ltx-video", prompt="x")
    return (await job.wait()).request_id


async def _generate(client: ltx.AsyncClient, _: Path) -> str | None:
    return (await client.generate("ltx-video", prompt="x")).request_id


async def _save(client: ltx.AsyncClient, path: Path) -> str | None:
    video = await client.generate("ltx-video", prompt="x")
    await video.save(path)
    return video.request_id


async def _many(client: ltx.AsyncClient, _: Path) -> None:
    requests = [ltx.LtxVideoRequest(prompt="x")] * 3
    async with client.generate_many(requests, concurrency=2, poll_interval=0.001) as outcomes:
        async for outcome in outcomes:
            client._driver.context.log.warning("the caller has %s", outcome.request_id)  # pyright: ignore[reportPrivateUsage]


CALLS: dict[str, Call] = {
    "submit": _submit,
    "wait": _wait,
    "generate": _generate,
    "save": _save,
    "generate_many": _many,
}


class SiblingError(Exception):
    """The failure of a task beside the call."""


class Run(NamedTuple):
    """What came of one run of a call, stopped at one point."""

    points: int
    lost: list[str]
    """The ids of accepted jobs that were not told, or are not in the ledger."""
    left: list[str]
    """What should not be left: partial files, tasks, open responses."""


class Runner:
    """Runs one call again and again in one event loop, with one ledger, and stops it in one way."""

    def __init__(self, folder: Path, call: str, how: str, ledger: Ledger) -> None:
        self._folder, self._call, self._how, self._ledger = folder, call, how, ledger
        self._number = 0

    async def run(self, at: int) -> Run:
        """Run the call once, and stop it at point ``at``; with 0, let it end."""
        self._number += 1
        points, told = Points(at), Told()
        service = Service(points, f"run-{self._number}-job")
        # `generate_many` waits for events, not on the clock.
        clock = SystemClock() if self._call == "generate_many" else PointClock(points)
        logger = logging.getLogger(f"segmind_ltx_test.{self._number}")
        logger.addHandler(told)
        logger.propagate = False
        client = ltx.AsyncClient(KEY, BASE, transport=service, ledger=self._ledger, clock=clock, logger=logger)
        result: list[Any] = []
        error: BaseException | None = None

        async def work() -> None:
            job = CALLS[self._call](client, self._folder / f"{self._number}.mp4")
            result.append(await Walk(_as_coroutine(job), points))

        try:
            async with client:
                await STOPS[self._how](work, points)
        except BaseException as caught:
            error = caught
        with suppress(KeyboardInterrupt):  # If the call had no await left, it comes now.
            await anyio.sleep(0)
        return Run(points.count, self._lost(service, f"{result}\n{told.text}\n{_words(error)}"), self._left(service))

    def _lost(self, service: Service, told: str) -> list[str]:
        written = {entry.request_id for entry in self._ledger.entries()}
        untold = [f"{job} is not told: {told}" for job in service.accepted if job not in told]
        return untold + [f"{job} is not in the ledger" for job in service.accepted if job not in written]

    def _left(self, service: Service) -> list[str]:
        tasks = [str(task.name) for task in anyio.get_running_tasks()]
        found = [path.name for path in self._folder.iterdir() if path.suffix == ".part"]
        found += [name for name in tasks if "segmind_ltx" in name]
        return found + ([f"{service.open} responses"] if service.open else [])


Work = Callable[[], Awaitable[None]]


async def _by_scope(work: Work, points: Points) -> None:
    with anyio.CancelScope() as scope:
        points.stop = scope.cancel
        await work()


async def _by_sibling(work: Work, points: Points) -> None:
    failing = anyio.Event()

    async def sibling() -> None:
        await failing.wait()
        raise SiblingError

    points.stop = failing.set
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(sibling)
            await work()
            group.cancel_scope.cancel()
    except* SiblingError:
        pass


async def _by_task(work: Work, points: Points) -> None:
    """Cancel a task of asyncio itself, as wait_for, gather and asyncio's own task groups do."""
    task = asyncio.ensure_future(_as_coroutine(work()))
    points.stop = task.cancel
    await asyncio.gather(task, return_exceptions=True)


async def _by_interrupt(work: Work, points: Points) -> None:
    """Send the signal of Ctrl-C, which trio raises at the next checkpoint of its first task."""
    points.stop = partial(signal.raise_signal, signal.SIGINT)
    await work()


STOPS: dict[str, Callable[[Work, Points], Awaitable[None]]] = {
    "scope": _by_scope,
    "sibling": _by_sibling,
    "task": _by_task,
    "interrupt": _by_interrupt,
}


async def _as_coroutine(work: Awaitable[Any]) -> Any:
    return await work


def _words(error: BaseException | None) -> str:
    if error is None:
        return ""
    parts: tuple[BaseException, ...] = getattr(error, "exceptions", ())  # Those of an exception group.
    more = [_words(part) for part in parts]
    return "\n".join([str(error), *getattr(error, "__notes__", ()), _words(error.__context__), *more])
