"""Take in an answer piece by piece, and say what is left of one that broke off."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import httpx

from segmind_ltx._settings import Secret
from segmind_ltx._wire import Answer, Call, Lost, looks_like_video

FAULTS: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
"""What httpx and the socket below it raise where a call goes wrong."""

NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
"""The faults of httpx's transports after which it is certain that nothing was sent (HTTP/1)."""

NO_CONNECTION: Final = frozenset(
    {
        "httpcore.ConnectError",
        "httpcore.ConnectTimeout",
        "httpcore.PoolTimeout",
        "httpcore.UnsupportedProtocol",
        "h11.LocalProtocolError",
        "aiohttp.ClientConnectorError",
        "aiohttp.ConnectionTimeoutError",
        "aiohttp.InvalidURL",
    }
)
"""What proves the same where it is the cause of a fault, by the package and the class."""

SENT: Final = frozenset(
    f"{package}.{name}"
    for package in ("httpx", "httpcore")
    for name in ("ReadError", "ReadTimeout", "WriteError", "WriteTimeout", "CloseError", "RemoteProtocolError")
)
"""What says that there was a connection, whatever came after it."""

LARGEST_JSON: Final = 16 << 20
LARGEST_VIDEO: Final = 1 << 30
"""Bytes of an answer that are kept in memory; a v1 answer may be a whole video."""

SHORTEST_KEY: Final = 8
"""A key of fewer characters is left in answers: it is nobody's real one, and taking it out could maul a job's id."""

SLOWEST: Final = 1000
"""Bytes a second, on average; a download that is slower after `PATIENCE` seconds is given up."""
PATIENCE: Final = 60.0


def lost(error: Exception, key: Secret, *, own: bool) -> Lost:
    """A fault as plain words, with no traceback, no request and no key in them.

    ``own`` is for a line that is made of httpx's own transports: its word is taken on whether anything was sent. What
    another transport calls a failure to connect may have come after the request, so there it takes a cause to prove it.
    What is not httpx's or Python's (aiohttp's errors hold the headers) says no more than its name.
    """
    name = type(error).__name__
    # Others may say anything, and aiohttp's may even fail to.
    plain = isinstance(error, FAULTS) and type(error).__module__.partition(".")[0] in {"builtins", "httpx", "ssl"}
    words = masked(str(error).strip(), key) if plain else ""
    sent = not isinstance(error, NEVER_LEFT) if own else not _proven(error)
    return Lost(f"{name}: {words}" if words not in {"", name} else name, sent=sent)


def masked(text: str, key: Secret) -> str:
    """A text without the key in it, as it is and as a repr shows it."""
    secret = key.reveal()
    if len(secret) < SHORTEST_KEY:
        return text
    return text.replace(secret, "[api key]").replace(repr(secret)[1:-1], "[api key]")


def too_late(call: Call) -> Lost:
    """A call that did not come to its end in time."""
    return Lost(f"it was not answered in full within {call.within:.1f} s", sent=True)


def _proven(error: Exception) -> bool:
    """Whether what led to a fault proves that nothing was sent."""
    kinds = {kind for link in _chain(error) for kind in _kinds(link)}
    return not kinds.isdisjoint(NO_CONNECTION) and kinds.isdisjoint(SENT)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception, and all that led to it."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            todo += [link.__cause__, link.__context__]
            yield link


def _kinds(error: BaseException) -> set[str]:
    """The classes of an exception, each with the package that it is from."""
    return {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}


class Intake:
    """The body of one answer: kept up to a limit, or handed on where the call has a sink and the status is 200."""

    def __init__(self, call: Call, response: httpx.Response, now: Callable[[], float], begun: float) -> None:
        self._status, self._headers, self._now = response.status_code, dict(response.headers.items()), now
        good = self._status == 200
        self._sink = call.sink if good else None
        self._blocking = call.method == "POST" and call.target.startswith("/v1/")
        self._kept = bytearray()
        self._size = 0
        # A video may come without a media type, or with a generic one.
        plain = self._headers.get("content-type", "").lower().startswith(("text/", "application/json"))
        self._limit = LARGEST_VIDEO if good and not plain else LARGEST_JSON
        self._begun, self._until = begun, math.inf if call.within is None else begun + call.within
        self._length = _length(self._headers)
        # Half of a compressed video would unfold to half a video, and nothing would tell.
        encoded = self._sink is not None and _encoded(self._headers)
        self.broken: str | None = "it comes encoded, though that was not asked for" if encoded else None

    def take(self, chunk: bytes) -> bool:
        """Take a piece; False where no more is wanted."""
        self._size += len(chunk)
        if self._sink is not None:
            self._sink(chunk, self._length)
            took = self._now() - self._begun
            if took > PATIENCE and self._size < took * SLOWEST:
                self.broken = f"no more than {self._size} bytes came in {took:.0f} s"
            return self.broken is None
        self._kept += chunk
        if len(self._kept) > self._limit:
            self.broken = f"it has more than {self._limit} bytes"
        elif self._now() > self._until:
            self.broken = "it came in drips, and was not waited for"
        return self.broken is None

    def answer(self, key: Secret) -> Answer:
        """What came. A service that quotes the key in its answer must not put it into our errors and logs."""
        if self.broken is not None:
            self.broken = masked(self.broken, key)
        elif self._length is not None and self._length != self._size:
            self.broken = f"{self._size} bytes came where {self._length} were announced"
        body, headers = bytes(self._kept), self._headers
        secret = key.reveal()
        # The whole video of a blocking call is nobody's message, is quoted nowhere, and has to stay as it was made.
        whole = self._blocking and self._status == 200 and self.broken is None
        video = whole and looks_like_video(Answer(self._status, headers, body))
        if len(secret) >= SHORTEST_KEY:
            body = body if video else body.replace(secret.encode(), b"[api key]")
            if secret in "\n".join(headers.values()):
                headers = {name: value.replace(secret, "[api key]") for name, value in headers.items()}
        return Answer(self._status, headers, body, self.broken, self._size)


def _length(headers: Mapping[str, str]) -> int | None:
    """The announced length of the body, where it was announced and is not of an encoded form."""
    told = headers.get("content-length", "")
    return int(told) if told.isdecimal() and len(told) < 20 and not _encoded(headers) else None


def _encoded(headers: Mapping[str, str]) -> bool:
    return headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}
