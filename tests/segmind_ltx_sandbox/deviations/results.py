"""Results of jobs: outputs that come too early, never, or change; failures that are hidden or have no reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import (
    BehaviourFactory,
    Deviation,
    factory,
    when,
    with_fields,
    with_status,
    without,
)
from segmind_ltx_sandbox.messages import ApiResponse
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_spec import Contract


class ChangesResult(Behaviour):
    """Changes the results of completed jobs.

    ``change`` gets the response, the job, the number of reads of its result, and the time.
    """

    def __init__(self, contract: Contract, change: Callable[[ApiResponse, Job, int, float], ApiResponse]) -> None:
        super().__init__(contract)
        self._change, self._reads = change, Counter[str]()

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the changed result if the job is completed."""
        response = super().result(job, state, now, origin, video)
        if state is not State.COMPLETED:
            return response
        self._reads[job.id] += 1
        return self._change(response, job, self._reads[job.id], now)


def changing_results(change: Callable[[ApiResponse, Job, int, float], ApiResponse]) -> BehaviourFactory:
    """Return a factory of services that change results by ``change``."""
    return factory(ChangesResult, change)


def results() -> Iterator[Deviation]:
    """Yield the deviations about results."""
    yield from _outputs()
    yield from _failures()


class OutputBeforeCompleted(Behaviour):
    """Names the output of a job from its submit on."""

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the result with an output in every state."""
        response = super().result(job, state, now, origin, video)
        return with_fields(output=f"{origin}/outputs/{job.id}.mp4")(response) if video is None else response


class OutputWhileProcessing(OutputBeforeCompleted):
    """Names the output of a job once it is PROCESSING."""

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the result with an output unless it is QUEUED."""
        kind = Behaviour if state is State.QUEUED else OutputBeforeCompleted
        return kind.result(self, job, state, now, origin, video)


class OutputInStatus(Behaviour):
    """Names the output of a completed job in its status."""

    early = False

    def status(self, job: Job, state: State, now: float, origin: str) -> ApiResponse:
        """Return the status with an output."""
        response = super().status(job, state, now, origin)
        return with_fields(output=f"{origin}/outputs/{job.id}.mp4")(response) if self._tells(state) else response

    def _tells(self, state: State) -> bool:
        return state is State.COMPLETED or self.early


class OutputInEveryStatus(OutputInStatus):
    """Names the output of a job in every status, from its submit on."""

    early = True


class SwapsVideoOnSecondRead(Behaviour):
    """Returns another job's video if a result is read a second time."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._files: dict[str, Mapping[str, Any]] = {}
        self._read = set[str]()

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the job's own video once, then another job's if there is one."""
        if video is not None:
            self._files[job.id] = video
            others = [file for other, file in self._files.items() if other != job.id]
            if job.id in self._read and others:
                video = others[-1]
            self._read.add(job.id)
        return super().result(job, state, now, origin, video)


def _outputs() -> Iterator[Deviation]:
    def again(change: Callable[[ApiResponse], ApiResponse]) -> BehaviourFactory:
        return changing_results(lambda response, _, reads, __: change(response) if reads > 1 else response)

    early = ("job.no-early-output",)
    yield Deviation("life/output-early", early, "A result has an output from the start.", OutputBeforeCompleted)
    yield Deviation(
        "life/output-early-running",
        early,
        "A result has an output as soon as its job is PROCESSING.",
        OutputWhileProcessing,
    )
    yield Deviation(
        "life/output-early-poll",
        (*early, "job.poll-has-no-output"),
        "A poll has an output from the start.",
        OutputInEveryStatus,
    )
    yield Deviation(
        "life/output-in-poll",
        ("job.poll-has-no-output",),
        "The poll of a COMPLETED job has its output.",
        OutputInStatus,
    )
    has = ("job.completed-has-output",)
    for label, change in (
        ("none", without("output", "video")),
        ("none-but-video", without("output")),
        ("null", with_fields(output=None)),
        ("empty", with_fields(output="")),
    ):
        clauses = has if label.startswith("none") else (*has, "job-result.output")
        yield Deviation(
            f"life/output-{label}",
            clauses,
            f"The result of a COMPLETED job has an output that is missing or empty: {label}.",
            changing_results(_always(change)),
        )
    stable = "job.result-stable"
    yield Deviation(
        "life/another-video", (stable,), "Read again, a result has another job's video.", SwapsVideoOnSecondRead
    )
    yield Deviation(
        "life/output-vanishes",
        (stable, *has),
        "Read again, a result has no output.",
        again(without("output", "video")),
    )
    yield Deviation(
        "life/output-moves",
        (stable,),
        "Read again, a result has its output at another path, which does not exist.",
        again(
            lambda response: with_fields(output=response.content["output"].replace("/outputs/", "/moved/"))(response)
        ),
    )
    yield Deviation(
        "life/read-once",
        ("job.kept-one-hour", "job.result-stable"),
        "Read again, a result is 404.",
        changing_results(lambda response, _, reads, __: evolve(_gone(), cause="result") if reads > 1 else response),
    )


def _always(change: Callable[[ApiResponse], ApiResponse]) -> Callable[[ApiResponse, Job, int, float], ApiResponse]:
    return lambda response, _, __, ___: change(response)


def _gone() -> ApiResponse:
    return ApiResponse("result", 404, {"error": "this result has been read"})


def _failures() -> Iterator[Deviation]:
    both = "poll result alias"
    for kind, kinds, clauses in (
        ("both", both, ("job.failed-is-422", "job.failed-status-is-422", "poll.status.422", "result.status.422")),
        ("poll", "poll", ("job.failed-status-is-422", "poll.status.422")),
        ("result", "result alias", ("job.failed-is-422", "result.status.422")),
    ):
        yield Deviation(
            f"life/failed-is-200/{kind}",
            clauses,
            f"FAILED comes with 200: {kind}.",
            when("failed", with_status(200), kinds),
        )
    yield Deviation(
        "life/completed-with-422",
        ("status.422-is-a-failed-job",),
        "The result of a COMPLETED job comes with 422.",
        changing_results(_always(with_status(422))),
    )
    detail = ("job.failed-has-detail",)
    for label, change in (
        ("missing", without("error")),
        ("null", with_fields(error=None)),
        ("empty", with_fields(error="")),
        ("blank", with_fields(error=" ")),
    ):
        for kind, kinds in (("both", both), ("poll", "poll"), ("result", "result alias")):
            yield Deviation(
                f"life/no-detail/{label}-{kind}",
                detail,
                f"The body about a FAILED job has no reason: error is {label}, {kind}.",
                when("failed", change, kinds),
                through=("job.failed-status-is-422",) if kind == "poll" else (),
            )
    for word in ("BLOCKED", "REJECTED", "failed"):
        first = "job.states" if word == "failed" else "job.blocked-is-failed"
        yield Deviation(
            f"life/failed-is-{word}",
            (first, "job.states", "failed-job.status") if word != "failed" else (first, "failed-job.status"),
            f"A job that ends without a video is {word}, not FAILED.",
            when("failed", with_fields(status=word), both),
        )
    yield Deviation(
        "life/blocked-with-200",
        ("job.blocked-is-failed", "job.failed-is-422", "job.states"),
        "A job that ends without a video is BLOCKED, with 200.",
        when("failed", lambda response: with_status(200)(with_fields(status="BLOCKED")(response)), both),
    )
    yield Deviation(
        "life/failure-hidden",
        ("job.reads-agree",),
        "The status of a FAILED job says COMPLETED, with 200.",
        when("failed", lambda response: with_status(200)(with_fields(status="COMPLETED")(response)), "poll"),
    )
