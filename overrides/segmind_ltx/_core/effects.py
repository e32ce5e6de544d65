"""The vocabulary between decisions and I/O.

A *flow* is a generator that decides: it yields what is to be done next (`Call` or `Sleep`) and is sent what came of
it (`Response`, `NoResponse`, or None after a pause). It does no I/O and reads no clock of its own, so that the sync and the
async client run the very same flows and cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from logging import Logger, LoggerAdapter
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar

from segmind_ltx._core.journal import Journal
from segmind_ltx.errors import DownloadError

AnyLogger: TypeAlias = "Logger | LoggerAdapter[Any]"

T = TypeVar("T")

Sink: TypeAlias = Callable[[bytes, int | None], None]
"""Takes the pieces of a body as they come, each with the length of the whole where that was told."""


class DownloadTarget(Protocol):
    """A file that a download is written to through its sink."""

    request_id: str | None

    def restart(self) -> None:
        """Forget what was written."""
        ...

    def head(self) -> bytes:
        """Return the first bytes that were written."""
        ...

    def error(self, message: str) -> DownloadError:
        """Return an exception that names the job and the address."""
        ...

    def raise_if_stopped(self) -> None:
        """Raise what the caller's progress callback raised."""
        ...


class Call(NamedTuple):
    """One request. ``timeout`` bounds each silence on the line, ``deadline`` the whole call; both are in seconds.

    ``path`` is a path below the API's base URL, and is called with the key. With a ``sink`` it is a whole URL
    elsewhere, is called without the key, and the body of its 200 goes into the sink.

    ``accept`` is the Accept header, unless the caller's own headers have one.
    """

    method: str
    path: str
    read_timeout: float
    json: Mapping[str, Any] | None = None
    sink: Sink | None = None
    deadline: float | None = None
    accept: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Response(NamedTuple):
    """What came back; header names are in lower case.

    ``truncated`` says why the body ends early, where it does; ``size`` counts its bytes, whether kept or sunk.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: str | None = None
    size: int = 0

    @property
    def ok(self) -> bool:
        """Whether the status says success; a gateway's 202 is one as well."""
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def __repr__(self) -> str:
        # The body may be a whole video.
        return f"<Answer {self.status}, {len(self.body)} bytes>"


def looks_like_text(body: bytes) -> bool:
    """Whether a body begins as JSON, HTML or XML does, and no video."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"[", b"<"}


def looks_like_video(answer: Response) -> bool:
    """By media type or, where that is missing or generic, by the first bytes (ISO media, Matroska).

    Text under the media type of a video is none.
    """
    if answer.media_type.startswith("video/"):
        return not looks_like_text(answer.body)
    generic = answer.media_type in {"", "application/octet-stream", "binary/octet-stream"}
    return generic and (answer.body[4:8] == b"ftyp" or answer.body[:4] == b"\x1aE\xdf\xa3")


class NoResponse(NamedTuple):
    """No answer. ``sent`` is False only where the request provably never left."""

    reason: str
    sent: bool


class InterruptedCall(BaseException):
    """An interrupt that came while a paid call was under way, and the answer that came after all."""

    def __init__(self, interrupt: BaseException, reply: Response | NoResponse) -> None:
        super().__init__()
        self.interrupt, self.reply = interrupt, reply


class Sleep(NamedTuple):
    """Wait for some seconds."""

    seconds: float


Effect: TypeAlias = Call | Sleep
Reply: TypeAlias = Response | NoResponse | None
Flow: TypeAlias = Generator[Effect, Reply, T]


DurationStats: TypeAlias = dict[str, tuple[int, float]]
"""For each model, how many completed jobs there were, and the sum of the logarithms of their seconds."""


class Context(NamedTuple):
    """What flows know of the world: two clocks in seconds (one monotonic, one since the epoch) and a die.

    ``max_retries`` is how often a free call is sent again at most, ``max_submit_retries`` how often a paid one is where that cannot
    pay twice; ``read_timeout`` is the longest silence on the line in seconds, where the caller set one; ``durations`` is how
    long jobs took so far; ``journal`` is told of every paid call to
    ``base_url``.
    """

    now: Callable[[], float]
    time: Callable[[], float]
    random: Callable[[], float]
    max_retries: int
    max_submit_retries: int
    read_timeout: float | None
    durations: DurationStats
    journal: Journal
    log: AnyLogger
    base_url: str


def send(call: Call) -> Flow[Response | NoResponse]:
    """Make one call."""
    reply = yield call
    assert reply is not None, "a driver answers every call"  # noqa: S101 - a contract between two modules of ours
    return reply


def sleep(seconds: float) -> Flow[None]:
    """Wait."""
    yield Sleep(max(0.0, seconds))


DEADLINE_FACTOR: Final = 4
"""So many times the longest silence is waited for the whole of an answer that is no video."""


def bounded_call(kwargs: dict[str, Any], timeout: float) -> Call:
    """A call whose answer is short: it must not drip for ever either."""
    return call_from(kwargs, timeout)._replace(deadline=DEADLINE_FACTOR * timeout)


def call_from(kwargs: dict[str, Any], timeout: float) -> Call:
    """A call from what a generated endpoint module says of itself."""
    return Call(kwargs["method"].upper(), kwargs["url"], timeout, kwargs.get("json"))


def describe(outcome: Response | NoResponse) -> str:
    return outcome.reason if isinstance(outcome, NoResponse) else f"status {outcome.status}"
