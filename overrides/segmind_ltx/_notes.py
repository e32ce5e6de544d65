"""What is noted of paid calls and jobs, so that none is lost to an exception or a crash."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from segmind_ltx.errors import SegmindLtxError

SENDING: Final = "sending"
UNCERTAIN: Final = "uncertain"
REFUSED: Final = "refused"
ACCEPTED: Final = "accepted"
ANSWERED: Final = "answered"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
GONE: Final = "gone"
SAVED: Final = "saved"

Settle: TypeAlias = Callable[[str, str | None], None]
"""Takes the state of a paid call that was answered, and the job's id where there is one."""


class Notes:
    """Keeps nothing beyond the exceptions themselves; `segmind_ltx.ledger.Ledger` keeps a file."""

    @contextmanager
    def paying(
        self,
        model: str,
        request: Mapping[str, Any],  # noqa: ARG002 - a ledger writes it down
        base_url: str,  # noqa: ARG002 - a ledger writes them down
    ) -> Generator[Settle]:
        """Around one paid call: an interrupt in the midst of it says what may have happened."""
        try:
            yield lambda _state, _request_id: None
        except SegmindLtxError:
            raise  # Ours say it themselves.
        except BaseException as error:
            error.add_note(
                f"segmind-ltx: a paid call to {model} was interrupted; a job may exist, and be billed. "
                "Look into your account before you submit it again."
            )
            raise

    @contextmanager
    def following(self, request_id: str) -> Generator[None]:
        """Around a wait or fetch: see to it that no exception that ends it hides the id of a paid job."""
        try:
            yield
        except SegmindLtxError:
            raise  # Ours carry it.
        except BaseException as error:
            # Ctrl-C, a cancelled task, an error in a callback.
            error.add_note(f"segmind-ltx: the job goes on; take it up again with client.job({request_id!r}).wait()")
            raise

    def note(self, request_id: str | None, state: str, *, cost: float | None = None, file: str | None = None) -> None:
        """What became of a job."""

    def close(self) -> None:
        """Nothing is noted after this."""
