"""Send requests and record them, with retries and the target's clock. No key is recorded."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import httpx

from segmind_ltx_conformance.media import can_measure, measure
from segmind_ltx_conformance.prober.delays import requested_delay
from segmind_ltx_conformance.prober.options import CannotRunError
from segmind_ltx_conformance.recording import MAX_BODY_BYTES, Exchange
from segmind_ltx_conformance.target import SCENARIO_STATUS, Target

ATTEMPTS: Final = 5
FIRST_DELAY: Final = 0.05
ONE_LANE: Final = frozenset({"refuse", "malformed", "bulk", "open"})
"""Stages that share one count of exhausted retries, so that a failing target is given up for all of them."""
MAX_EXHAUSTED: Final = 3
"""After this many requests of a stage used up all attempts, the others get one attempt."""
CONTROL_PROBE: Final = "unknown-id control"
CONTROL_PATH: Final = "/v2/requests/00000000-0000-4000-8000-00000000c0de"
REQUEST_TIMEOUT: Final = 30.0
"""Seconds for a call that does not wait for a job."""
MAX_UNANSWERED: Final = 12
"""After this many calls in a row without a response, the run ends."""
MAX_RESPONSE_BYTES: Final = 512 << 20
"""Of a body as unpacked: a few packed kilobytes can stand for gigabytes."""
LONGEST_BODY: Final = 300.0
"""Seconds, beside the call's own timeout, until a body has to be complete."""


class UnresponsiveTargetError(Exception):
    """The target does not respond any more."""


def _http_client(base_url: str) -> httpx.Client:
    """Return a client with the environment's proxies and certificates, unless the target is on this machine.

    Raises `CannotRunError` if these cannot be used.
    """
    host = httpx.URL(base_url).host
    try:
        return httpx.Client(
            timeout=httpx.Timeout(REQUEST_TIMEOUT, connect=10.0, pool=None),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
            headers={"user-agent": "segmind-ltx-conformance"},
            # A proxy elsewhere cannot reach this machine, and would get the key in clear.
            trust_env=not (host == "localhost" or host.startswith("127.") or host == "::1"),
        )
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        problem = "for SOCKS, install httpx[socks]" if isinstance(error, ImportError) else type(error).__name__
    # Outside the handler: the exception may quote a proxy's password.
    raise CannotRunError(
        f"the proxies or the certificates of the environment cannot be used: {problem}; look at HTTP_PROXY, "
        "HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
    )


class Recorder:
    """Send requests to one target and record them. Safe to use from several threads."""

    def __init__(self, target: Target, seed: int = 0, done: Callable[[str], None] = lambda _: None) -> None:
        """Start a recording now. ``done`` is called with the label of each request after its response."""
        self.target = target
        self.started = datetime.now(UTC)
        self.advanced = 0.0
        """Seconds by which the target's clock was advanced."""
        self._wrong = f"SG_{random.Random(f'wrong {seed}').getrandbits(64):016x}"  # noqa: S311  a key of no account
        self._start = time.monotonic()
        self._done = done
        self._sent: list[tuple[int, Exchange]] = []
        self._count = self._unanswered = 0
        self._exhausted: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._can_measure = can_measure()
        self._client = _http_client(target.base_url)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def now(self) -> float:
        """Return the seconds on the target's clock since the recording started."""
        return time.monotonic() - self._start + self.advanced

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges so far, in the order in which they were sent."""
        with self._lock:
            return tuple(exchange for _, exchange in sorted(self._sent, key=lambda pair: pair[0]))

    def advance(self, seconds: float) -> bool:
        """Advance the target's clock; return False if the clock control does not work."""
        path = (self.target.advance or "").replace("{seconds}", f"{seconds:g}")
        try:
            response = self._client.post(f"{self.target.base_url}{path}", json={"seconds": seconds})
        except httpx.HTTPError:
            return False
        if response.is_success:
            self.advanced += seconds
        return response.is_success

    def send(
        self,
        probe: str,
        method: str,
        url: str,
        *,
        key: str | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = REQUEST_TIMEOUT,
    ) -> Exchange:
        """Send a request, with retries if the fault may be transient; return the last attempt.

        Every attempt is recorded. ``url`` may be a path of the target. Raises `UnresponsiveTargetError` if many calls
        in a row got no response.
        """
        full_url = url if "://" in url else f"{self.target.base_url}{url}"
        stage = probe.partition(" ")[0]
        lane = f"{'refuse' if stage in ONE_LANE else stage} {method}"
        delay = FIRST_DELAY
        attempt = 1
        while True:
            exchange, safe = self._once(probe, method, full_url, key, body, dict(headers or {}), timeout)
            server_fault = exchange.status == 429 or exchange.status >= 500
            transient = exchange.status == 0 or (server_fault and exchange.status != SCENARIO_STATUS.get(key or ""))
            self._exhausted[lane] += transient and safe and attempt == ATTEMPTS
            # Do not wait a thousand times for a target that never recovers.
            if not transient or not safe or attempt == ATTEMPTS or self._exhausted[lane] >= MAX_EXHAUSTED:
                if transient and attempt == ATTEMPTS and exchange.status >= 500 and "valid" in self.target.keys:
                    # A control request, which is free, shows whether only this request fails or the whole target.
                    self._once(
                        CONTROL_PROBE,
                        "GET",
                        f"{self.target.base_url}{CONTROL_PATH}",
                        "valid",
                        None,
                        {},
                        REQUEST_TIMEOUT,
                    )
                self._done(probe)
                return exchange
            time.sleep(max(delay, requested_delay(exchange)))
            delay, attempt = 2 * delay, attempt + 1

    def _once(
        self,
        probe: str,
        method: str,
        url: str,
        key: str | None,
        body: bytes | None,
        headers: dict[str, str],
        timeout: float,
    ) -> tuple[Exchange, bool]:
        """Make one attempt; return the exchange and whether the request may be repeated."""
        if body is not None:
            headers.setdefault("content-type", "application/json")
        recorded_headers = {name: self.target.keys.redact(value) for name, value in headers.items()}
        if key is not None:
            headers["x-api-key"] = self._wrong if key == "wrong" else self.target.keys[key]
            recorded_headers["x-api-key"] = f"[{key} key]"
        with self._lock:
            number, self._count = self._count, self._count + 1
        safe, fault = True, None
        status, response_headers, content = 0, dict[str, str](), b""
        began = time.monotonic()
        at, advanced = began - self._start, self.advanced
        try:
            with self._client.stream(method, url, content=body, headers=headers, timeout=timeout) as response:
                content = _read(response, began + timeout + LONGEST_BODY)
            status = response.status_code
            response_headers = {
                name.lower(): self.target.keys.redact(value) for name, value in response.headers.items()
            }
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            fault = self.target.keys.redact(f"{type(error).__name__}: {error}")
            safe = method == "GET" or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        took = time.monotonic() - began
        body_kept, media = self._body_to_keep(status, response_headers.get("content-type", ""), content)
        exchange = Exchange(
            method=method,
            url=self.target.keys.redact(url),
            key=key,
            at=round(at + advanced, 6),
            status=status,
            request_headers=recorded_headers,
            request_body=None if body is None else self.target.keys.redact(body.decode("utf-8", "replace")),
            headers=response_headers,
            body=body_kept,
            size=len(content),
            media=media,
            fault=fault,
            probe=probe,
            took=round(took, 6),
            real_at=round(at, 6),
        )
        self._note(number, exchange)
        return exchange, safe

    def _note(self, number: int, exchange: Exchange) -> None:
        with self._lock:
            self._sent.append((number, exchange))
            self._unanswered = 0 if exchange.status else self._unanswered + 1
            if self._unanswered >= MAX_UNANSWERED:
                calls = f"no response to {self._unanswered} calls in a row"
                raise UnresponsiveTargetError(f"{calls}; the last fault: {exchange.fault}")

    def _body_to_keep(self, status: int, kind: str, content: bytes) -> tuple[bytes, dict[str, object] | None]:
        """Return the body without keys; for a video return only its measurements."""
        if (
            status == 200
            and content
            and (kind.startswith(("video/", "application/octet-stream")) or not is_text(content))
        ):
            return b"", measure(content) if self._can_measure else None
        return self.target.keys.redact_bytes(content[:MAX_BODY_BYTES]), None


def _read(response: httpx.Response, deadline: float) -> bytes:
    """Return the body. Raises `httpx.HTTPError` if it is too large, also if it was sent packed, or does not end."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise httpx.DecodingError(f"the body is larger than {MAX_RESPONSE_BYTES >> 20} MiB")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout(f"the body did not end within {LONGEST_BODY:g} s")
    return bytes(body)


def is_text(content: bytes) -> bool:
    """Return whether these bytes are text."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content[:1024]
