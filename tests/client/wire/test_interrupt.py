"""Interrupt calls, and raise in transports and callbacks: a known request id is never lost."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx._http import deadline
from segmind_ltx.ledger import Ledger
from support.callers import Caller, Step
from support.clocks import FakeClock

KEY = "SG_0123456789abcdef"
BASE = "https://api.example.test"
ID = "job-1"
OUT = "https://out.test/a.mp4"
CALLS: dict[str, Step] = {
    "submit": lambda c: c.submit("ltx-video", prompt="x"),
    "generate": lambda c: c.generate("ltx-video", prompt="x"),
}


class Interrupting(logging.Handler):
    """Raise KeyboardInterrupt during a log record."""

    def emit(self, record: logging.LogRecord) -> None:
        if "submitted job" in record.getMessage():
            raise KeyboardInterrupt


@pytest.mark.parametrize("call", CALLS)
def test_interrupt_after_response_has_id(caller: Caller, wire: respx.MockRouter, tmp_path: Path, call: str) -> None:
    """An interrupt right after the response carries the request id."""
    wire.post("/v2/ltx-video").respond(200, json={"request_id": ID})
    logger = logging.Logger("mine", "INFO")
    logger.addHandler(Interrupting())
    ledger = Ledger(tmp_path / "jobs.sqlite")
    with pytest.raises(KeyboardInterrupt) as caught:
        caller(CALLS[call], logger=logger, ledger=ledger)
    (note,) = caught.value.__notes__
    assert ID in note
    assert [(entry.state, entry.request_id) for entry in ledger.entries()] == [("accepted", ID)]
    ledger.close()


def test_error_after_submit_has_id(wire: respx.MockRouter, clock: FakeClock) -> None:
    """An error of ours after the submit carries the request id."""
    wire.post("/v2/ltx-video").respond(200, json={"request_id": ID})
    client = ltx.Client(KEY, BASE, clock=clock)
    job = client.submit("ltx-video", prompt="x")
    client.close()
    with pytest.raises(ltx.ConfigurationError) as caught:
        job.wait()
    assert caught.value.request_id == ID


class InterruptedQueue(queue.SimpleQueue[Any]):
    """A queue whose first wait is interrupted; its items come after that."""

    interrupted = threading.Event()
    sent = threading.Event()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if not self.interrupted.is_set():
            self.sent.wait(30)
            self.interrupted.set()
            raise KeyboardInterrupt
        return super().get(block, timeout)


LATE_RESPONSES: dict[str, tuple[httpx.Response | Exception, str, str | None, str]] = {
    "accepted": (httpx.Response(200, json={"request_id": ID}), "accepted", ID, f"client.job('{ID}')"),
    "refused": (httpx.Response(400, json={"error": "no"}), "refused", None, "was answered 400"),
    "lost": (httpx.ReadError("reset"), "uncertain", None, "A job may exist"),
    "a server error": (httpx.Response(503), "uncertain", None, "may have hidden a job"),
    "to be sent again": (httpx.Response(429), "refused", None, "nothing is billed"),
}


@pytest.mark.parametrize("answer", LATE_RESPONSES)
@pytest.mark.parametrize("call", CALLS)
def test_interrupted_submit_awaits_response(
    clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, answer: str
) -> None:
    """If a submit is interrupted, its response is still awaited and recorded."""
    given, state, request_id, words = LATE_RESPONSES[answer]
    monkeypatch.setattr(InterruptedQueue, "interrupted", threading.Event())
    monkeypatch.setattr(InterruptedQueue, "sent", threading.Event())
    monkeypatch.setattr(deadline, "_Worker", _worker)

    def handle(_: httpx.Request) -> httpx.Response:
        InterruptedQueue.sent.set()
        InterruptedQueue.interrupted.wait(30)
        if isinstance(given, Exception):
            raise given
        return given

    ledger = Ledger(tmp_path / "jobs.sqlite")
    with (
        ltx.Client(KEY, BASE, transport=httpx.MockTransport(handle), ledger=ledger, clock=clock) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        CALLS[call](client)
    assert words in "".join(caught.value.__notes__)
    assert [(entry.state, entry.request_id) for entry in ledger.entries()] == [(state, request_id)]
    ledger.close()


_Worker = deadline._Worker  # pyright: ignore[reportPrivateUsage]


def _worker() -> Any:
    """Return a worker that answers through `InterruptedQueue` and takes its work from an ordinary queue."""
    made: Any = _Worker.__new__(_Worker)
    made.work, made.done, made.taken = queue.Queue(), InterruptedQueue(), queue.SimpleQueue()
    work: Any = deadline._work  # pyright: ignore[reportPrivateUsage]
    threading.Thread(target=work, args=(made.work, made.done, made.taken), daemon=True).start()
    return made


class RaisingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport that raises a foreign exception: at once, in the middle of a body, or on close."""

    def __init__(self, where: str) -> None:
        self.where, self.posts = where, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.posts += request.method == "POST"
        if self.where == "send":
            raise LookupError(request.headers["x-api-key"])
        return httpx.Response(200, stream=Body(self.where))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, where: str) -> None:
        self._where = where

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"request_id": "job-1"'
        if self._where == "read":
            raise LookupError(KEY)
        yield b"}"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        if self._where == "close":
            raise LookupError(KEY)

    async def aclose(self) -> None:
        self.close()


def test_transport_error_before_response(caller: Caller) -> None:
    """An unknown exception of a transport before the response leaves the submit uncertain."""
    strange = RaisingTransport("send")
    error = caller.raising(ltx.SubmitUncertainError, CALLS["submit"], transport=strange)
    assert strange.posts == 1
    assert "was lost: LookupError. " in str(error)
    assert KEY not in str(error) + repr(vars(error))


@pytest.mark.parametrize("where", ["read", "close"])
def test_transport_error_after_id(caller: Caller, where: str) -> None:
    """An unknown exception of a transport after the id still gives the job."""
    assert caller(CALLS["submit"], transport=RaisingTransport(where)).id == ID


@pytest.mark.parametrize("kind", [LookupError, httpx.ReadError, ConnectionResetError, StopIteration])
def test_callback_error_not_retried(
    caller: Caller, wire: respx.MockRouter, tmp_path: Path, kind: type[Exception]
) -> None:
    """An exception of a callback is raised as it is and nothing is retried."""
    wire.get(f"/v2/requests/{ID}").respond(200, json={"status": "COMPLETED", "output": OUT})
    route = wire.get(OUT).respond(200, content=b"\0\0\0\x18ftypmp42")

    def progress(*_: object) -> None:
        raise kind("mine")

    with pytest.raises((kind, RuntimeError)):
        caller(lambda c: c.job(ID).result(), lambda v: v.save(tmp_path / "a.mp4", progress=progress))
    assert route.call_count == 1
    assert list(tmp_path.iterdir()) == []
