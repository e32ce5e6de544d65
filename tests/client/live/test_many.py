"""Run many jobs at once with each client, against a sandbox whose jobs take a moment of real time.

More than 250 lines, since both clients run the same cases against one sandbox.
"""

from __future__ import annotations

import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import segmind_ltx as ltx
from segmind_ltx.ledger import Entry, Ledger
from segmind_ltx_sandbox.testing import RunningSandbox
from support.many import TIMEOUT, Many, worker_threads


def entries(path: Path) -> list[Entry]:
    ledger = Ledger(path)
    found = ledger.entries()
    ledger.close()
    return found


def test_outcomes_in_order_of_end(many: Many) -> None:
    """Outcomes come as jobs end, each with its own request."""
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


def test_failed_job_ends_no_other(many: Many) -> None:
    """A job that fails ends no other."""
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
def test_concurrency_bounds_paid_jobs(many: Many, concurrency: int) -> None:
    """No more jobs than the concurrency are paid for and not yet handed over."""

    def each(_: Any) -> None:
        # All jobs in flight have ended, and still no further one starts while the consumer is busy.
        with ltx.Client(many.sandbox.key, many.sandbox.base_url) as api:
            for job in many.sandbox.state.jobs:
                api.job(job.id).wait(TIMEOUT, poll_interval=0.01)
        assert many.server.posts - many.server.handed < concurrency
        assert many.drawn < many.server.handed + concurrency

    found = many(many.requests(["a"] * 7), each, concurrency=concurrency)
    assert len(found) == 7
    assert many.server.most == concurrency


def test_endless_iterable(many: Many) -> None:
    """An endless iterable is read only as far as needed."""
    found = many(many.requests(itertools.repeat("a")), lambda outcome: outcome.index >= 4, concurrency=2)
    assert len(found) <= many.server.posts <= many.drawn <= len(found) + 1
    assert len(found) >= 4


def test_no_requests(many: Many) -> None:
    """No requests give no outcomes."""
    assert many([]) == []


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"concurrency": True}, {"timeout": -1}, {"poll_interval": 0}])
def test_invalid_arguments(many: Many, wrong: dict[str, Any]) -> None:
    """Invalid arguments are refused before the first request is read."""
    with pytest.raises(ltx.ParameterError):
        many(many.requests(["a"]), **wrong)
    assert (many.drawn, many.server.posts) == (0, 0)


def test_on_status_and_ledger(many: Many, tmp_path: Path) -> None:
    """Every job reaches on_status and the ledger."""
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


def test_error_in_on_status(many: Many, tmp_path: Path) -> None:
    """An exception in on_status ends that job alone and keeps its id."""
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


class _OwnError(Exception):
    pass


def stopped(many: Many, how: str, **more: Any) -> BaseException | None:
    """Stop at the first outcome, and return the exception that ended it."""

    def each(_: Any) -> bool:
        if how == "error":
            raise _OwnError
        return how == "break"

    def requests() -> Iterator[Any]:
        yield from many.requests(["a", "hold", "hold"])
        if how == "iterable":
            raise _OwnError
        yield from many.requests(itertools.repeat("hold"))

    try:
        many(requests(), each, concurrency=3, **more)
    except _OwnError as error:
        return error
    return None


@pytest.mark.parametrize("how", ["break", "error", "iterable"])
def test_stop_names_running_jobs(many: Many, how: str, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """After a stop nothing more is sent, and the running jobs are named."""
    path = tmp_path / "jobs.sqlite"
    error = stopped(many, how, ledger=path)
    assert type(error) is (type(None) if how == "break" else _OwnError)
    assert many.drawn == 3
    ids = {job.id for job in many.sandbox.state.jobs if job.video_spec.prompt == "hold"}
    assert ids
    assert all(id_ in caplog.text for id_ in ids)
    if error is not None and (how == "iterable" or many.kind != "sync"):
        # A generator does not see its consumer's exception.
        assert all(id_ in "".join(error.__notes__) for id_ in ids)
    assert {row.request_id for row in entries(path) if row.state == "accepted"} == ids
    for thread in worker_threads():
        thread.join(TIMEOUT)
    assert worker_threads() == []
    polls = many.server.polls
    with ltx.Client(many.sandbox.key, many.sandbox.base_url) as api:
        assert api.job(ids.pop()).status().state == "PROCESSING"
    assert many.server.polls == polls + 1


def test_stop_awaits_submit(many: Many, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """A stop waits for a submit that is under way."""
    path = tmp_path / "jobs.sqlite"

    def each(_: Any) -> bool:
        assert many.server.entered.wait(TIMEOUT)
        threading.Timer(0.2, many.server.let_in.set).start()
        return True

    found = many([*many.requests(["stuck"]), ltx.LtxVideoRequest(prompt="x", steps=1000)], each, ledger=path)
    assert [outcome.index for outcome in found] == [1]
    (job,) = many.sandbox.state.jobs
    assert [(row.state, row.request_id) for row in entries(path)] == [("accepted", job.id)]
    assert job.id in caplog.text


def test_stop_names_finished_jobs(many: Many, caplog: pytest.LogCaptureFixture) -> None:
    """A stop also names finished jobs that were not handed over."""

    def each(_: Any) -> bool:
        with ltx.Client(many.sandbox.key, many.sandbox.base_url) as api:
            for job in list(many.sandbox.state.jobs) * 10:  # Time enough for the workers to see it as well.
                api.job(job.id).wait(TIMEOUT, poll_interval=0.01)
        return True

    found = many(many.requests("abc"), each, concurrency=3)
    left = {job.id for job in many.sandbox.state.jobs} - {outcome.request_id for outcome in found}
    assert left
    assert all(id_ in caplog.text for id_ in left)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancel_names_running_jobs(
    prompted_sandbox: RunningSandbox, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A cancelled task names the running jobs."""

    async def main() -> bool:
        async with ltx.AsyncClient(prompted_sandbox.key, prompted_sandbox.base_url) as api:
            requests = [ltx.LtxVideoRequest(prompt=prompt) for prompt in ("a", "hold", "hold")]
            with anyio.CancelScope() as scope:
                async with api.generate_many(requests, poll_interval=0.02) as outcomes:
                    async for _ in outcomes:
                        scope.cancel()
            return scope.cancelled_caught

    assert anyio.run(main, backend=backend)
    assert all(job.id in caplog.text for job in prompted_sandbox.state.jobs if job.video_spec.prompt == "hold")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_early_exit_leaves_nothing_open(
    prompted_sandbox: RunningSandbox, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaving the loop early leaves no generator and no socket open."""
    seen: list[str] = []

    def hook(unraisable: Any) -> None:
        seen.append(str(unraisable.exc_value))

    async def main() -> None:
        async with ltx.AsyncClient(prompted_sandbox.key, prompted_sandbox.base_url) as api:
            for _ in range(20):
                requests = (ltx.LtxVideoRequest(prompt=prompt) for prompt in ("a", "hold", "hold"))
                async with api.generate_many(requests, poll_interval=0.001) as outcomes:
                    async for _outcome in outcomes:
                        break

    monkeypatch.setattr(sys, "unraisablehook", hook)
    anyio.run(main, backend=backend)
    gc.collect()
    assert seen == []


def test_many_jobs_take_few_threads(many: Many) -> None:
    """Three hundred jobs at once take few threads, and none if async."""
    most: list[int] = []
    found = many(
        many.requests(["a"] * 300), lambda _: most.append(len(worker_threads())), concurrency=300, poll_interval=0.2
    )
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
def test_ctrl_c_names_running_jobs(many: Many) -> None:
    """Ctrl-C names the running jobs."""
    env = {**os.environ, "SEGMIND_BASE_URL": many.sandbox.base_url, "SEGMIND_API_KEY": many.sandbox.key}
    command = [sys.executable, "-c", PROGRAM, many.kind]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, many.server.posts) == (0, 3)
    if many.kind == "sync":
        assert all(job.id in out for job in many.sandbox.state.jobs)
    # An event loop raises its own KeyboardInterrupt; then the ids are only in the log.
    assert err == "" or all(job.id in err for job in many.sandbox.state.jobs)
