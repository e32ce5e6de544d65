"""The effects that flows ask for, and their results.

A *flow* is a generator that decides: it yields an effect (`Call` or `Sleep`) and receives the result (`Response`,
`NoResponse`, or None after a sleep). It does no I/O and reads no clock of its own, so the sync and the async client
run the same flows and cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from logging import Logger, LoggerAdapter
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar

from segmind_ltx._core.journal import Journal
from segmind_ltx._core.media_types import looks_like_text
from segmind_ltx.errors import DownloadError

AnyLogger: TypeAlias = "Logger | LoggerAdapter[Any]"

T = TypeVar("T")

Sink: TypeAlias = Callable[[bytes, int | None], None]
"""Takes the chunks of a body in order, each with the length of the whole body, or None if it is unknown."""


DEADLINE_FACTOR: Final = 4
"""The deadline of a call, as a multiple of its read timeout: each silence is shorter, but there may be several."""
UPLOAD_RATE: Final = 20_000
"""The slowest upload to allow for, in bytes per second; a request may have a whole image in it."""


class DownloadTarget(Protocol):
    """The file that a download writes to, through its sink."""

    request_id: str | None

    def restart(self) -> None:
        """Delete what was written so far."""
        ...

    def size(self) -> int:
        """Return the number of bytes that were written so far."""
        ...

    def head(self) -> bytes:
        """Return the first bytes that were written."""
        ...

    def error(self, message: str) -> DownloadError:
        """Return an exception that names the job and the address."""
        ...

    def raise_if_stopped(self) -> None:
        """Raise the exception of the caller's progress callback, if it raised one."""
        ...


class Resume(NamedTuple):
    """The rest of a download: from byte ``offset`` on, if the file still has the ``validator`` (ETag or date).

    ``restart`` is called if the server sends the whole file instead.
    """

    offset: int
    validator: str
    restart: Callable[[], None]

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest."""
        return {"range": f"bytes={self.offset}-", "if-range": self.validator}

    def matches(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether a response is the rest, and nothing else."""
        return status == 206 and headers.get("content-range", "").startswith(f"bytes {self.offset}-")


class Call(NamedTuple):
    """One request. ``read_timeout`` bounds each silence, ``deadline`` the whole call; both are in seconds.

    ``path`` is below the API's base URL, and the call carries the API key. If there is a ``sink``, ``path`` is a whole
    URL on another host, the call does not carry the key, and the body of a 200 goes into the sink, with ``resume`` that
    of a matching 206 as well; each chunk renews the deadline then. ``on_late`` gets the response if that arrives after
    the call was given up. ``accept`` is the Accept header, unless the caller's own headers have one. ``origin``
    replaces the base URL's for a call that carries the key to another host of the vendor.
    """

    method: str
    path: str
    read_timeout: float
    json: Mapping[str, Any] | None = None
    sink: Sink | None = None
    deadline: float | None = None
    resume: Resume | None = None
    on_late: Callable[[Response], object] | None = None
    accept: str | None = None
    origin: str | None = None

    @property
    def limit(self) -> float:
        """Return the deadline; by default a multiple of the read timeout."""
        return DEADLINE_FACTOR * self.read_timeout if self.deadline is None else self.deadline

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Response(NamedTuple):
    """A response; header names are in lower case.

    ``truncated`` says why the body is incomplete, None if it is complete; ``size`` is the number of bytes received, in
    ``body`` or in the sink.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: str | None = None
    size: int = 0

    @property
    def ok(self) -> bool:
        """Whether the status is a 2xx: if a gateway turns a 200 into a 202, that is a success as well."""
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """Return the content type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def __repr__(self) -> str:
        # The body may be a whole video.
        return f"<Response {self.status}, {len(self.body)} bytes>"


def looks_like_video(response: Response) -> bool:
    """Whether a response is a video: by its media type or, if that is missing or generic, by its first bytes.

    The first bytes are those of ISO media or Matroska. Text with the media type of a video is not a video.
    """
    if response.media_type.startswith("video/"):
        return not looks_like_text(response.body)
    generic = response.media_type in {"", "application/octet-stream", "binary/octet-stream"}
    return generic and (response.body[4:8] == b"ftyp" or response.body[:4] == b"\x1aE\xdf\xa3")


class NoResponse(NamedTuple):
    """No response arrived. ``sent`` is False only if the request provably was not sent."""

    reason: str
    sent: bool


class InterruptedCall(BaseException):
    """An interrupt during a paid call, with the response that arrived after it."""

    def __init__(self, interrupt: BaseException, reply: Response | NoResponse) -> None:
        super().__init__()
        self.interrupt, self.reply = interrupt, reply


class Sleep(NamedTuple):
    """Wait for so many seconds."""

    seconds: float


Effect: TypeAlias = Call | Sleep
Reply: TypeAlias = Response | NoResponse | None
Flow: TypeAlias = Generator[Effect, Reply, T]


DurationStats: TypeAlias = dict[str, tuple[int, float]]
"""For each model, the number of completed jobs, and the sum of the logarithms of their durations in seconds."""


class Context(NamedTuple):
    """The inputs of a flow: two clocks, in seconds (monotonic, and since the epoch), a random number, and options.

    ``max_retries`` is the most retries of a free call; ``max_submit_retries`` those of a paid call, which is retried
    only if that cannot pay twice, or after one of the statuses ``resend_on``; ``read_timeout`` the longest silence in
    seconds, None if the caller set none; ``durations`` the durations of earlier jobs; ``journal`` records every paid
    call to ``base_url``.
    """

    now: Callable[[], float]
    time: Callable[[], float]
    random: Callable[[], float]
    max_retries: int
    max_submit_retries: int
    resend_on: frozenset[int]
    read_timeout: float | None
    durations: DurationStats
    journal: Journal
    log: AnyLogger
    base_url: str


def send(call: Call) -> Flow[Response | NoResponse]:
    """Make one call, and return its outcome."""
    reply = yield call
    assert reply is not None, "a driver answers every call"  # noqa: S101 - a contract between two modules of ours
    return reply


def sleep(seconds: float) -> Flow[None]:
    """Wait for so many seconds, if more than 0."""
    yield Sleep(max(0.0, seconds))


def call_from(kwargs: dict[str, Any], timeout: float, extra: float = 0.0) -> Call:
    """Return a call from the keyword arguments that a generated endpoint module gives.

    Its deadline is a multiple of ``timeout``, and so many seconds ``extra``, and longer if it sends much.
    """
    json: Mapping[str, Any] | None = kwargs.get("json")
    size = sum(len(value) for value in (json or {}).values() if isinstance(value, str))
    deadline = DEADLINE_FACTOR * timeout + extra + size / UPLOAD_RATE
    return Call(kwargs["method"].upper(), kwargs["url"], timeout, json, deadline=deadline)


def describe(outcome: Response | NoResponse) -> str:
    return outcome.reason if isinstance(outcome, NoResponse) else f"status {outcome.status}"
