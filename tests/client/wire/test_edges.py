"""What the caller, the environment or a transport does at the edges: errors of ours, and the id of the paid job.

More than 250 lines, since every kind of edge has its case here.
"""

# A step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import logging
import queue
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx._core.polling import MIN_STEP
from segmind_ltx._http import deadline, transport
from segmind_ltx.compat import SegmindClient
from segmind_ltx.ledger import Ledger
from support.callers import Caller, Step

KEY = "SG_0123456789abcdef"
BASE = "https://api.example.test"
ID = "job-1"
OUT = "https://out.test/a.mp4"
STATUS, RESULT, SUBMIT = f"/v2/requests/{ID}/status", f"/v2/requests/{ID}", "/v2/ltx-video"
DONE = {"request_id": ID, "status": "COMPLETED", "output": OUT}
submit: Step = lambda c: c.submit("ltx-video", prompt="x")  # noqa: E731 - a step of a caller
wait: Step = lambda job: job.wait()  # noqa: E731 - a step of a caller


@pytest.fixture
def done(wire: respx.MockRouter) -> respx.MockRouter:
    """A service that accepts one job, and has finished it."""
    wire.post(SUBMIT).respond(200, json={"request_id": ID})
    wire.get(STATUS).respond(200, json=DONE)
    wire.get(RESULT).respond(200, json=DONE)
    return wire


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 599])
@pytest.mark.parametrize("path", ["/v1/ltx-video", SUBMIT])
def test_server_error_is_not_sent_again(
    caller: Caller, wire: respx.MockRouter, tmp_path: Path, path: str, status: int
) -> None:
    """A gateway may have hidden a job: one POST, and the ledger says that it is uncertain."""
    route = wire.post(path).respond(status)
    ledger = Ledger(tmp_path / "jobs.sqlite")
    with pytest.raises(ltx.ServerError):
        caller(submit if path == SUBMIT else lambda c: c.generate_blocking("ltx-video", prompt="x"), ledger=ledger)
    assert (route.call_count, [entry.state for entry in ledger.entries()]) == (1, ["uncertain"])
    ledger.close()


@pytest.mark.parametrize("status", [408, 404, 409, 425, 500, 503])
@pytest.mark.parametrize("path", [STATUS, RESULT])
def test_fault_of_a_young_job_passes(
    caller: Caller, done: respx.MockRouter, path: str, status: int, tmp_path: Path
) -> None:
    """A job that some servers do not know for a while is waited for, read at once, and not called gone."""
    faults = [httpx.Response(status)] * 3
    ledger = Ledger(tmp_path / "jobs.sqlite")
    for take in (wait, lambda job: job.result() if path == RESULT else job.status()):
        done.post(SUBMIT).side_effect = [httpx.Response(200, json={"request_id": ID})]
        done.get(path).side_effect = [*faults, httpx.Response(200, json=DONE)]
        done.get(STATUS if path == RESULT else RESULT).respond(200, json=DONE)
        with closing(Ledger(tmp_path / f"{take is wait}.sqlite")) as own:
            caller(submit, take, ledger=own)
            assert "gone" not in [entry.state for entry in own.entries()]
    ledger.close()


def test_unknown_job_is_polled_until_the_deadline(caller: Caller, done: respx.MockRouter, tmp_path: Path) -> None:
    """A job that was just submitted and stays unknown ends the wait by its timeout; the ledger does not say gone."""
    done.get(STATUS).respond(404)
    with closing(Ledger(tmp_path / "jobs.sqlite")) as ledger:
        error = caller.raising(ltx.WaitTimeoutError, submit, lambda job: job.wait(300), ledger=ledger)
        assert (error.request_id, [entry.state for entry in ledger.entries()]) == (ID, ["accepted"])
    assert sum(caller.clock.slept) == pytest.approx(300)


def test_callback_error_keeps_the_paid_id(caller: Caller, done: respx.MockRouter, tmp_path: Path) -> None:
    """If on_status asks for another job, its error carries the id of the paid one, and does not end that one's row."""
    other = ltx.Client(KEY, BASE, max_retries=0)
    done.get("/v2/requests/other").respond(404)
    ledger = Ledger(tmp_path / "jobs.sqlite")
    error = caller.raising(
        ltx.NotFoundError,
        lambda c: c.generate("ltx-video", prompt="x", on_status=lambda _: other.job("other").result()),
        ledger=ledger,
    )
    assert error.request_id == ID
    assert ID in "".join(error.__notes__)
    assert [(entry.state, entry.request_id) for entry in ledger.entries()] == [("accepted", ID)]
    ledger.close()
    other.close()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals")
def test_timeout_of_a_signal_handler_is_the_callers() -> None:
    """A TimeoutError out of the caller's own signal handler is raised, not taken for a slow service."""
    waiting = threading.Event()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"request_id": ID})
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        waiting.wait(5)
        return httpx.Response(200, json=DONE)

    def alarm(*_: object) -> None:
        raise TimeoutError("mine")

    before = signal.signal(signal.SIGALRM, alarm)
    try:
        with ltx.Client(KEY, BASE, transport=httpx.MockTransport(handle)) as client:
            job = client.submit("ltx-video", prompt="x")
            with pytest.raises(TimeoutError, match="mine") as caught:
                job.wait()
            waiting.set()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert ID in "".join(caught.value.__notes__)


class Odd(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport that returns something else than a response."""

    def __init__(self, returned: Any) -> None:
        self.returned = returned

    def handle_request(self, request: httpx.Request) -> Any:  # noqa: ARG002 - httpx calls it so
        return self.returned

    async def handle_async_request(self, request: httpx.Request) -> Any:  # noqa: ARG002 - httpx calls it so
        return self.returned


class Words(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body of str instead of bytes."""

    def __iter__(self) -> Any:
        yield "x"

    async def __aiter__(self) -> AsyncIterator[Any]:
        yield "x"


ODD: dict[str, Any] = {
    "None": None,
    "a number": 7,
    "a str": "200 OK",
    "a body of words": httpx.Response(200, stream=Words()),
    "no status": httpx.Response("x"),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("call", ["submit", "v1", "status", "wait"])
def test_odd_transport_stays_in_the_tree(caller: Caller, odd: str, call: str) -> None:
    """Whatever a transport returns, the exception is one of the client's own, and a paid call is uncertain."""
    steps: dict[str, Step] = {
        "submit": submit,
        "v1": lambda c: c.generate_blocking("ltx-video", prompt="x"),
        "status": lambda c: c.job(ID).status(),
        "wait": lambda c: c.job(ID).wait(20),
    }
    with pytest.raises(ltx.SegmindLtxError) as caught:
        caller(steps[call], transport=Odd(ODD[odd]))
    if call in {"submit", "v1"}:
        assert isinstance(caught.value, ltx.SubmitUncertainError | ltx.UnexpectedResponseError)


@pytest.mark.parametrize("call", ["submit", "v1", "status", "wait"])
def test_no_threads_is_a_connection_error(
    done: respx.MockRouter, monkeypatch: pytest.MonkeyPatch, clock: Any, call: str
) -> None:
    """If no thread can be started, nothing was sent, and the error says so."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    steps: dict[str, Step] = {
        "submit": submit,
        "v1": lambda c: c.generate_blocking("ltx-video", prompt="x"),
        "status": lambda c: c.job(ID).status(),
        "wait": lambda c: c.job(ID).wait(20),
    }
    with ltx.Client(KEY, BASE, clock=clock) as client, pytest.raises(ltx.SegmindLtxError) as caught:
        steps[call](client)
    assert type(caught.value) in {ltx.APIConnectionError, ltx.WaitTimeoutError}
    assert not done.calls


def test_missing_ca_bundle_is_a_setting(caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A CA bundle that is not there is named before anything is sent; http:// needs none."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    transport.tls_context.cache_clear()
    try:
        with closing(Ledger(tmp_path / "jobs.sqlite")) as ledger:
            error = caller.raising(ltx.ConfigurationError, submit, ledger=ledger)
            assert [entry.state for entry in ledger.entries()] == ["refused"]
        assert "SSL_CERT_FILE" in str(error)
        caller.raising(ltx.APIConnectionError, submit, base_url="http://127.0.0.1:9", max_submit_retries=0)
    finally:
        transport.tls_context.cache_clear()


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding"])
def test_framing_headers_are_refused(caller: Caller, wire: respx.MockRouter, name: str) -> None:
    """A header that frames the body is refused, in ``headers=`` and in a client of the user's own."""
    caller.raising(ltx.ConfigurationError, submit, headers={name: "5"})
    kind = httpx.Client if caller.kind == "sync" else httpx.AsyncClient
    http = kind(headers={name: "5"})
    error = caller.raising(ltx.ConfigurationError, submit, http=http)
    assert "Nothing was sent" in str(error)
    assert not wire.calls


class Raising(logging.Logger):
    """A logger that raises."""

    def log(self, *_: Any, **__: Any) -> None:
        raise ZeroDivisionError


def test_logger_that_raises_changes_nothing(caller: Caller, done: respx.MockRouter) -> None:
    """The id of a paid job does not depend on a logger."""
    done.post(SUBMIT).side_effect = [httpx.Response(429), httpx.Response(200, json={"request_id": ID})]
    assert caller(submit, wait, logger=Raising("mine")).url == OUT


def test_second_doors_have_the_same_checks(caller: Caller, wire: respx.MockRouter) -> None:
    """Names that ``from_dict`` or an assignment lets through are refused like those of a call."""
    request = ltx.Ltx2FastRequest.from_dict({"prompt": "x", "durration": 10})
    assigned = ltx.Ltx2FastRequest(prompt="x")
    assigned.duration = 7  # type: ignore[assignment] # pyright: ignore[reportAttributeAccessIssue]
    error = caller.raising(ltx.ParameterError, lambda c: c.submit(request))
    assert "durration" in str(error)
    assert "duration" in str(caller.raising(ltx.ParameterError, lambda c: c.submit(assigned)))
    assert not wire.calls


async def _later(*_: object) -> None:
    """Do nothing, later."""


class _Later:
    async def __call__(self, *_: object) -> None:
        """Do nothing, later."""


@pytest.mark.parametrize("callback", [_later, _Later(), 7], ids=["function", "object", "number"])
def test_callback_that_is_not_called_is_refused(caller: Caller, wire: respx.MockRouter, callback: Any) -> None:
    """An async callback would never be awaited; it is refused before anything is paid for."""
    for step in (
        lambda c: c.generate("ltx-video", prompt="x", on_status=callback),
        lambda c: c.job(ID).wait(on_status=callback),
    ):
        error = caller.raising(ltx.ParameterError, step)
        assert "on_status" in str(error)
    assert not wire.calls


def test_interval_has_a_lower_bound(caller: Caller, done: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    """However short an interval is asked for, four polls a second are the most."""
    monkeypatch.setattr("segmind_ltx._core.wait.MIN_STEP", MIN_STEP)  # Other tests poll more often.
    done.get(STATUS).side_effect = [httpx.Response(200, json={"status": "QUEUED"})] * 3 + [
        httpx.Response(200, json=DONE)
    ]
    caller(lambda c: c.job(ID).wait(poll_interval=1e-9))
    assert caller.clock.slept == [0.25] * 3


def test_limit_ends_by_the_servers_clock(caller: Caller, done: respx.MockRouter) -> None:
    """The end of a limit is on the server's clock, whose time is in the Date header."""
    server = caller.clock.time() + 4000
    headers = {
        "x-rate-limit-reset-at-utc": str(int(server) + 7),
        "date": format_datetime(datetime.fromtimestamp(server, UTC), usegmt=True),
    }
    done.post(SUBMIT).side_effect = [httpx.Response(429, headers=headers), httpx.Response(200, json={"request_id": ID})]
    caller(submit)
    assert 7 <= caller.clock.slept[0] <= 8


def test_generate_has_one_deadline(caller: Caller, done: respx.MockRouter) -> None:
    """A pause that is longer than the time left is not waited for: the limit is an error at once, with its end."""
    done.post(SUBMIT).respond(429, headers={"retry-after": "30"})
    error = caller.raising(ltx.RateLimitError, lambda c: c.generate("ltx-video", prompt="x", timeout=5))
    assert error.reset_at == datetime.fromtimestamp(caller.clock.time() + 30, UTC)
    assert caller.clock.slept == []


def test_foreign_numbers_accepted(caller: Caller, wire: respx.MockRouter) -> None:
    """Numpy's numbers and truth values are sent as JSON's."""
    numpy = pytest.importorskip("numpy")
    route = wire.post("/v2/ltx-2-fast").respond(200, json={"request_id": ID})
    caller(
        lambda c: c.submit("ltx-2-fast", prompt="x", duration=numpy.int64(8), generate_audio=numpy.bool_(False)),
        timeout=numpy.float32(5),
        max_retries=numpy.int8(2),
    )
    assert route.calls[0].request.read() == b'{"prompt":"x","duration":8,"generate_audio":false}'


def test_compat_takes_a_timeout(wire: respx.MockRouter) -> None:
    """``run_sync(timeout=…)`` is the vendor's own parameter, not one of the model."""
    wire.post("/v1/ltx-video").respond(200, json={"output": OUT})
    with SegmindClient(KEY, BASE, timeout=50) as client:
        assert client.run_sync("ltx-video", prompt="x", timeout=7).json() == {"output": OUT}
    assert wire.calls[0].request.extensions["timeout"]["read"] == 7


def test_whole_answer_is_on_the_exception(caller: Caller, wire: respx.MockRouter) -> None:
    """What the message cuts off is in ``text``."""
    body = "sorry " * 400 + "ref: abc"
    wire.post(SUBMIT).respond(200, text=body)
    error = caller.raising(ltx.UnexpectedResponseError, submit)
    assert (error.text, len(str(error)) < 600) == (body, True)


def test_interrupt_before_sending_is_free(clock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the connection is made: nothing is billed, and the ledger says refused."""
    gate = threading.Event()

    def blocked(*_: object, **__: object) -> Any:
        gate.wait(5)
        raise OSError("no such host")

    monkeypatch.setattr("socket.getaddrinfo", blocked)

    class Once(queue.SimpleQueue[Any]):
        def get(self, *_: Any, **__: Any) -> Any:
            raise KeyboardInterrupt

    made = deadline._Worker  # pyright: ignore[reportPrivateUsage]

    def worker() -> Any:
        new: Any = made()
        new.done = Once()
        return new

    monkeypatch.setattr(deadline, "_Worker", worker)
    with (
        closing(Ledger(tmp_path / "jobs.sqlite")) as ledger,
        ltx.Client(KEY, BASE, ledger=ledger, clock=clock) as client,
    ):
        with pytest.raises(KeyboardInterrupt) as caught:
            client.submit("ltx-video", prompt="x")
        gate.set()
        assert [entry.state for entry in ledger.entries()] == ["refused"]
    assert "Nothing is billed" in "".join(caught.value.__notes__)
