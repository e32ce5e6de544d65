"""Sending and recording: retries after passing faults, the target's clock, and no key in anything that is kept."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from segmind_ltx_conformance.media import can_measure, measure
from segmind_ltx_conformance.recording import LARGEST_BODY, Exchange
from segmind_ltx_conformance.target import SCENARIO_STATUS, Target

ATTEMPTS: Final = 5
FIRST_PAUSE: Final = 0.05
REFUSING: Final = frozenset({"refuse", "malformed", "bulk", "open"})
"""Stages whose requests all ask the same of a target, so that it is given up for all of them at once."""
HOPELESS: Final = 3
"""After so many requests of a stage that stayed without success through all attempts, the others get one attempt."""
CONTROL: Final = "unknown-id control"
CONTROL_PATH: Final = "/v2/requests/00000000-0000-4000-8000-00000000c0de"
QUICK: Final = 30.0
"""Seconds for a call that nobody has to wait for."""
SILENT: Final = 12
"""After so many calls in a row without an answer, the target is taken for gone."""


class GoneError(Exception):
    """The target does not answer any more."""


class Recorder:
    """One line to a target. Safe to use from several threads."""

    def __init__(self, target: Target, seed: int = 0, done: Callable[[str], None] = lambda _: None) -> None:
        """Begin a recording now. ``done`` is told each request when it has been answered."""
        self.target = target
        self.started = datetime.now(UTC)
        self.moved = 0.0
        """Seconds by which the target's clock was moved."""
        self._wrong = f"SG_{random.Random(f'wrong {seed}').getrandbits(64):016x}"  # noqa: S311  nobody's key
        self._start = time.monotonic()
        self._done = done
        self._sent: list[tuple[int, Exchange]] = []
        self._count = self._silent = 0
        self._spent: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._can_measure = can_measure()
        self._client = httpx.Client(
            timeout=httpx.Timeout(QUICK, connect=10.0, pool=None),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
            headers={"user-agent": "segmind-ltx-conformance"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def now(self) -> float:
        """Seconds on the target's clock since the recording began."""
        return time.monotonic() - self._start + self.moved

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What was recorded so far, in the order in which it was sent."""
        with self._lock:
            return tuple(one for _, one in sorted(self._sent, key=lambda pair: pair[0]))

    def advance(self, seconds: float) -> bool:
        """Move the target's clock; False where the lever does not work."""
        try:
            answer = self._client.post(f"{self.target.base_url}{self.target.advance}", json={"seconds": seconds})
        except httpx.HTTPError:
            return False
        if answer.is_success:
            self.moved += seconds
        return answer.is_success

    def send(
        self,
        probe: str,
        method: str,
        url: str,
        *,
        key: str | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = QUICK,
    ) -> Exchange:
        """Send a request, again where the fault may be a passing one; every attempt is recorded, the last one returned.

        ``url`` may be a path of the target. Raises `GoneError` where nothing has been answering for a while.
        """
        whole = url if "://" in url else f"{self.target.base_url}{url}"
        stage = probe.partition(" ")[0]
        lane = f"{'refuse' if stage in REFUSING else stage} {method}"
        pause = FIRST_PAUSE
        attempt = 1
        while True:
            one, safe = self._once(probe, method, whole, key, body, dict(headers or {}), timeout)
            fault = one.status == 429 or one.status >= 500
            passing = one.status == 0 or (fault and one.status != SCENARIO_STATUS.get(key or ""))
            self._spent[lane] += passing and safe and attempt == ATTEMPTS
            # A target that never recovers is not waited for a thousand times.
            if not passing or not safe or attempt == ATTEMPTS or self._spent[lane] >= HOPELESS:
                if passing and attempt == ATTEMPTS and one.status >= 500 and "valid" in self.target.keys:
                    # Is it this request, or the whole target? Another one, which nobody bills, tells them apart.
                    self._once(CONTROL, "GET", f"{self.target.base_url}{CONTROL_PATH}", "valid", None, {}, QUICK)
                self._done(probe)
                return one
            time.sleep(max(pause, asked_pause(one)))
            pause, attempt = 2 * pause, attempt + 1

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
        """One attempt, and whether it may be repeated as far as is known of its way to the target."""
        if body is not None:
            headers.setdefault("content-type", "application/json")
        noted = {name: self.target.keys.redact(value) for name, value in headers.items()}
        if key is not None:
            headers["x-api-key"] = self._wrong if key == "wrong" else self.target.keys[key]
            noted["x-api-key"] = f"[{key} key]"
        with self._lock:
            number, self._count = self._count, self._count + 1
        at, safe, fault = self.now(), True, None
        status, answered, content = 0, dict[str, str](), b""
        try:
            answer = self._client.request(method, url, content=body, headers=headers, timeout=timeout)
            status, content = answer.status_code, answer.content
            answered = {name.lower(): self.target.keys.redact(value) for name, value in answer.headers.items()}
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            fault = self.target.keys.redact(f"{type(error).__name__}: {error}")
            safe = method == "GET" or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        kept, media = self._kept(status, answered.get("content-type", ""), content)
        one = Exchange(
            method=method,
            url=self.target.keys.redact(url),
            key=key,
            at=round(at, 6),
            status=status,
            request_headers=noted,
            request_body=None if body is None else self.target.keys.redact(body.decode("utf-8", "replace")),
            headers=answered,
            body=kept,
            size=len(content),
            media=media,
            fault=fault,
            probe=probe,
        )
        self._note(number, one)
        return one, safe

    def _note(self, number: int, one: Exchange) -> None:
        with self._lock:
            self._sent.append((number, one))
            self._silent = 0 if one.status else self._silent + 1
            if self._silent >= SILENT:
                raise GoneError(f"no answer to {self._silent} calls in a row; the last: {one.fault}")

    def _kept(self, status: int, kind: str, content: bytes) -> tuple[bytes, dict[str, object] | None]:
        """The body as it is kept, without keys; of a video its measures alone."""
        if (
            status == 200
            and content
            and (kind.startswith(("video/", "application/octet-stream")) or not is_text(content))
        ):
            return b"", measure(content) if self._can_measure else None
        return self.target.keys.redact_bytes(content[:LARGEST_BODY]), None


LONGEST_PAUSE: Final = 2.0
"""Seconds; who asks for more is asked again sooner."""


def is_text(content: bytes) -> bool:
    """Whether these bytes are text."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content[:1024]


def asked_pause(one: Exchange) -> float:
    """For how long the target asked to be left alone, as far as that is short; 0 where it did not say."""
    for name in ("retry-after", "x-rate-limit-reset-at-utc"):
        if (seconds := _seconds(one.headers.get(name, ""))) is not None and 0 < seconds <= LONGEST_PAUSE:
            return seconds
    return 0.0


def _seconds(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        for read in (datetime.fromisoformat, parsedate_to_datetime):
            try:
                moment = read(value)
            except ValueError:
                continue
            return moment.timestamp() - time.time() if moment.tzinfo else None
        return None
    return number - time.time() if number > 1e9 else number
