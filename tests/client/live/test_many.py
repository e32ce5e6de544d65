"""Many jobs at once, with each client, against the sandbox in real time, where a job takes a moment."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

import segmind_ltx as ltx
from segmind_ltx.ledger import Entry, Ledger
from segmind_ltx_sandbox import Behaviour
from segmind_ltx_sandbox.messages import ApiResponse, error
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from segmind_ltx_spec import Contract, Model

SLOW_START = 20.0
"""Seconds after which what a test waits for has failed to come."""

Each = Callable[[Any], object]


class Moody(Behaviour):
    """A service that does with a request what its prompt says, and counts."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self.posts = self.polls = self.handed = self.most = 0
        self.entered, self.let_in, self.let_go = threading.Event(), threading.Event(), threading.Event()

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        return error("poor", 406, "no credits") if payload["prompt"] == "poor" else super().invalid(model, payload)

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        self.posts += 1
        self.most = max(self.most, self.posts - self.handed)
        job.fails = job.video_spec.prompt == "fail"
        if job.video_spec.prompt == "stuck":
            self.entered.set()
            self.let_in.wait(SLOW_START)
        return super().accepted(job, origin)

    def state(self, job: Job, now: float) -> State:
        held = job.video_spec.prompt == "hold" and not self.let_go.is_set()
        return State.PROCESSING if held else super().state(job, now)

    def status(self, job: Job, state: State, now: float, origin: str) -> ApiResponse:
        self.polls += 1
        return super().status(job, state, now, origin)


class Many:
    """Runs `generate_many`. ``each`` is called with each outcome; where it gives True, or raises, that is the end."""

    def __init__(self, kind: str, sandbox: RunningSandbox) -> None:
        assert isinstance(sandbox.state.behaviour, Moody)
        self.kind, self.sandbox, self.server = kind, sandbox, sandbox.state.behaviour
        self.drawn = 0

    def requests(self, prompts: Iterable[str]) -> Iterator[ltx.LtxVideoRequest]:
        """Requests, counted as they are drawn."""
        for prompt in prompts:
            self.drawn += 1
            yield ltx.LtxVideoRequest(prompt=prompt)

    def __call__(
        self, requests: Iterable[Any], each: Each | None = None, *, ledger: Path | None = None, **more: Any
    ) -> list[Any]:
        options: dict[str, Any] = {"poll_interval": 0.02, **more}
        client: dict[str, Any] = {"api_key": self.sandbox.key, "base_url": self.sandbox.base_url, "ledger": ledger}
        found: list[Any] = []

        def take(outcome: Any) -> bool:
            found.append(outcome)
            self.server.handed += outcome.request_id is not None
            return each is not None and each(outcome) is True

        async def main() -> None:
            async with ltx.AsyncClient(**client) as api, api.generate_many(requests, **options) as outcomes:
                async for outcome in outcomes:
                    # In a thread, so that what a consumer waits for can come about.
                    if await anyio.to_thread.run_sync(take, outcome):
                        break

        if self.kind != "sync":
            anyio.run(main, backend=self.kind)
            return found
        with ltx.Client(**client) as api, closing(api.generate_many(requests, **options)) as outcomes:
            for outcome in outcomes:
                if take(outcome):
                    break
        return found


@pytest.fixture
def moody() -> Generator[RunningSandbox]:
    with running_sandbox(speed=1000, behaviour=Moody) as sandbox:
        yield sandbox
        assert isinstance(sandbox.state.behaviour, Moody)
        sandbox.state.behaviour.let_in.set()
    gc.collect()  # What a test leaves open is told of now, and not in the midst of another.


@pytest.fixture(params=["sync", "asyncio", "trio"])
def many(request: pytest.FixtureRequest, moody: RunningSandbox) -> Many:
    return Many(request.param, moody)


def entries(path: Path) -> list[Entry]:
    ledger = Ledger(path)
    found = ledger.entries()
    ledger.close()
    return found


def crew() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "segmind-ltx worker"]


def test_each_is_handed_over_as_it_ends_with_its_own_request(many: Many) -> None:
    requests = list(many.requests(["hold", "b", "c", "d"]))
    seen: list[int] = []

    def each(outcome: Any) -> None:
        seen.append(outcome.index)
        if len(seen) == 3:
            many.server.let_go.set()

    found = many(requests, each)
    assert seen[-1] == 0
    assert sorted(seen) == [0, 1, 2, 3]
    for outcome in found:
        assert outcome.request is requests[outcome.index]
        assert outcome.error is None
        assert outcome.result() is outcome.video
        assert outcome.request_id == outcome.video.request_id
        (job,) = [job for job in many.sandbox.state.jobs if job.id == outcome.request_id]
        assert job.video_spec.prompt == outcome.request.prompt


def test_one_that_fails_does_not_end_the_others(many: Many) -> None:
    wrong = ltx.LtxVideoRequest(prompt="x", steps=1000)
    found = many([*many.requests(["a", "fail", "poor"]), wrong, *many.requests(["e"])])
    found.sort(key=lambda outcome: outcome.index)
    assert [outcome.video is None for outcome in found] == [False, True, True, True, False]
    assert [outcome.request_id is None for outcome in found] == [False, False, True, True, False]
    for index, kind in {1: ltx.JobFailedError, 2: ltx.InsufficientCreditsError, 3: ltx.ParameterError}.items():
        with pytest.raises(kind) as caught:
            found[index].result()
        assert caught.value is found[index].error


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_than_that_are_paid_for_and_not_handed_over(many: Many, concurrency: int) -> None:
    def each(_: Any) -> None:
        # All that may be in flight have ended, and still nothing more begins while the consumer is at it.
        with ltx.Client(many.sandbox.key, many.sandbox.base_url) as api:
            for job in many.sandbox.state.jobs:
                api.job(job.id).wait(SLOW_START, poll_interval=0.01)
        assert many.server.posts - many.server.handed < concurrency
        assert many.drawn < many.server.handed + concurrency

    found = many(many.requests(["a"] * 7), each, concurrency=concurrency)
    assert len(found) == 7
    assert many.server.most == concurrency


def test_what_never_ends_is_drawn_on_as_far_as_needed(many: Many) -> None:
    found = many(many.requests(itertools.repeat("a")), lambda outcome: outcome.index >= 4, concurrency=2)
    assert len(found) <= many.server.posts <= many.drawn <= len(found) + 1
    assert len(found) >= 4


def test_nothing_to_do_is_nothing(many: Many) -> None:
    assert many([]) == []


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"concurrency": True}, {"timeout": -1}, {"poll_interval": 0}])
def test_wrong_arguments_are_told_at_once(many: Many, wrong: dict[str, Any]) -> None:
    with pytest.raises(ltx.ParameterError):
        many(many.requests(["a"]), **wrong)
    assert (many.drawn, many.server.posts) == (0, 0)


def test_on_status_is_called_for_each_job_and_the_ledger_knows_all(many: Many, tmp_path: Path) -> None:
    states: dict[str, list[str]] = defaultdict(list)
    path = tmp_path / "jobs.sqlite"

    def on_status(status: ltx.JobStatus) -> None:
        states[status.request_id].append(status.state)

    found = many(many.requests("abcd"), ledger=path, on_status=on_status)
    assert {outcome.request_id for outcome in found} == set(states)
    assert {seen[-1] for seen in states.values()} == {"COMPLETED"}
    rows = entries(path)
    assert {row.request_id for row in rows} == set(states)
    assert {(row.state, row.cost) for row in rows} == {("completed", found[0].video.cost)}


def test_an_error_in_on_status_ends_that_job_and_keeps_its_id(many: Many, tmp_path: Path) -> None:
    broken: list[str] = []

    def on_status(status: ltx.JobStatus) -> None:
        if not broken:
            broken.append(status.request_id)
        if status.request_id in broken:
            raise ZeroDivisionError

    path = tmp_path / "jobs.sqlite"
    found = many(many.requests("abc"), ledger=path, on_status=on_status, concurrency=1)
    assert [type(outcome.error) for outcome in found] == [ZeroDivisionError, type(None), type(None)]
    assert [found[0].request_id] == broken
    assert [row.state for row in entries(path)] == ["accepted", "completed", "completed"]


class _Mine(Exception):  # noqa: N818 - of the test
    pass


def stopped(many: Many, how: str, **more: Any) -> BaseException | None:
    """Stop at the first outcome; gives the exception with which it ended."""

    def each(_: Any) -> bool:
        if how == "error":
            raise _Mine
        return how == "break"

    def requests() -> Iterator[Any]:
        yield from many.requests(["a", "hold", "hold"])
        if how == "iterable":
            raise _Mine
        yield from many.requests(itertools.repeat("hold"))

    try:
        many(requests(), each, concurrency=3, **more)
    except _Mine as error:
        return error
    return None


@pytest.mark.parametrize("how", ["break", "error", "iterable"])
def test_stopping_begins_nothing_more_and_names_what_goes_on(
    many: Many, how: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite"
    error = stopped(many, how, ledger=path)
    assert type(error) is (type(None) if how == "break" else _Mine)
    assert many.drawn == 3
    ids = {job.id for job in many.sandbox.state.jobs if job.video_spec.prompt == "hold"}
    assert ids
    assert all(id_ in caplog.text for id_ in ids)
    if error is not None and (how == "iterable" or many.kind != "sync"):
        # A generator is not told of what its consumer raises.
        assert all(id_ in "".join(error.__notes__) for id_ in ids)
    assert {row.request_id for row in entries(path) if row.state == "accepted"} == ids
    for thread in crew():
        thread.join(SLOW_START)
    assert crew() == []
    polls = many.server.polls
    with ltx.Client(many.sandbox.key, many.sandbox.base_url) as api:
        assert api.job(ids.pop()).status().state == "PROCESSING"
    assert many.server.polls == polls + 1


def test_a_submit_that_is_under_way_is_waited_for(many: Many, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"

    def each(_: Any) -> bool:
        assert many.server.entered.wait(SLOW_START)
        threading.Timer(0.2, many.server.let_in.set).start()
        return True

    found = many([*many.requests(["stuck"]), ltx.LtxVideoRequest(prompt="x", steps=1000)], each, ledger=path)
    assert [outcome.index for outcome in found] == [1]
    (job,) = many.sandbox.state.jobs
    assert [(row.state, row.request_id) for row in entries(path)] == [("accepted", job.id)]
    assert job.id in caplog.text


def test_jobs_that_ended_and_were_not_handed_over_are_named_too(many: Many, caplog: pytest.LogCaptureFixture) -> None:
    def each(_: Any) -> bool:
        with ltx.Client(many.sandbox.key, many.sandbox.base_url) as api:
            for job in list(many.sandbox.state.jobs) * 10:  # Time enough for the crew to see it as well.
                api.job(job.id).wait(SLOW_START, poll_interval=0.01)
        return True

    found = many(many.requests("abc"), each, concurrency=3)
    left = {job.id for job in many.sandbox.state.jobs} - {outcome.request_id for outcome in found}
    assert left
    assert all(id_ in caplog.text for id_ in left)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_task_leaves_and_names_what_goes_on(
    moody: RunningSandbox, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> bool:
        async with ltx.AsyncClient(moody.key, moody.base_url) as api:
            requests = [ltx.LtxVideoRequest(prompt=prompt) for prompt in ("a", "hold", "hold")]
            with anyio.CancelScope() as scope:
                async with api.generate_many(requests, poll_interval=0.02) as outcomes:
                    async for _ in outcomes:
                        scope.cancel()
            return scope.cancelled_caught

    assert anyio.run(main, backend=backend)
    assert all(job.id in caplog.text for job in moody.state.jobs if job.video_spec.prompt == "hold")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_leaving_early_leaves_no_generator_and_no_socket_open(
    moody: RunningSandbox, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def hook(unraisable: Any) -> None:
        seen.append(str(unraisable.exc_value))

    async def main() -> None:
        async with ltx.AsyncClient(moody.key, moody.base_url) as api:
            for _ in range(20):
                requests = (ltx.LtxVideoRequest(prompt=prompt) for prompt in ("a", "hold", "hold"))
                async with api.generate_many(requests, poll_interval=0.001) as outcomes:
                    async for _outcome in outcomes:
                        break

    monkeypatch.setattr(sys, "unraisablehook", hook)
    anyio.run(main, backend=backend)
    gc.collect()
    assert seen == []


def test_three_hundred_at_once_take_few_threads(many: Many) -> None:
    most: list[int] = []
    found = many(many.requests(["a"] * 300), lambda _: most.append(len(crew())), concurrency=300, poll_interval=0.2)
    assert [outcome for outcome in found if outcome.video is None] == []
    assert sorted(outcome.index for outcome in found) == list(range(300))
    assert max(most) <= (64 if many.kind == "sync" else 0)


PROGRAM = """
import signal, sys, threading
import anyio
from segmind_ltx import AsyncClient, Client, LtxVideoRequest
signal.signal(signal.SIGINT, signal.default_int_handler)
requests = [LtxVideoRequest(prompt="hold") for _ in range(5)]
seen = set()
def on_status(status):
    seen.add(status.request_id)
    if len(seen) == 3:
        print("running", flush=True)
options = {"concurrency": 3, "poll_interval": 0.02, "on_status": on_status}
def sync():
    with Client() as client:
        for outcome in client.generate_many(requests, **options):
            pass
async def main():
    async with AsyncClient() as client, client.generate_many(requests, **options) as outcomes:
        async for outcome in outcomes:
            pass
try:
    sync() if sys.argv[1] == "sync" else anyio.run(main, backend=sys.argv[1])
except BaseException as error:
    print(*getattr(error, "__notes__", []))
    # Where it hits one of several tasks, it is in a group.
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    assert isinstance(error, KeyboardInterrupt)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process there")
def test_ctrl_c_names_what_goes_on(many: Many) -> None:
    env = {**os.environ, "SEGMIND_BASE_URL": many.sandbox.base_url, "SEGMIND_API_KEY": many.sandbox.key}
    command = [sys.executable, "-c", PROGRAM, many.kind]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SLOW_START)
    assert (process.returncode, many.server.posts) == (0, 3)
    if many.kind == "sync":
        assert all(job.id in out for job in many.sandbox.state.jobs)
    # An event loop raises an interrupt of its own; a program sees the ids in its log.
    assert err == "" or all(job.id in err for job in many.sandbox.state.jobs)
