"""The jobs in flight of a worker: how many steps run at once, mistakes, the end; and whose turn a call is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from segmind_ltx._config import check_options, read_api_key
from segmind_ltx._core.effects import Call, Flow, Reply, Response, Sleep
from segmind_ltx._core.results import VideoFacts
from segmind_ltx._fleet import waits as waits_module
from segmind_ltx._fleet.calls import FleetDriver, StoppingError
from segmind_ltx._fleet.waits import PaidJob, Waits
from segmind_ltx._many.scheduler import ConcurrencyLimit
from support.loops import settle

FREE = Call("GET", "/v2/requests/a/status", 1.0)


def job(begun: float = 0.0) -> PaidJob:
    return PaidJob("job-1", begun, 0.0, "ltx-video", None, None, None)


def one_call(path: str) -> Flow[Reply]:
    return (yield FREE._replace(path=path))


def test_few_steps_run_at_once() -> None:
    """Of many jobs that are due, a few are polled at a time; one that saves its video makes room for another."""

    async def main() -> None:
        running: list[int] = []
        go_on: dict[int, asyncio.Event] = {}

        async def step(number: int, _: PaidJob) -> None:
            running.append(number)
            go_on[number] = asyncio.Event()
            await go_on[number].wait()

        freed: list[bool] = []
        waits = Waits(step, lambda: freed.append(True), at_once=2)
        for number in range(4):
            waits.add(number, job())
        waits.add(1, job())  # An entry that was given twice.
        await settle()
        assert (running, len(waits)) == ([0, 1], 4)
        waits.saving(0)
        await settle()
        assert running == [0, 1, 2]
        go_on[1].set()
        await settle()
        assert (running, len(waits), freed) == ([0, 1, 2, 3], 3, [True])
        for event in go_on.values():
            event.set()
        assert (await waits.close(1.0), len(waits)) == ([], 0)

    asyncio.run(main())


def test_job_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step says when the next one is due; after a mistake of this program the wait begins anew."""
    monkeypatch.setattr(waits_module, "AFTER_MISTAKE", 0.0)

    async def main() -> None:
        ends: list[float | Exception | None] = [0.0, ValueError("a mistake"), 0.0, None]
        flows: list[object] = []

        async def step(_: int, one: PaidJob) -> float | None:
            flows.append(one.flow)
            one.flow = flow()
            end = ends.pop(0)
            if isinstance(end, Exception):
                raise end
            return end

        def flow() -> Flow[VideoFacts]:
            yield Sleep(0.0)
            return VideoFacts(request_id="job-1", model=None, url=None)

        done = asyncio.Event()
        waits = Waits(step, done.set)
        waits.add(1, job())
        await done.wait()
        assert [one is None for one in flows] == [True, False, True, False]

    asyncio.run(main())


def test_jobs_left_are_returned_oldest_first() -> None:
    """At the end, a step that does not come to its end is cancelled; every job that is not done with is returned."""

    async def main() -> None:
        cancelled: list[int] = []

        async def step(number: int, _: PaidJob) -> float | None:
            if number == 1:
                raise StoppingError
            if number == 2:
                return 1e6
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(number)
                raise
            return None

        waits = Waits(step, lambda: None, at_once=3)
        for number, begun in enumerate((30.0, 10.0, 20.0, 5.0, 1.0)):
            waits.add(number, job(begun))
        await settle()
        left = await waits.close(0.0)
        assert [number for number, _ in left] == [4, 3, 1, 2, 0]
        assert sorted(cancelled) == [0, 3, 4]

    asyncio.run(main())


def with_driver(action: Callable[[FleetDriver], Awaitable[None]]) -> None:
    secret = read_api_key("SG_0123456789abcdef")
    options: dict[str, None] = dict.fromkeys(("headers", "timeout", "clock", "logger"))
    client = check_options("http://127.0.0.1:9", secret, max_retries=0, max_submit_retries=0, resend_on=(), **options)

    async def main() -> None:
        driver = FleetDriver(client)
        try:
            await action(driver)
        finally:
            await driver.close()

    asyncio.run(main())


def test_calls_have_their_turn_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only as many calls run as are worthwhile; the one that has waited longest is next, and each end wakes one."""
    begun: list[str] = []
    ends: dict[str, asyncio.Event] = {}

    async def call(self: FleetDriver, one: Call) -> Response:
        del self
        begun.append(one.path)
        ends[one.path] = asyncio.Event()
        await ends[one.path].wait()
        return Response(200, {}, b"{}")

    async def action(driver: FleetDriver) -> None:
        calls = [asyncio.create_task(driver.run(one_call(path))) for path in "abcd"]
        await settle()
        assert begun == ["a"]
        calls[1].cancel()
        await settle()
        for path in "acd":
            assert begun[-1] == path
            ends[path].set()
            await settle()
        assert begun == ["a", "c", "d"]
        driver.stop()
        with pytest.raises(StoppingError):
            await driver.run(one_call("more"))

    monkeypatch.setattr(FleetDriver, "call", call)
    monkeypatch.setattr(ConcurrencyLimit, "size", 1)
    with_driver(action)


def test_stalled_call_gives_up_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a server does not respond to a call, another one begins beside it after a while."""
    monkeypatch.setattr("segmind_ltx._fleet.calls.STALLED_AFTER", 0.02)
    monkeypatch.setattr("segmind_ltx._many.scheduler.STALLED_AFTER", 0.01)

    async def call(self: FleetDriver, one: Call) -> Response:
        del self
        if one.path == "stalled":
            await asyncio.Event().wait()
        return Response(200, {}, b"{}")

    async def action(driver: FleetDriver) -> None:
        stalled = asyncio.create_task(driver.run(one_call("stalled")))
        await settle()
        async with asyncio.timeout(10):
            await driver.run(one_call("more"))
        assert not stalled.done()
        stalled.cancel()

    monkeypatch.setattr(FleetDriver, "call", call)
    monkeypatch.setattr(ConcurrencyLimit, "size", 1)
    with_driver(action)
