"""Take in an answer piece by piece, and say what is left of one that broke off."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import httpx

from segmind_ltx._settings import Secret
from segmind_ltx._wire import Answer, Call, Lost, looks_like_video

FAULTS: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
"""What httpx and the socket below it raise where a call goes wrong."""

NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""The faults of which it is certain that nothing was sent."""

LARGEST_JSON: Final = 16 << 20
LARGEST_VIDEO: Final = 1 << 30
"""Bytes of an answer that are kept in memory; a v1 answer may be a whole video."""

SHORTEST_KEY: Final = 8
"""A key of fewer characters is left in answers: it is nobody's real one, and taking it out could maul a job's id."""


def lost(error: Exception) -> Lost:
    """A fault as plain words, with no traceback and no request attached."""
    words = str(error).strip() or type(error).__name__
    return Lost(f"{type(error).__name__}: {words}" if words != type(error).__name__ else words, sent=_sent(error))


def too_late(call: Call) -> Lost:
    """A call that did not come to its end in time."""
    return Lost(f"it was not answered in full within {call.within:.1f} s", sent=True)


def _sent(error: Exception) -> bool:
    return not isinstance(error, NEVER_LEFT)


class Intake:
    """The body of one answer: kept up to a limit, or handed on where the call has a sink and the status is 200."""

    def __init__(self, call: Call, response: httpx.Response, now: Callable[[], float], begun: float) -> None:
        self._status, self._headers, self._now = response.status_code, dict(response.headers.items()), now
        good = self._status == 200
        self._sink = call.sink if good else None
        self._kept = bytearray()
        self._size = 0
        # A video may come without a media type, or with a generic one.
        plain = self._headers.get("content-type", "").lower().startswith(("text/", "application/json"))
        self._limit = LARGEST_VIDEO if good and not plain else LARGEST_JSON
        self._until = math.inf if call.within is None else begun + call.within
        self._length = _length(self._headers)
        self.broken: str | None = None

    def take(self, chunk: bytes) -> bool:
        """Take a piece; False where no more is wanted."""
        self._size += len(chunk)
        if self._sink is not None:
            self._sink(chunk, self._length)
            return True
        self._kept += chunk
        if len(self._kept) > self._limit:
            self.broken = f"it has more than {self._limit} bytes"
        elif self._now() > self._until:
            self.broken = "it came in drips, and was not waited for"
        return self.broken is None

    def answer(self, key: Secret) -> Answer:
        """What came. A service that quotes the key in its answer must not put it into our errors and logs."""
        if self.broken is None and self._length is not None and self._length != self._size:
            self.broken = f"{self._size} bytes came where {self._length} were announced"
        body, headers = bytes(self._kept), self._headers
        secret = key.reveal()
        # A video is nobody's message, and has to stay as it was made.
        video = self._status == 200 and looks_like_video(Answer(self._status, headers, body))
        if len(secret) >= SHORTEST_KEY:
            body = body if video else body.replace(secret.encode(), b"[api key]")
            if secret in "\n".join(headers.values()):
                headers = {name: value.replace(secret, "[api key]") for name, value in headers.items()}
        return Answer(self._status, headers, body, self.broken, self._size)


def _length(headers: Mapping[str, str]) -> int | None:
    """The announced length of the body, where it was announced and is not of an encoded form."""
    told = headers.get("content-length", "")
    encoded = headers.get("content-encoding", "identity") != "identity"
    return int(told) if told.isdecimal() and len(told) < 20 and not encoded else None
