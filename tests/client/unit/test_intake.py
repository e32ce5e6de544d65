"""What a fault proves: whether a paid call has left. And what is taken in of an answer."""

from __future__ import annotations

from typing import Any

import aiohttp
import httpcore
import httpx
import pytest

from segmind_ltx._config import Secret
from segmind_ltx._core.effects import Call
from segmind_ltx._http.failures import describe_failure, redact
from segmind_ltx._http.reader import SLOW_START, ResponseReader

KEY = Secret("SG_0123456789abcdef")
NO_CONNECTION = aiohttp.ClientConnectorError(None, OSError(111, "refused"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def caused(error: Exception, *causes: Exception) -> Exception:
    """An exception with a chain of causes."""
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
SENT_ERRORS: dict[str, Exception] = {
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
def test_a_cause_proves_that_nothing_was_sent(fault: str) -> None:
    assert not describe_failure(NOT_SENT_ERRORS[fault], KEY, uses_httpx_transport=False).sent


@pytest.mark.parametrize("fault", SENT_ERRORS)
def test_without_a_cause_it_counts_as_sent(fault: str) -> None:
    assert describe_failure(SENT_ERRORS[fault], KEY, uses_httpx_transport=False).sent


@pytest.mark.parametrize(
    "kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.LocalProtocolError]
)
def test_httpxs_own_transports_are_believed(kind: type[httpx.TransportError]) -> None:
    assert not describe_failure(kind("x"), KEY, uses_httpx_transport=True).sent


@pytest.mark.parametrize("kind", [httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, OSError])
def test_what_came_later_counts_as_sent_there_too(kind: type[Exception]) -> None:
    assert describe_failure(kind("x"), KEY, uses_httpx_transport=True).sent


def test_a_chain_that_leads_back_to_itself_has_an_end() -> None:
    one, other = OSError("x"), OSError("y")
    one.__context__, other.__context__ = other, one
    assert describe_failure(one, KEY, uses_httpx_transport=False).sent


def test_a_fault_is_told_without_the_key_and_a_strangers_by_its_name_alone() -> None:
    assert (
        describe_failure(httpx.ReadError(f"quoted {KEY.reveal()}"), KEY, uses_httpx_transport=True).reason
        == "ReadError: quoted [api key]"
    )
    assert describe_failure(httpx.ReadError(""), KEY, uses_httpx_transport=True).reason == "ReadError"
    assert (
        describe_failure(ZeroDivisionError(KEY.reveal()), KEY, uses_httpx_transport=True).reason == "ZeroDivisionError"
    )


def test_a_key_is_masked_as_a_repr_shows_it() -> None:
    key = Secret("SG_back\\slash'quote")
    assert redact(repr(f"a {key.reveal()} b"), key) == '"a [api key] b"'
    assert redact("a test", Secret("test")) == "a test"


class Watch:
    """A clock that goes on by so many seconds with each look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def _taken(step: float, piece: int, **headers: str) -> tuple[int, str | None]:
    """How many pieces of an endless download are taken, and why no more."""
    got: list[bytes] = []

    def sink(chunk: bytes, _: int | None) -> None:
        got.append(chunk)

    call = Call("GET", "https://out.test/a.mp4", 30, sink=sink)
    intake = ResponseReader(call, httpx.Response(200, headers=headers), Watch(step), 0.0, KEY)
    while intake.truncated is None and len(got) < 500 and intake.feed(bytes(piece)):
        pass
    return len(got), intake.truncated


def test_a_download_that_drips_is_given_up_after_a_minute() -> None:
    pieces, why = _taken(1.0, 999)
    assert pieces == SLOW_START + 1
    assert why == "only 60939 bytes arrived in 61 s"
    assert _taken(1.0, 1000) == (500, None)
    assert _taken(0.1, 1) == (500, None)  # The minute is not over.


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip"])
def test_a_download_that_comes_encoded_is_not_taken(encoding: str) -> None:
    assert _taken(0.0, 9, **{"content-encoding": encoding})[0] == 0


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
def test_one_that_is_not_is(encoding: str) -> None:
    assert _taken(0.0, 9, **{"content-encoding": encoding}) == (500, None)


def test_a_line_that_is_broken_is_told_without_the_key() -> None:
    call = Call("GET", "/x", 30)
    intake = ResponseReader(call, httpx.Response(200), Watch(0.0), 0.0, KEY)
    intake.truncated = f"it quotes {KEY.reveal()}"
    answer: Any = intake.response()
    assert answer.truncated == "it quotes [api key]"
