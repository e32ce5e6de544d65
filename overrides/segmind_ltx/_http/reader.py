"""Read a response body piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import httpx

from segmind_ltx._config import Secret
from segmind_ltx._core.effects import Call, Response, looks_like_video
from segmind_ltx._http.failures import MIN_KEY_LENGTH, redact
from segmind_ltx._http.hidden import HiddenAddresses

MAX_JSON_BYTES: Final = 16 << 20


MAX_VIDEO_BYTES: Final = 1 << 30
"""The most bytes of a response to keep in memory; a v1 response may be a whole video."""


MIN_BYTES_PER_SECOND: Final = 1000
"""If a download is slower than this on average, it is given up after `SLOW_START` seconds."""


SLOW_START: Final = 60.0


class ResponseReader:
    """Collects the body of a response up to a limit. If the call has a sink and the status is 200, passes it on."""

    def __init__(
        self,
        call: Call,
        response: httpx.Response,
        now: Callable[[], float],
        started: float,
        key: Secret,
        hidden: HiddenAddresses,
    ) -> None:
        self._key, self._hidden = key, hidden
        self._status, self._headers, self._now = response.status_code, dict(response.headers.items()), now
        rest = call.resume is not None and call.resume.matches(self._status, self._headers)
        self._offset = call.resume.offset if call.resume and rest else 0
        ok = self._status == 200 or rest
        self._sink = call.sink if ok else None
        # Of a redirect or an error in front of a download nothing but the status and the headers is used.
        self._wanted = ok or call.sink is None
        # contract: *.v1
        self._blocking = call.method == "POST" and call.path.startswith("/v1/")
        self._kept = bytearray()
        self._size = 0
        # A video may come without a media type, or with a generic one.
        is_text = self._headers.get("content-type", "").lower().startswith(("text/", "application/json"))
        self._limit = MAX_VIDEO_BYTES if ok and not is_text else MAX_JSON_BYTES
        if call.resume is not None and self._sink is not None and not rest:
            call.resume.restart()
        self._length = _length(self._headers)
        self._started, self._deadline = started, started + call.limit
        # Part of a compressed video unpacks to part of a video, and nothing would show that it is incomplete.
        encoded = self._sink is not None and _encoded(self._headers)
        self.truncated: str | None = "it has a content encoding that was not requested" if encoded else None

    @property
    def unfinished(self) -> bool:
        """Whether more of the body is wanted."""
        return self._wanted and self.truncated is None

    def feed(self, chunk: bytes) -> bool:
        """Add a chunk; False if no more is wanted."""
        if not isinstance(chunk, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] - a user's transport
            self.truncated = f"the transport returned {type(chunk).__name__} instead of bytes"
            return False
        self._size += len(chunk)
        if self._sink is not None:
            self._sink(chunk, None if self._length is None else self._offset + self._length)
            elapsed = self._now() - self._started
            if elapsed > SLOW_START and self._size < elapsed * MIN_BYTES_PER_SECOND:
                self.truncated = f"only {self._size} bytes arrived in {elapsed:.0f} s"
            return self.truncated is None
        self._kept += chunk
        if len(self._kept) > self._limit:
            self.truncated = f"it has more than {self._limit} bytes"
        elif self._now() > self._deadline:
            self.truncated = "it did not arrive in full before the deadline"
        return self.truncated is None

    def response(self) -> Response:
        """Return the response, with the key redacted: a service may quote it, but errors and logs must not."""
        if self.truncated is None and self._wanted and self._length is not None and self._length != self._size:
            self.truncated = f"{self._size} bytes arrived, but {self._length} were announced"
        return self._response(self.truncated)

    def partial(self, reason: str) -> Response:
        """Return what has arrived so far. ``reason`` says why no more is awaited."""
        return self._response(reason)

    def _response(self, truncated: str | None) -> Response:
        key = self._key
        truncated = None if truncated is None else redact(truncated, key)
        body, headers = bytes(self._kept), self._headers
        secret = key.reveal()
        # Never change a complete video: it is quoted nowhere, and some bytes may equal the key by chance.
        whole = self._blocking and self._status == 200 and truncated is None
        video = whole and looks_like_video(Response(self._status, headers, body))
        if len(secret) >= MIN_KEY_LENGTH:
            body = self._hidden.hide(body) if secret.encode() in body and not video else body
            if secret in "\n".join(headers.values()):
                headers = {name: value.replace(secret, "[api key]") for name, value in headers.items()}
        return Response(self._status, headers, body, truncated, self._offset + self._size)


def _length(headers: Mapping[str, str]) -> int | None:
    """Return the announced length of the body; None if it was not announced, or counts encoded bytes."""
    announced = headers.get("content-length", "")
    return int(announced) if announced.isdecimal() and len(announced) < 20 and not _encoded(headers) else None


def _encoded(headers: Mapping[str, str]) -> bool:
    return headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}
