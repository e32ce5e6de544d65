"""Stop `generate_many`, close it or starve it of threads: every paid job is named.

More than 250 lines, since the tests share one way to count what was paid.
"""

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

TIMEOUT = 10.0
GOOD = ltx.LtxVideoRequest(prompt="x")
WRONG = ltx.LtxVideoRequest(prompt="x", steps=1000)
"""An invalid request: its outcome comes before anything is sent."""


class Service:
    """Answer all requests. A submit waits for ``let_in``; a poll of a job in ``silent`` waits for ``over``."""

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
            assert self.let_in.wait(TIMEOUT)
            if self.loses:
                raise httpx.ReadError("cut")
            return httpx.Response(200, json={"request_id": f"job-{next(self.ids)}"})
        if request.url.path.split("/")[3] in self.silent:
            self.over.wait(TIMEOUT)
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
        if thread.name == "segmind-ltx crew":
            thread.join(TIMEOUT)
    gc.collect()


def states(path: Path) -> list[tuple[str, str | None]]:
    with closing(Ledger(path)) as ledger:
        return [(entry.state, entry.request_id) for entry in ledger.entries()]


def test_client_close_awaits_submits(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Closing the client waits for the submits of a generator that is still open."""
    close = WorkerPool.close

    def closed(self: WorkerPool) -> None:
        service.let_in.set()
        close(self)

    monkeypatch.setattr(WorkerPool, "close", closed)
    with service.client(ledger=tmp_path / "l.sqlite") as client:
        outcomes = client.generate_many([GOOD, WRONG])
        assert next(outcomes).index == 1
        assert service.entered.wait(TIMEOUT)
    assert states(tmp_path / "l.sqlite") == [("accepted", "job-0")]
    assert caplog.text.count("job-0") == 1
    with pytest.raises(ltx.ConfigurationError, match="closed") as caught:
        next(outcomes)
    assert "job-0" in caught.value.__notes__[0]
    assert caplog.text.count("job-0") == 1


def test_closed_client_ends_generator(service: Service) -> None:
    """A generator sends nothing more if its client is closed."""
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


def test_program_end_awaits_submits(tmp_path: Path) -> None:
    """A program that ends waits for its submits."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "l.sqlite"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "job-0" in done.stderr
    assert states(tmp_path / "l.sqlite") == [("accepted", "job-0")]


def test_lost_response_named_by_index(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """A submit whose response was lost is named by its index."""
    service.loses = True
    service.let_in.set()
    with service.client() as client:
        outcomes = client.generate_many([WRONG, GOOD, WRONG])
        assert [next(outcomes).index, next(outcomes).index] == [0, 2]
        assert service.entered.wait(TIMEOUT)
        outcomes.close()
    assert "for 1 requests a job may exist" in caplog.text
    assert "Their indexes are 1" in caplog.text


def test_slow_submit_named_by_index(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A submit that outlasts the grace period is named by its index."""
    monkeypatch.setattr("segmind_ltx._many.workers.GRACE", 0.0)
    with service.client() as client:
        outcomes = client.generate_many([GOOD, WRONG])
        next(outcomes)
        assert service.entered.wait(TIMEOUT)
        outcomes.close()
        assert "Their indexes are 0" in caplog.text
        service.let_in.set()


def test_refused_submit_not_named(caplog: pytest.LogCaptureFixture) -> None:
    """A refused submit is not named."""
    refused = threading.Event()

    def handler(_: httpx.Request) -> httpx.Response:
        refused.set()
        return httpx.Response(400, json={"error": "no"})

    with ltx.Client("k", "https://api.test", transport=httpx.MockTransport(handler)) as client:
        outcomes = client.generate_many([GOOD, WRONG])
        next(outcomes)
        assert refused.wait(TIMEOUT)
        outcomes.close()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_deadline_while_others_end(service: Service) -> None:
    """A job's deadline holds while other jobs end."""
    service.let_in.set()
    service.silent.add("job-9")  # Not one of the warm-up calls, which are made one at a time.
    begun = time.monotonic()
    seen: list[Any] = []

    def requests() -> Iterator[ltx.LtxVideoRequest]:
        while not seen and time.monotonic() < begun + TIMEOUT / 2:
            yield GOOD

    with service.client() as client:
        for outcome in client.generate_many(requests(), concurrency=3, timeout=0.3, poll_interval=0.01):
            if outcome.request_id == "job-9":
                seen.append(outcome.error)
                service.over.set()
                assert time.monotonic() < begun + TIMEOUT / 2
    assert [type(error) for error in seen] == [ltx.WaitTimeoutError]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("how", ["break", "cancel", "error"])
def test_no_submit_after_stop(backend: str, how: str, tmp_path: Path) -> None:
    """No submit is sent after a stop."""
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
def test_few_threads_available(service: Service, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool works with the threads it has if no more can be started."""
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
