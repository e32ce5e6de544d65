"""The vocabulary between decisions and I/O.

A *flow* is a generator that decides: it yields what is to be done next (`Call` or `Pause`) and is sent what came of
it (`Answer`, `Lost`, or None after a pause). It does no I/O and reads no clock of its own, so that the sync and the
async client run the very same flows and cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias, TypeVar

from attrs import field, frozen

T = TypeVar("T")


@frozen
class Call:
    """One request. ``timeout`` bounds the wait for each part of the answer, in seconds.

    ``target`` is a path below the API's base URL, called with the key, or for a `Download` a whole URL, called
    without it.
    """

    method: str
    target: str
    timeout: float
    json: Mapping[str, Any] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


Sink: TypeAlias = Callable[[bytes, int | None], None]
"""Takes the pieces of a body as they come, each with the length of the whole where that was told."""


@frozen
class Download(Call):
    """A call to another host, whose 200 goes piece by piece into ``sink``; never with the key."""

    sink: Sink = field(kw_only=True, repr=False)


@frozen
class Answer:
    """What came back. ``broken`` says why the body ends early, where it does; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    broken: str | None = None
    size: int = 0
    """Bytes that came, whether they are in ``body`` or went into a sink."""

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@frozen
class Lost:
    """No answer. ``sent`` is False only where the request provably never left."""

    reason: str
    sent: bool


@frozen
class Pause:
    """Wait for some seconds."""

    seconds: float


Effect: TypeAlias = Call | Pause
Reply: TypeAlias = Answer | Lost | None
Flow: TypeAlias = Generator[Effect, Reply, T]


@frozen
class Env:
    """What flows know of the world: two clocks in seconds (one monotonic, one since the epoch) and a die."""

    now: Callable[[], float]
    time: Callable[[], float]
    random: Callable[[], float]
    retries: int
    """How often a call that may be repeated is sent again, at most."""


def send(call: Call) -> Flow[Answer | Lost]:
    """Make one call."""
    reply = yield call
    assert reply is not None, "a driver answers every call"  # noqa: S101 - a contract between two modules of ours
    return reply


def pause(seconds: float) -> Flow[None]:
    """Wait."""
    yield Pause(max(0.0, seconds))
