"""What is left of `generate_many` where it is stopped, closed or short of threads: no paid job without a word."""

from __future__ import annotations

import gc
import itertools
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import segmind_ltx as ltx
from segmind_ltx._many.workers import WorkerPool
from segmind_ltx.ledger import Ledger

SLOW_START = 10.0
GOOD = ltx.LtxVideoRequest(prompt="x")
WRONG = ltx.LtxVideoRequest(prompt="x", steps=1000)
"""A request that is handed over as an outcome before anything is sent for it."""


class Service:
    """Answers itself. A submit waits until it is let in; a poll of a job in ``silent`` until the end."""

    def __init__(self) -> None:
        self.entered, self.let_in, self.over = threading.Event(), threading.Event(), threading.Event()
        self.silent: set[str] = set()
        self.ids = itertools.count()
        self.posts = 0
        self.loses = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.posts += 1
            self.entered.set()
            assert self.let_in.wait(SLOW_START)
            if self.loses:
                raise httpx.ReadError("cut")
            return httpx.Response(200, json={"request_id": f"job-{next(self.ids)}"})
        if request.url.path.split("/")[3] in self.silent:
            self.over.wait(SLOW_START)
        return httpx.Response(422, json={"status": "FAILED", "error": "no"})

    def client(self, **more: Any) -> ltx.Client:
        return ltx.Client("k", "https://api.test", transport=httpx.MockTransport(self), **more)


@pytest.fixture
def service() -> Generator[Service]:
    service = Service()
    yield service
    service.let_in.set()
    service.over.set()
    for thread in threading.enumerate():
        if thread.name == "segmind-ltx worker":
            thread.join(SLOW_START)
    gc.collect()


def states(path: Path) -> list[tuple[str, str | None]]:
    with closing(Ledger(path)) as ledger:
        return [(entry.state, entry.request_id) for entry in ledger.entries()]


def test_a_client_that_is_closed_waits_for_the_submits_of_a_generator_that_is_not(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    close = WorkerPool.close

    def closed(self: WorkerPool) -> None:
        service.let_in.set()
        close(self)

    monkeypatch.setattr(WorkerPool, "close", closed)
    with service.client(ledger=tmp_path / "l.sqlite") as client:
        outcomes = client.generate_many([GOOD, WRONG])
        assert next(outcomes).index == 1
        assert service.entered.wait(SLOW_START)
    assert states(tmp_path / "l.sqlite") == [("accepted", "job-0")]
    assert caplog.text.count("job-0") == 1
    with pytest.raises(ltx.ConfigurationError, match="closed") as caught:
        next(outcomes)
    assert "job-0" in caught.value.__notes__[0]
    assert caplog.text.count("job-0") == 1


def test_after_its_client_was_closed_a_generator_begins_nothing_more(service: Service) -> None:
    service.let_in.set()
    with service.client() as client:
        outcomes = client.generate_many(iter([GOOD, GOOD, GOOD]), concurrency=1)
        next(outcomes)
        posts = service.posts
    with pytest.raises(ltx.ConfigurationError, match="closed"):
        next(outcomes)
    assert service.posts == posts


PROGRAM = """
import logging, sys, threading
import httpx
from segmind_ltx import Client, LtxVideoRequest
logging.basicConfig()
entered = threading.Event()
def handler(request):
    entered.set()
    threading.main_thread().join(5)
    return httpx.Response(200, json={"request_id": "job-0"})
client = Client("k", "https://api.test", transport=httpx.MockTransport(handler), ledger=sys.argv[1])
outcomes = client.generate_many([LtxVideoRequest(prompt="x"), LtxVideoRequest(prompt="x", steps=1000)])
next(outcomes)
entered.wait(5)
"""


def test_a_program_that_simply_ends_waits_for_its_submits(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "l.sqlite"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "job-0" in done.stderr
    assert states(tmp_path / "l.sqlite") == [("accepted", "job-0")]


def test_a_submit_whose_answer_was_lost_is_named_by_its_index(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.loses = True
    service.let_in.set()
    with service.client() as client:
        outcomes = client.generate_many([WRONG, GOOD, WRONG])
        assert [next(outcomes).index, next(outcomes).index] == [0, 2]
        assert service.entered.wait(SLOW_START)
        outcomes.close()
    assert "for 1 requests a job may exist" in caplog.text
    assert "Their indexes are 1" in caplog.text


def test_a_submit_that_outlasts_the_grace_is_named_by_its_index(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("segmind_ltx._many.workers.GRACE", 0.0)
    with service.client() as client:
        outcomes = client.generate_many([GOOD, WRONG])
        next(outcomes)
        assert service.entered.wait(SLOW_START)
        outcomes.close()
        assert "Their indexes are 0" in caplog.text
        service.let_in.set()


def test_what_was_refused_is_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    refused = threading.Event()

    def handler(_: httpx.Request) -> httpx.Response:
        refused.set()
        return httpx.Response(400, json={"error": "no"})

    with ltx.Client("k", "https://api.test", transport=httpx.MockTransport(handler)) as client:
        outcomes = client.generate_many([GOOD, WRONG])
        next(outcomes)
        assert refused.wait(SLOW_START)
        outcomes.close()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_deadline_is_kept_while_other_jobs_end(service: Service) -> None:
    service.let_in.set()
    service.silent.add("job-9")  # Not one of the first, which are made one by one.
    begun = time.monotonic()
    seen: list[Any] = []

    def requests() -> Iterator[ltx.LtxVideoRequest]:
        while not seen and time.monotonic() < begun + SLOW_START / 2:
            yield GOOD

    with service.client() as client:
        for outcome in client.generate_many(requests(), concurrency=3, timeout=0.3, poll_interval=0.01):
            if outcome.request_id == "job-9":
                seen.append(outcome.error)
                service.over.set()
                assert time.monotonic() < begun + SLOW_START / 2
    assert [type(error) for error in seen] == [ltx.WaitTimeoutError]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("how", ["break", "cancel", "error"])
def test_after_a_stop_no_submit_leaves(backend: str, how: str, tmp_path: Path) -> None:
    posts: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        posts.append(request.method)
        return httpx.Response(200, json={"request_id": "r"})

    async def main() -> None:
        transport = httpx.MockTransport(handler)
        async with ltx.AsyncClient("k", "https://api.test", transport=transport, ledger=tmp_path / "l.sqlite") as api:
            with anyio.CancelScope() as scope:
                async with api.generate_many([GOOD, GOOD, WRONG], concurrency=5) as outcomes:
                    async for _ in outcomes:
                        if how == "cancel":
                            scope.cancel()
                            await anyio.sleep(0)
                        if how == "error":
                            raise ZeroDivisionError
                        break

    try:
        anyio.run(main, backend=backend)
    except ZeroDivisionError:
        assert how == "error"
    assert (posts, [state for state, _ in states(tmp_path / "l.sqlite") if state != "refused"]) == ([], [])


@pytest.mark.parametrize("most", [0, 1, 2])
def test_where_no_thread_can_be_started_those_there_are_go_on(
    service: Service, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, started = threading.Thread.start, list[threading.Thread]()

    def limited(self: threading.Thread) -> None:
        if self.name == "segmind-ltx worker":
            if len(started) == most:
                raise RuntimeError("can't start new thread")
            started.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    service.let_in.set()
    with service.client() as client:
        outcomes = client.generate_many([GOOD] * 12, concurrency=12, poll_interval=0.01)
        if most:
            assert {type(outcome.error) for outcome in outcomes} == {ltx.JobFailedError}
            assert service.posts == 12
        else:
            with pytest.raises(ltx.APIConnectionError, match="no thread"):
                next(outcomes)
            assert service.posts == 0
