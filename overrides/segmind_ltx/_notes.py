"""See to it that no exception that ends a wait hides the id of a paid job."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from segmind_ltx.errors import SegmindLtxError


@contextmanager
def id_noted(request_id: str) -> Generator[None]:
    """Note the id on what is not our own (Ctrl-C, a cancelled task, an error in a callback); ours carry it."""
    try:
        yield
    except SegmindLtxError:
        raise
    except BaseException as error:
        error.add_note(f"segmind-ltx: the job goes on; take it up again with client.job({request_id!r}).wait()")
        raise
