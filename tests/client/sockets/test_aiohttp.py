"""Cause faults over aiohttp, which reports a dropped connection as none at all, and holds the key in its errors."""

# Each step takes the value of the one before it.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false

from __future__ import annotations

import io
import socket
from typing import Any

import anyio
import pytest
import rich.console
from httpx_aiohttp import AiohttpTransport

import segmind_ltx as ltx
from support.clocks import FakeClock
from support.fault_server import Fault, FaultServer, Line

# Other systems report resets and full queues of connections in other ways.
pytestmark = pytest.mark.linux_only

KEY = "SG_0123456789abcdef"
ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"


def cut(line: Line) -> None:
    line.sock.shutdown(socket.SHUT_RDWR)


def reset(line: Line) -> None:
    line.reset()


def raw(answer: bytes) -> Fault:
    return lambda line: line.sock.sendall(answer)


OK = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
FAULTS: dict[str, Fault] = {
    "cut": cut,
    "reset": reset,
    "no HTTP": raw(b"garbage\r\n\r\n"),
    "a bad header": raw(OK + b"bad header\r\n\r\n"),
    "a bad chunk": raw(OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n"),
    "a part": raw(OK + b"content-length: 50\r\n\r\nhello"),
}
CALLS: dict[str, Any] = {
    "submit": lambda c: c.submit("ltx-2-fast", prompt="x"),
    "v1": lambda c: c.generate_blocking("ltx-2-fast", prompt="x"),
    "status": lambda c: c.job(ID).status(),
}


def _error(server: FaultServer, clock: FakeClock, call: str) -> ltx.SegmindLtxError:
    async def main() -> None:
        async with ltx.AsyncClient(KEY, server.base_url, transport=AiohttpTransport(), clock=clock) as client:
            await CALLS[call](client)

    with pytest.raises(ltx.SegmindLtxError) as caught:
        anyio.run(main)
    error = caught.value
    assert KEY not in repr(error) + str(error) + repr(vars(error))
    assert all("aiohttp" not in repr(link) for link in (error.__cause__, error.__context__))
    return error


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["submit", "v1"])
def test_sent_paid_call_not_retried(faulty: FaultServer, clock: FakeClock, call: str, fault: str) -> None:
    """A paid call that was sent is not retried over aiohttp either."""
    faulty.always[call] = FAULTS[fault]
    faulty.listen()
    error = _error(faulty, clock, call)
    assert isinstance(error, ltx.SubmitUncertainError | ltx.UnexpectedResponseError)
    assert sum(faulty.posts.values()) == 1


@pytest.mark.parametrize("call", ["submit", "v1"])
def test_unsent_paid_call_retried(faulty: FaultServer, clock: FakeClock, call: str) -> None:
    """A paid call is retried if no connection was made."""
    error = _error(faulty, clock, call)
    assert type(error) is ltx.APIConnectionError
    assert len(clock.slept) == 4


@pytest.mark.parametrize("fault", FAULTS)
def test_free_call_raises_own_error(faulty: FaultServer, clock: FakeClock, fault: str) -> None:
    """A free call raises one of our exceptions, whatever aiohttp raises."""
    faulty.always["status"] = FAULTS[fault]
    faulty.listen()
    assert isinstance(_error(faulty, clock, "status"), ltx.APIConnectionError | ltx.UnexpectedResponseError)


@pytest.mark.parametrize("fault", ["no HTTP"])
@pytest.mark.parametrize("call", ["submit"])
def test_traceback_hides_key(faulty: FaultServer, clock: FakeClock, call: str, fault: str) -> None:
    """A traceback with local variables does not show the key."""
    faulty.always[call] = FAULTS[fault]
    faulty.listen()
    error = _error(faulty, clock, call)
    out = io.StringIO()
    shown = rich.console.Console(file=out, width=200)
    try:
        raise error
    except ltx.SegmindLtxError:
        shown.print_exception(show_locals=True, suppress=[__file__])
    assert "SubmitUncertainError" in out.getvalue()
    assert KEY not in "".join(line for line in out.getvalue().splitlines() if "KEY" not in line)
