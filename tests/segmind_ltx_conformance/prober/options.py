"""What a run is to do, the stages that it consists of, and the ways in which it ends early."""

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
    "twin": "a submit that was accepted, sent again",
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
"""The stages, in the order in which they are done, and what each sends."""

FREE: Final = frozenset(
    {"unknown-id", "missing-key", "wrong-key", "bearer", "query", "scenario", "unknown-model"}
    | {"refuse", "malformed", "bulk", "open"}
)
"""The stages of which a server that keeps the documents bills nothing."""

NEED_ALL: Final = frozenset({"accept", "result", "poll", "download"})
"""The stages for which every pack of valid values is sent."""
NEED_ONE: Final = frozenset(
    {"twin", "alias", "address", "other-account", "accept-header", "audit", "retention"}
    | {"missing-key", "wrong-key", "bearer", "query", "scenario"}
)
"""The stages that need a job to look at; where nothing else is selected, one of the cheapest model."""


@frozen
class Options:
    """What a run is to do.

    ``jobs`` is how many calls are under way at once, ``free`` leaves out whatever a conforming server would bill,
    ``videos`` is whether they are downloaded, ``models`` and ``stages`` are what is selected (None: all of them),
    ``bulk`` is how many drawn bodies each model gets, and ``fail_fast`` ends the run after the first stage with an
    answer that no server should give.
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
        """Whether this stage is to be done."""
        if self.free and stage not in FREE:
            return False
        return self.stages is None or stage in self.stages

    @property
    def all_packs(self) -> bool:
        """Whether all packs are to be sent, rather than one of the cheapest model or none."""
        return not self.free and any(self.wants(stage) for stage in NEED_ALL)

    @property
    def one_job(self) -> bool:
        """Whether at least one job is needed."""
        return not self.free and (self.all_packs or any(self.wants(stage) for stage in NEED_ONE))


class CannotRunError(Exception):
    """Nothing could be tried; the message says what to change."""


class Interrupted(Exception):  # noqa: N818  it is no error of the prober's
    """The run ended early. ``recording`` holds what was recorded until then: it may have been paid for."""

    def __init__(self, recording: Recording, why: str) -> None:
        """End with ``recording``, because of ``why``."""
        super().__init__(why)
        self.recording = recording
