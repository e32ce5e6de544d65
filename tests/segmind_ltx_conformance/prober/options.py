"""Define the options and the stages of a run, and how a run ends early."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from segmind_ltx_conformance.recording import Recording

STAGES: Final = {
    "unknown-id": "GETs of ids that were never given out",
    "accept": "valid payloads, packed into few jobs; their states, their results",
    "result": "the results of what was accepted",
    "poll": "their states",
    "download": "the videos of what was accepted, without a key",
    "audit": "calls with only reads, then only refusals, between them: the credits show what was billed",
    "duplicate": "a submit that was accepted, sent again",
    "failing": "a job that ends FAILED",
    "alias": "the poll_url of a job",
    "address": "the addresses that a submit gave on another host, without a key: does anybody listen",
    "other-account": "a job of another account",
    "accept-header": "an Accept header that names something else",
    "missing-key": "every route without a key",
    "wrong-key": "every route with a key that nobody has",
    "bearer": "the key as a bearer token",
    "query": "the key in the query",
    "scenario": "every route with the key of each scenario",
    "unknown-model": "a model that does not exist",
    "retention": "a job before and after its hour, a video before its seven days are over",
    "refuse": "invalid payloads, one thing wrong with each",
    "malformed": "bodies that are no JSON object",
    "bulk": "invalid payloads drawn by schemathesis",
    "open": "what the documents leave open",
}
"""The stages in the order in which they run, and what each sends."""

FREE: Final = frozenset(
    {"unknown-id", "missing-key", "wrong-key", "bearer", "query", "scenario", "unknown-model"}
    | {"refuse", "malformed", "bulk", "open"}
)
"""The stages for which a conforming server bills nothing."""

NEED_ALL: Final = frozenset({"accept", "result", "poll", "download"})
"""The stages that need every pack of valid values."""
NEED_ONE: Final = frozenset(
    {"duplicate", "alias", "address", "other-account", "accept-header", "audit", "retention"}
    | {"missing-key", "wrong-key", "bearer", "query", "scenario"}
)
"""The stages that need one job to read; if nothing else is selected, one of the cheapest model."""


@frozen
class Options:
    """The options of a run.

    ``jobs`` is the number of concurrent calls. ``free`` leaves out everything that a conforming server would bill.
    ``videos`` selects whether videos are downloaded. ``models`` and ``stages`` are the selection (None: all), ``bulk``
    is the number of generated bodies per model, and ``fail_fast`` ends the run after the first stage with a response
    that no server should give.
    """

    seed: int = 0
    jobs: int = 8
    free: bool = False
    videos: bool = True
    models: frozenset[str] | None = None
    stages: frozenset[str] | None = None
    bulk: int = 12
    fail_fast: bool = False

    def wants(self, stage: str) -> bool:
        """Return whether this stage is selected."""
        if self.free and stage not in FREE:
            return False
        return self.stages is None or stage in self.stages

    @property
    def all_packs(self) -> bool:
        """True if all packs are needed, rather than one of the cheapest model or none."""
        return not self.free and any(self.wants(stage) for stage in NEED_ALL)

    @property
    def one_job(self) -> bool:
        """True if at least one job is needed."""
        return not self.free and (self.all_packs or any(self.wants(stage) for stage in NEED_ONE))


class CannotRunError(Exception):
    """The run could not start; the message says what to change."""


class Interrupted(Exception):  # noqa: N818  it is no error of the prober's
    """The run ended early. ``recording`` holds everything so far, because it may have been paid for."""

    def __init__(self, recording: Recording, why: str) -> None:
        """Keep ``recording``, and ``why`` as the message."""
        super().__init__(why)
        self.recording = recording
