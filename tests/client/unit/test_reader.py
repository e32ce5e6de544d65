"""Decide if a paid call was sent, and read responses within limits."""

from __future__ import annotations

from typing import Any

import aiohttp
import httpcore
import httpx
import pytest

from segmind_ltx._config import Secret
from segmind_ltx._core.effects import Call
from segmind_ltx._http.failures import describe_failure, redact
from segmind_ltx._http.hidden import HiddenAddresses
from segmind_ltx._http.reader import SLOW_START, ResponseReader

KEY = Secret("SG_0123456789abcdef")
NO_CONNECTION = aiohttp.ClientConnectorError(None, OSError(111, "refused"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def caused(error: Exception, *causes: Exception) -> Exception:
    """Return an exception with a chain of causes."""
    link: BaseException = error
    for cause in causes:
        link.__cause__ = cause
        link = cause
    return error


NOT_SENT_ERRORS: dict[str, Exception] = {
    "httpx's own": caused(httpx.ConnectError("x"), httpcore.ConnectError("x"), OSError(111, "refused")),
    "no connection in time": caused(httpx.ConnectTimeout("x"), httpcore.ConnectTimeout("x")),
    "no place in the pool": caused(httpx.PoolTimeout("x"), httpcore.PoolTimeout("x")),
    "aiohttp's": caused(httpx.ConnectError("x"), NO_CONNECTION),
    "aiohttp's as it is": NO_CONNECTION,
    "aiohttp's in time": caused(httpx.ConnectTimeout("x"), aiohttp.ConnectionTimeoutError("x")),
}
MAYBE_SENT_ERRORS: dict[str, Exception] = {
    "said without a cause": httpx.ConnectError("x"),
    "too late without a cause": httpx.ConnectTimeout("x"),
    "the server went": caused(httpx.ConnectTimeout("x"), aiohttp.ServerDisconnectedError()),
    "reset": caused(httpx.ConnectTimeout("x"), aiohttp.ClientOSError(104, "reset")),
    "silent": caused(httpx.ReadTimeout("x"), aiohttp.SocketTimeoutError("x")),
    "sent, and then no connection": caused(httpx.ConnectError("x"), httpcore.ConnectError("x"), httpx.ReadError("x")),
    "of no kind": ZeroDivisionError("x"),
    "the same name from elsewhere": type("ClientConnectorError", (Exception,), {})("x"),
}


@pytest.mark.parametrize("fault", NOT_SENT_ERRORS)
def test_failure_proves_not_sent(fault: str) -> None:
    """Nothing was sent if every exception in the chain comes from connecting."""
    assert not describe_failure(NOT_SENT_ERRORS[fault], KEY, uses_httpx_transport=False).sent


@pytest.mark.parametrize("fault", MAYBE_SENT_ERRORS)
def test_failure_without_proof(fault: str) -> None:
    """A failure counts as sent if nothing proves the opposite."""
    assert describe_failure(MAYBE_SENT_ERRORS[fault], KEY, uses_httpx_transport=False).sent


@pytest.mark.parametrize(
    "kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.LocalProtocolError]
)
def test_httpx_failure_not_sent(kind: type[httpx.TransportError]) -> None:
    """A connection error of httpx's own transport proves that nothing was sent."""
    assert not describe_failure(kind("x"), KEY, uses_httpx_transport=True).sent


@pytest.mark.parametrize("kind", [httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, OSError])
def test_httpx_failure_sent(kind: type[Exception]) -> None:
    """A later error of httpx's own transport counts as sent."""
    assert describe_failure(kind("x"), KEY, uses_httpx_transport=True).sent


def test_failure_chain_with_cycle() -> None:
    """A cycle in the chain of causes is no endless loop."""
    one, other = OSError("x"), OSError("y")
    one.__context__, other.__context__ = other, one
    assert describe_failure(one, KEY, uses_httpx_transport=False).sent


def test_failure_reason_redacted() -> None:
    """A reason never holds the key, and an unknown exception gives its class name alone."""
    assert (
        describe_failure(httpx.ReadError(f"quoted {KEY.reveal()}"), KEY, uses_httpx_transport=True).reason
        == "ReadError: quoted [api key]"
    )
    assert describe_failure(httpx.ReadError(""), KEY, uses_httpx_transport=True).reason == "ReadError"
    assert (
        describe_failure(ZeroDivisionError(KEY.reveal()), KEY, uses_httpx_transport=True).reason == "ZeroDivisionError"
    )


def test_redact_repr_of_key() -> None:
    """A key is redacted in its repr form too, and a short one not at all."""
    key = Secret("SG_back\\slash'quote")
    assert redact(repr(f"a {key.reveal()} b"), key) == '"a [api key] b"'
    assert redact("a test", Secret("test")) == "a test"


class SteppingClock:
    """A clock that advances with each reading."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def _read(step: float, piece: int, **headers: str) -> tuple[int, str | None]:
    """Return how many chunks of an endless download are accepted, and why no more."""
    got: list[bytes] = []

    def sink(chunk: bytes, _: int | None) -> None:
        got.append(chunk)

    call = Call("GET", "https://out.test/a.mp4", 30, sink=sink)
    reader = ResponseReader(
        call, httpx.Response(200, headers=headers), SteppingClock(step), 0.0, KEY, HiddenAddresses(KEY)
    )
    while reader.truncated is None and len(got) < 500 and reader.feed(bytes(piece)):
        pass
    return len(got), reader.truncated


def test_slow_download_given_up() -> None:
    """A download below the minimum rate is given up after a minute."""
    pieces, why = _read(1.0, 999)
    assert pieces == SLOW_START + 1
    assert why == "only 60939 bytes arrived in 61 s"
    assert _read(1.0, 1000) == (500, None)
    assert _read(0.1, 1) == (500, None)  # The minute is not over.


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip"])
def test_encoded_download_refused(encoding: str) -> None:
    """A download with a content encoding is refused."""
    assert _read(0.0, 9, **{"content-encoding": encoding})[0] == 0


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
def test_plain_download_accepted(encoding: str) -> None:
    """A download without a content encoding is accepted."""
    assert _read(0.0, 9, **{"content-encoding": encoding}) == (500, None)


def test_truncated_reason_redacted() -> None:
    """The reason why a response is truncated never holds the key."""
    call = Call("GET", "/x", 30)
    reader = ResponseReader(call, httpx.Response(200), SteppingClock(0.0), 0.0, KEY, HiddenAddresses(KEY))
    reader.truncated = f"it quotes {KEY.reveal()}"
    answer: Any = reader.response()
    assert answer.truncated == "it quotes [api key]"
