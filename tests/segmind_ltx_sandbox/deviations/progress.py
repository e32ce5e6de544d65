"""The way to the end of a job: a submit that blocks, a status that sleeps, and results before the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from segmind_ltx_sandbox.deviations.base import Deviation, when, with_fields
from segmind_ltx_sandbox.messages import ApiResponse, error
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_spec import Contract, Model


class StatusWakesUp(Behaviour):
    """Reports a job as QUEUED until its result is read, however long that takes."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._woken = set[str]()

    def status(self, job: Job, state: State, now: float, origin: str) -> ApiResponse:
        """Return the status, QUEUED if the result was never read."""
        response = super().status(job, state, now, origin)
        return response if job.id in self._woken else with_fields(status=State.QUEUED)(response)

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the usual result."""
        self._woken.add(job.id)
        return super().result(job, state, now, origin, video)


class BlocksUntilDone(Behaviour):
    """Answers a submit once its job is done: it waits, and the job takes no further time."""

    submit_seconds = 1.5

    def times(self, model: Model, speed: float) -> tuple[float, float]:  # noqa: ARG002
        """Return no time: it is over when the response is sent."""
        return 0.0, 0.0


def progress() -> Iterator[Deviation]:
    """Yield the deviations about submits, polls and early results."""
    early = {State.QUEUED, State.PROCESSING}
    yield Deviation(
        "life/result-behind-early",
        ("job.reads-agree-early",),
        "Before the end a result says QUEUED, while the status says PROCESSING.",
        when("result", lambda r: with_fields(status=State.QUEUED)(r) if r.content["status"] in early else r, "result"),
    )
    yield Deviation(
        "life/no-early-result",
        ("job.result-before-end",),
        "Before the end a result is 404.",
        when("result", lambda r: error("result", 404, "not ready") if r.content["status"] in early else r, "result"),
    )
    yield Deviation(
        "life/submit-blocks",
        ("v2.answers-at-once",),
        "A submit is answered once its job is done.",
        BlocksUntilDone,
    )
    yield Deviation(
        "life/status-sleeps",
        ("job.poll-tells",),
        "The status of a job is QUEUED until its result is read.",
        StatusWakesUp,
    )
