"""The vocabulary between decisions and I/O.

A *flow* is a generator that decides: it yields what is to be done next (`Call` or `Pause`) and is sent what came of
it (`Answer`, `Lost`, or None after a pause). It does no I/O and reads no clock of its own, so that the sync and the
async client run the very same flows and cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from segmind_ltx._notes import Notes

if TYPE_CHECKING:
    from logging import Logger, LoggerAdapter

    AnyLogger: TypeAlias = Logger | LoggerAdapter[Any]

T = TypeVar("T")

Sink: TypeAlias = Callable[[bytes, int | None], None]
"""Takes the pieces of a body as they come, each with the length of the whole where that was told."""


class Call(NamedTuple):
    """One request. ``timeout`` bounds each silence on the line, ``within`` the whole call; both are in seconds.

    ``target`` is a path below the API's base URL, and is called with the key. With a ``sink`` it is a whole URL
    elsewhere, is called without the key, and the body of its 200 goes into the sink.
    """

    method: str
    target: str
    timeout: float
    json: Mapping[str, Any] | None = None
    sink: Sink | None = None
    within: float | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


class Answer(NamedTuple):
    """What came back; header names are in lower case.

    ``broken`` says why the body ends early, where it does; ``size`` counts its bytes, whether kept or sunk.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    broken: str | None = None
    size: int = 0

    @property
    def good(self) -> bool:
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


def looks_like_video(answer: Answer) -> bool:
    """By media type or, where that is missing or generic, by the first bytes (ISO media, Matroska).

    Text under the media type of a video is none.
    """
    if answer.media_type.startswith("video/"):
        return not looks_like_text(answer.body)
    generic = answer.media_type in {"", "application/octet-stream", "binary/octet-stream"}
    return generic and (answer.body[4:8] == b"ftyp" or answer.body[:4] == b"\x1aE\xdf\xa3")


class Lost(NamedTuple):
    """No answer. ``sent`` is False only where the request provably never left."""

    reason: str
    sent: bool


class Late(BaseException):
    """An interrupt that came while a paid call was under way, and the answer that came after all."""

    def __init__(self, interrupt: BaseException, reply: Answer | Lost) -> None:
        super().__init__()
        self.interrupt, self.reply = interrupt, reply


class Pause(NamedTuple):
    """Wait for some seconds."""

    seconds: float


Effect: TypeAlias = Call | Pause
Reply: TypeAlias = Answer | Lost | None
Flow: TypeAlias = Generator[Effect, Reply, T]


Seen: TypeAlias = dict[str, tuple[int, float]]
"""For each model, how many completed jobs there were, and the sum of the logarithms of their seconds."""


class Env(NamedTuple):
    """What flows know of the world: two clocks in seconds (one monotonic, one since the epoch) and a die.

    ``retries`` is how often a free call is sent again at most, ``resends`` how often a paid one is where that cannot
    pay twice; ``patience`` is the longest silence on the line in seconds, where the caller set one; ``seen`` is how
    long jobs took so far; ``notes`` is told of every paid call to
    ``base_url``.
    """

    now: Callable[[], float]
    time: Callable[[], float]
    random: Callable[[], float]
    retries: int
    resends: int
    patience: float | None
    seen: Seen
    notes: Notes
    log: AnyLogger
    base_url: str


def send(call: Call) -> Flow[Answer | Lost]:
    """Make one call."""
    reply = yield call
    assert reply is not None, "a driver answers every call"  # noqa: S101 - a contract between two modules of ours
    return reply


def pause(seconds: float) -> Flow[None]:
    """Wait."""
    yield Pause(max(0.0, seconds))
