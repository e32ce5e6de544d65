"""What is noted of paid calls and jobs, so that none is lost to an exception or a crash."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from segmind_ltx.errors import ConfigurationError, SegmindLtxError


class EntryState(StrEnum):
    """The state of a paid call in a ledger; `segmind_ltx.ledger.Entry` says what each means."""

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
    """What is to be noted cannot be noted now, but may be in a moment."""


def attach_request_id(error: BaseException, request_id: str) -> None:
    """Put a paid job's id onto whatever ends its wait; once is enough."""
    if isinstance(error, SegmindLtxError):
        error.request_id = error.request_id or request_id
        return
    words = f"segmind-ltx: the job goes on; take it up again with client.job({request_id!r}).wait()"
    if words not in getattr(error, "__notes__", ()):  # This is Ctrl-C, or an error in a callback.
        error.add_note(words)


@contextmanager
def attaching_request_id() -> Generator[Callable[[str], object]]:
    """Gives what is to be told of a job's id; from then on whatever ends the block carries it."""
    known: list[str] = []
    try:
        yield known.append
    except BaseException as error:
        if known:
            attach_request_id(error, known[0])
        raise


class Journal:
    """Keeps nothing beyond the exceptions themselves; `segmind_ltx.ledger.Ledger` keeps a file."""

    def record_submit(
        self,
        model: str,  # noqa: ARG002 - a ledger writes it down
        request: Mapping[str, Any],  # noqa: ARG002 - a ledger writes it down
        base_url: str,  # noqa: ARG002 - a ledger writes it down
        label: str | None = None,  # noqa: ARG002 - a ledger writes it down
    ) -> int:
        """A paid call is about to leave; gives the number under which it is known here."""
        return 0

    def record_response(self, number: int, state: str, request_id: str | None) -> None:
        """A paid call was answered well."""

    def record_failure(self, number: int, model: str, error: BaseException) -> None:  # noqa: ARG002 - a ledger uses the number
        """A paid call ended otherwise. An interrupt in the midst of it is told what may have happened."""
        if not isinstance(error, SegmindLtxError):  # Ours say it themselves.
            error.add_note(
                f"segmind-ltx: a paid call to {model} was interrupted; a job may exist, and be billed. "
                "Look into your account before you submit it again."
            )

    def record_end(self, request_id: str, error: BaseException) -> None:
        """A wait or fetch ended without a video. No exception that ends it may hide the id of a paid job."""
        attach_request_id(error, request_id)

    def update(self, request_id: str | None, state: str, *, cost: float | None = None, file: str | None = None) -> None:
        """What became of a job."""

    def close(self) -> None:
        """Nothing is noted after this."""
