"""Keep track of paid calls and jobs, so that no exception or crash loses one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final, NamedTuple

from segmind_ltx.errors import (
    ConfigurationError,
    RateLimitError,
    SegmindLtxError,
    ServerError,
    SubmitUncertainError,
    UnexpectedResponseError,
)

_PAID_JOB: Final = "_segmind_ltx_paid_job"
NOTE_PREFIX: Final = "segmind-ltx: "
"""The beginning of each note that the client adds to an exception; notes that begin so are logged as well."""
# contract: job.kept-one-hour
RETAINED: Final = 3600.0
"""Seconds for which the service keeps a result (documents 003 and 004)."""

GONE_AFTER: Final = 60.0
"""Seconds of 404 without a break after which a job counts as gone, unless it is younger than `reads.YOUNG`."""


class EntryState(StrEnum):
    """The state of a paid call in a ledger; `Entry` defines each."""

    TODO = "todo"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    ANSWERED = "answered"
    COMPLETED = "completed"
    FAILED = "failed"
    GONE = "gone"
    SAVED = "saved"


class Entry(NamedTuple):
    """One paid call. ``begun`` is in seconds since the epoch; ``cost`` in USD, None if the service did not send it.

    ``label`` is the request's label (`LabelledRequest`), or the label of the `Ledger` if the request has none.

    ``state`` is one of

    - todo: planned for a fleet of workers, and not sent yet;
    - sending: recorded before it was sent, without a response yet: the call is running, or the program died;
    - uncertain: the response was lost, so a job may exist;
    - refused: no job exists, nothing is billed;
    - accepted: a job exists and is billed;
    - answered: a blocking call returned its video;
    - completed, failed, gone (the result has expired), saved: how the job ended.
    """

    number: int
    state: str
    model: str
    request: Mapping[str, Any]
    base_url: str
    begun: float
    request_id: str | None
    detail: str | None
    cost: float | None
    file: str | None
    label: str | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether it is unknown if a job exists; an odd response may have named an id all the same."""
        return self.state in {EntryState.SENDING, EntryState.UNCERTAIN}

    @property
    def fetchable(self) -> bool:
        """Whether the service may have a result that was not saved yet."""
        return self.request_id is not None and self.state in {EntryState.ACCEPTED, EntryState.COMPLETED}

    def seconds_left(self, now: float) -> float:
        """Return how many seconds, at least, the service will keep the result: an hour from the submit; not below 0."""
        return max(0.0, self.begun + RETAINED - now)


class JournalBusyError(ConfigurationError):
    """The journal cannot be written now, but may be in a moment."""


def attach_request_id(error: BaseException, request_id: str) -> None:
    """Add a paid job's id to the exception that ends its wait, once."""
    if isinstance(error, SegmindLtxError):
        error.request_id = error.request_id or request_id
        return
    words = f"{NOTE_PREFIX}the job goes on; take it up again with client.job({request_id!r}).wait()"
    if words not in getattr(error, "__notes__", ()):  # For Ctrl-C, or an error in a callback.
        error.add_note(words)
        vars(error)[_PAID_JOB] = request_id


def paid_job(error: BaseException) -> str | None:
    """Return the id of the job that goes on after an exception that is not the client's own; None if there is none."""
    found: str | None = vars(error).get(_PAID_JOB)
    return found


def possibly_billed(error: BaseException) -> bool:
    """Whether a job may exist, and be billed, after a paid call that ended with ``error``.

    A server error may come from a gateway in front of an accepted job; a refusal may name one. An exception that is not
    the client's own says nothing about billing.
    """
    unclear = (SubmitUncertainError, UnexpectedResponseError, ServerError)
    names_a_job = isinstance(error, RateLimitError) and error.request_id is not None
    return names_a_job or isinstance(error, unclear) or not isinstance(error, SegmindLtxError)


@contextmanager
def attaching_request_id() -> Generator[Callable[[str], object]]:
    """Yield a callback for the request id; any later exception in the block gets that id."""
    known: list[str] = []
    try:
        yield known.append
    except BaseException as error:
        if known:
            attach_request_id(error, known[0])
        raise


class Journal:
    """Record nothing, but add the known facts to exceptions. `segmind_ltx.ledger.Ledger` also writes a file."""

    def record_submit(
        self,
        model: str,  # noqa: ARG002 - a ledger writes it down
        request: Mapping[str, Any],  # noqa: ARG002 - a ledger writes it down
        base_url: str,  # noqa: ARG002 - a ledger writes it down
        label: str | None = None,  # noqa: ARG002 - a ledger writes it down
    ) -> int:
        """Record a paid call that is about to be sent, and return its number in this journal."""
        return 0

    def record_outcome(self, number: int, state: str, request_id: str | None) -> None:
        """Record the state of a paid call (accepted, answered or refused), and the job's id if it is known."""

    def record_failure(self, number: int, model: str, error: BaseException) -> None:  # noqa: ARG002 - a ledger uses the number
        """Record how a paid call failed. If it was interrupted, add a note that a job may exist."""
        if not isinstance(error, SegmindLtxError):  # The client's own exceptions say so in their messages.
            error.add_note(
                f"{NOTE_PREFIX}a paid call to {model} was interrupted; a job may exist, and be billed. "
                "Look into your account before you submit it again."
            )

    def time_of_submit(self, request_id: str) -> float | None:  # noqa: ARG002 - a ledger looks it up
        """Return the time of a job's submit, in seconds since the epoch; None if it is unknown."""
        return None

    def record_end(self, request_id: str, error: BaseException) -> None:
        """Record how a wait or fetch ended without a video, and add the id of the paid job to the exception."""
        attach_request_id(error, request_id)

    def update(self, request_id: str | None, state: str, *, cost: float | None = None, file: str | None = None) -> None:
        """Record a job's new state. ``cost`` is in USD."""

    def close(self) -> None:
        """Close the journal; nothing is recorded after this."""
