"""Keep track of paid calls and jobs, so that no exception or crash loses one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from segmind_ltx.errors import ConfigurationError, SegmindLtxError


class EntryState(StrEnum):
    """The state of a paid call in a ledger; `segmind_ltx.ledger.Entry` defines each."""

    SENDING = "sending"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    ANSWERED = "answered"
    COMPLETED = "completed"
    FAILED = "failed"
    GONE = "gone"
    SAVED = "saved"


class JournalBusyError(ConfigurationError):
    """The journal cannot be written now, but may be in a moment."""


def attach_request_id(error: BaseException, request_id: str) -> None:
    """Add a paid job's id to the exception that ends its wait, once."""
    if isinstance(error, SegmindLtxError):
        error.request_id = error.request_id or request_id
        return
    words = f"segmind-ltx: the job goes on; take it up again with client.job({request_id!r}).wait()"
    if words not in getattr(error, "__notes__", ()):  # For Ctrl-C, or an error in a callback.
        error.add_note(words)


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
    """Record nothing, but add what is known to exceptions. `segmind_ltx.ledger.Ledger` also writes a file."""

    def record_submit(
        self,
        model: str,  # noqa: ARG002 - a ledger writes it down
        request: Mapping[str, Any],  # noqa: ARG002 - a ledger writes it down
        base_url: str,  # noqa: ARG002 - a ledger writes it down
        label: str | None = None,  # noqa: ARG002 - a ledger writes it down
    ) -> int:
        """Record a paid call that is about to be sent, and return its number in this journal."""
        return 0

    def record_response(self, number: int, state: str, request_id: str | None) -> None:
        """Record that a paid call succeeded."""

    def record_failure(self, number: int, model: str, error: BaseException) -> None:  # noqa: ARG002 - a ledger uses the number
        """Record how a paid call failed. If it was interrupted, add a note that a job may exist."""
        if not isinstance(error, SegmindLtxError):  # The client's own exceptions say so in their messages.
            error.add_note(
                f"segmind-ltx: a paid call to {model} was interrupted; a job may exist, and be billed. "
                "Look into your account before you submit it again."
            )

    def record_end(self, request_id: str, error: BaseException) -> None:
        """Record how a wait or fetch ended without a video, and add the id of the paid job to the exception."""
        attach_request_id(error, request_id)

    def update(self, request_id: str | None, state: str, *, cost: float | None = None, file: str | None = None) -> None:
        """Record a job's new state. ``cost`` is in USD."""

    def close(self) -> None:
        """Close the journal; nothing is recorded after this."""
