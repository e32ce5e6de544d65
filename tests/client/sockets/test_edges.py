"""Loops, forks, used connections and calls that were given up; over real sockets.

More than 250 lines, since the tests share one server that counts connections.
"""

# A step takes what the one before it gave, and asyncio's and trio's clients are run alike.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import segmind_ltx as ltx
from segmind_ltx.ledger import Ledger
from support.fault_server import FaultServer, Line
from support.forks import in_new_process, submit_in_children

KEY = "SG_0123456789abcdef"
ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"
ACCEPTED = json.dumps({"request_id": ID, "status": "QUEUED"}).encode()
SUBMIT: dict[str, Any] = {"prompt": "x"}


class KeepAlive:
    """Accepts jobs over connections that stay open. ``tail`` follows each response; ``posts`` counts submits."""

    def __init__(self, tail: bytes = b"") -> None:
        self.tail, self.posts, self.connections = tail, 0, 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as file:
            while line := file.readline():
                length = 0
                while (header := file.readline()) not in {b"\r\n", b""}:
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.split(b":")[1])
                file.read(length)
                with self._lock:
                    self.posts += line.startswith(b"POST")
                    number = self.posts
                name = f"job-{number}" if line.startswith(b"POST") else line.split(b"/")[3].decode()
                body = json.dumps({"request_id": name, "status": "QUEUED"}).encode()
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                sock.sendall(head.encode() + body + self.tail)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server() -> Any:
    made = KeepAlive()
    yield made
    made.close()


def run_uvloop(main: Callable[[], Any]) -> Any:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


RUNNERS: dict[str, Callable[[Callable[[], Any]], Any]] = {
    "asyncio": lambda main: asyncio.run(main()),
    "trio": lambda main: anyio.run(main, backend="trio"),
    "uvloop": run_uvloop,
}


@pytest.mark.parametrize("first", RUNNERS)
@pytest.mark.parametrize("second", RUNNERS)
def test_loops_share_no_connection(server: KeepAlive, first: str, second: str) -> None:
    """One client in four event loops, one after another: each submit is one job, with its own id."""
    client = ltx.AsyncClient(KEY, server.base_url)

    async def once() -> str:
        job = await client.submit("ltx-video", prompt="x")
        assert (await job.status()).state == "QUEUED"
        return job.id

    ids = [RUNNERS[runner](once) for runner in (first, second, first, second)]
    assert ids == ["job-1", "job-2", "job-3", "job-4"]
    assert server.posts == 4
    asyncio.run(client.close())
    gc.collect()


def test_loops_in_threads_share_no_connection(server: KeepAlive) -> None:
    """Threads with event loops of their own use one client at the same time."""
    client = ltx.AsyncClient(KEY, server.base_url)
    ids: list[str] = []

    async def several() -> None:
        for _ in range(5):
            job = await client.submit("ltx-video", prompt="x")
            await job.status()
            ids.append(job.id)

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ids) == sorted(f"job-{number}" for number in range(1, 21))
    asyncio.run(client.close())


@pytest.mark.parametrize("own", ["transport", "http"])
def test_loop_of_a_users_transport_is_kept(server: KeepAlive, own: str) -> None:
    """A user's transport is not used in a second event loop; nothing is sent there, and closing there is no error."""
    given: Any = {"transport": httpx.AsyncHTTPTransport()} if own == "transport" else {"http": httpx.AsyncClient()}
    client = ltx.AsyncClient(KEY, server.base_url, **given)

    async def once() -> None:
        await client.submit("ltx-video", prompt="x")
        transport: Any = given.get("transport") or given["http"]._transport
        await transport.aclose()  # So that no socket of this loop is left; the transport could be used again.

    asyncio.run(once())
    with pytest.raises(ltx.ConfigurationError, match="another event loop"):
        asyncio.run(once())
    assert server.posts == 1
    asyncio.run(client.close())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("own", [False, True])
def test_fork_shares_no_connection(server: KeepAlive, own: bool) -> None:
    """After one call and a fork, each process gets the ids of its own jobs; a user's transport is refused."""
    state, parents, childrens = in_new_process(submit_in_children, KEY, server.base_url, own)
    assert state == "QUEUED"
    if own:
        assert all("ConfigurationError" in text and "Nothing was sent" in text for text in childrens)
        assert server.posts == 2
    else:
        assert sorted([parents, *childrens]) == ["job-2", "job-3", "job-4", "job-5"]


TAILS = {
    "a second response": b"HTTP/1.1 200 OK\r\ncontent-length: 24\r\n\r\n" + b'{"request_id": "wrong1"}',
    "two bytes": b"\r\n",
    "garbage": b"xx",
}


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_connection_with_bytes_left_is_not_reused(tail: str, kind: str) -> None:
    """Bytes after a response never become the response to another call."""
    server = KeepAlive(TAILS[tail])
    seen: list[str] = []
    if kind == "sync":
        with ltx.Client(KEY, server.base_url) as client:
            for _ in range(3):
                job = client.submit("ltx-video", prompt="x")
                seen += [job.id, job.status().raw["request_id"], job.status().raw["request_id"]]
    else:

        async def main() -> None:
            async with ltx.AsyncClient(KEY, server.base_url) as client:
                for _ in range(3):
                    job = await client.submit("ltx-video", prompt="x")
                    seen.extend(
                        [job.id, (await job.status()).raw["request_id"], (await job.status()).raw["request_id"]]
                    )

        anyio.run(main)
    server.close()
    assert seen == [name for number in (1, 2, 3) for name in [f"job-{number}"] * 3]


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_post_has_a_fresh_connection(server: KeepAlive, kind: str) -> None:
    """Each submit opens a connection; the polls after it use that one."""
    if kind == "sync":
        with ltx.Client(KEY, server.base_url) as client:
            for _ in range(3):
                job = client.submit("ltx-video", prompt="x")
                _ = [job.status() for _ in range(3)]
    else:

        async def main() -> None:
            async with ltx.AsyncClient(KEY, server.base_url) as client:
                for _ in range(3):
                    job = await client.submit("ltx-video", prompt="x")
                    _ = [await job.status() for _ in range(3)]

        anyio.run(main)
    assert server.connections == 3


@pytest.fixture
def slow_names(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Name resolution waits for an event."""
    gate, resolve = threading.Event(), socket.getaddrinfo

    def wait(*arguments: Any, **options: Any) -> Any:
        gate.wait(30)
        return resolve(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    return gate


@pytest.mark.parametrize("closed", [False, True])
def test_call_given_up_unsent_is_not_sent_later(server: KeepAlive, slow_names: threading.Event, closed: bool) -> None:
    """A submit that waits for name resolution beyond its deadline is free, also after ``close``, and stays unsent."""
    client = ltx.Client(KEY, server.base_url, timeout=0.05, max_submit_retries=0)
    with pytest.raises(ltx.APIConnectionError) as caught:
        client.submit("ltx-video", prompt="x")
    assert type(caught.value) is ltx.APIConnectionError
    if closed:
        client.close()
    slow_names.set()
    calls = [thread for thread in threading.enumerate() if thread.name == "segmind-ltx call"]
    for thread in calls:
        thread.join(2)
    assert server.posts == 0
    client.close()


def test_many_given_up_unsent_are_not_sent_later(server: KeepAlive, slow_names: threading.Event) -> None:
    """The same for a job of many: its outcome says that nothing is billed, and nothing is sent afterwards."""
    client = ltx.Client(KEY, server.base_url, timeout=0.05, max_submit_retries=0)
    (outcome,) = client.generate_many([ltx.LtxVideoRequest(prompt="x")])
    assert type(outcome.error) is ltx.APIConnectionError
    slow_names.set()
    for thread in [thread for thread in threading.enumerate() if thread.name == "segmind-ltx worker"]:
        thread.join(2)
    assert server.posts == 0
    client.close()


def test_late_response_is_recorded(faulty: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An id that arrives after the deadline of a submit is logged, and written to the ledger."""
    answer = threading.Event()

    def late(line: Line) -> None:
        line.sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        while not answer.wait(0.02):  # Each interim response ends a silence, and none is the response.
            line.sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        line.answer()

    faulty.faults["submit"] = [late]
    faulty.listen()
    ledger = Ledger(tmp_path / "jobs.sqlite")
    with ltx.Client(KEY, faulty.base_url, timeout=0.1, ledger=ledger) as client:
        with caplog.at_level(logging.WARNING, "segmind_ltx"):
            with pytest.raises(ltx.SubmitUncertainError):
                client.submit("ltx-video", prompt="x")
            assert [entry.state for entry in ledger.entries()] == ["uncertain"]
            answer.set()
            until = time.monotonic() + 10
            while time.monotonic() < until and ID not in caplog.text:  # The ledger comes first, then the log.
                threading.Event().wait(0.01)
        assert [(entry.state, entry.request_id) for entry in ledger.entries()] == [("accepted", ID)]
    assert ID in caplog.text
    assert sum(faulty.posts.values()) == 1
    ledger.close()
