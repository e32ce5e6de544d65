"""Keep the requests that reached the sandbox: for a log line, for ``GET /_control/requests``, and for a HAR file."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import evolve, field, frozen
from starlette.types import Message, Receive, Scope, Send

from segmind_ltx_sandbox.http.faults import App, Faults
from segmind_ltx_sandbox.service.clock import Clock
from segmind_ltx_sandbox.service.scenarios import BY_KEY

KEPT_REQUESTS: Final = 1_000
"""How many requests are kept; older ones are dropped."""
KEPT_BYTES: Final = 1 << 20
"""How many bytes of a body are kept. Of a longer one nothing is."""
KEPT_RESPONSE_BYTES: Final = 1 << 16
"""The same for responses once the listeners have seen them: a thousand videos would fill the memory."""
WATCHED: Final = ("/v1/", "/v2/", "/outputs/")
"""The paths whose requests are kept: those of the API, and downloads."""

_SECRET_HEADERS: Final = ("authorization", "proxy-authorization", "cookie")
_SECRET_PARAMETER: Final = re.compile(r"(?i)((?:^|&)[^=&]*(?:key|token|auth|sig)[^=&]*=)[^&]+")


@frozen
class ReceivedRequest:
    """A request and its response. ``key`` is the name of the key's scenario, "unknown", or None if none was sent.

    ``status`` is 0 if the caller got no response. ``sent_at`` is on the sandbox's clock, ``milliseconds`` is real time.
    A body of more than `KEPT_BYTES` is None.
    """

    method: str
    path: str
    query: str
    key: str | None
    status: int
    sent_at: datetime
    milliseconds: float
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    response_headers: Mapping[str, str] = field(repr=False)
    response_body: bytes | None = field(repr=False)
    response_size: int = field(repr=False)
    origin: str = field(repr=False)

    @property
    def json(self) -> Any:
        """The body as JSON, or None if it is not JSON."""
        try:
            return json.loads(self.body or b"")
        except (ValueError, RecursionError):
            return None

    @property
    def line(self) -> str:
        """One line about the request. It has no key, only the name of its scenario."""
        key = "no key" if self.key is None else self.key
        path = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in self.path)
        return f"{self.method} {path}  {key}  {self.status or 'no response'}  {self.milliseconds:.0f} ms"

    def as_dict(self) -> dict[str, Any]:
        """Return the request as data, without its key."""
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "key": self.key,
            "status": self.status,
            "sent_at": self.sent_at.isoformat(),
            "milliseconds": round(self.milliseconds, 3),
            "json": self.json,
        }


class Traffic:
    """The requests so far, oldest first. Safe to read from another thread."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        """Keep the requests of a sandbox on this clock, and answer some with ``faults``."""
        self._clock, self._faults = clock, faults
        self._requests: deque[ReceivedRequest] = deque(maxlen=KEPT_REQUESTS)
        self._lock = threading.Lock()
        self.listeners: list[Callable[[ReceivedRequest], object]] = []
        """Called with each request after its response."""

    def __iter__(self) -> Iterator[ReceivedRequest]:
        """Iterate over the requests."""
        with self._lock:
            return iter(list(self._requests))

    def __len__(self) -> int:
        """Return how many requests are kept."""
        return len(self._requests)

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._requests.clear()

    async def call(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Call ``app``, unless a fault is due, and keep the request."""
        if scope["type"] != "http" or not scope["path"].startswith(WATCHED):
            await app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        sent_at, began = self._clock.utc(), time.perf_counter()
        try:
            if not await self._faults.happens(app, scope, exchange.receive, exchange.send, send):
                await app(scope, exchange.receive, exchange.send)
        finally:
            self._keep(exchange.request(scope, sent_at, 1000 * (time.perf_counter() - began)))

    def _keep(self, request: ReceivedRequest) -> None:
        for listener in self.listeners:
            listener(request)
        if request.response_size > KEPT_RESPONSE_BYTES:
            request = evolve(request, response_body=None)
        with self._lock:
            self._requests.append(request)


class _Body:
    """The first bytes of a body, until there are too many."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> None:
        self.size += len(part)
        if self.size > KEPT_BYTES:
            self._parts.clear()
        else:
            self._parts.append(part)

    @property
    def content(self) -> bytes | None:
        return None if self.size > KEPT_BYTES else b"".join(self._parts)


class _Exchange:
    """Listens to one request and its response."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._sent, self._got = _Body(), _Body()
        self._status, self._headers = 0, dict[str, str]()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._sent.add(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], _text(message.get("headers", ()))
        else:
            self._got.add(message.get("body", b""))
        await self._send(message)

    def request(self, scope: Scope, sent_at: datetime, milliseconds: float) -> ReceivedRequest:
        headers = _text(scope["headers"])
        key = headers.pop("x-api-key", None)
        # A key may also be in the wrong place, and it may be a real one.
        headers |= {name: "[masked]" for name in _SECRET_HEADERS if name in headers}
        scenario = BY_KEY.get(key or "")
        return ReceivedRequest(
            method=scope["method"],
            path=scope["path"],
            query=_SECRET_PARAMETER.sub(r"\1[masked]", scope.get("query_string", b"").decode("latin-1")),
            key=None if key is None else "unknown" if scenario is None else scenario.name,
            status=self._status,
            sent_at=sent_at,
            milliseconds=milliseconds,
            headers=headers,
            body=self._sent.content,
            response_headers=self._headers,
            response_body=self._got.content,
            response_size=self._got.size,
            origin=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
        )


def _text(headers: Any) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
