"""Collect the jobs of a recording: the response to each submit, and every later read, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from attrs import define, field, frozen

from segmind_ltx_conformance.bodies import id_in, locations_in
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_conformance.recording import Part
from segmind_ltx_spec import Model

ORDER: Final = {"QUEUED": 0, "PROCESSING": 1, "COMPLETED": 2, "FAILED": 2}
"""The four states; a higher number is later."""
RETENTION: Final = 3600.0
"""Seconds for which a result is kept."""
SLACK: Final = 1.0
"""Seconds by which two clocks, or a request and its response, may differ."""
FINAL_STATES: Final = frozenset({"COMPLETED", "FAILED"})


@frozen
class Read:
    """One read of a job."""

    request: Request
    state: str | None
    """The state in the response, or None if it gives none."""
    value: Mapping[str, Any]

    @property
    def at(self) -> float:
        """The time of sending, in seconds on the target's clock."""
        return self.request.exchange.at

    @property
    def kind(self) -> str:
        """The kind of route: poll, result or alias."""
        return self.request.kind

    @property
    def status(self) -> int:
        """The status of the response."""
        return self.request.status

    @property
    def found(self) -> bool:
        """True if the response is about the job."""
        return succeeded(self.status) or self.status == 422

    @property
    def output(self) -> str | None:
        """The location of the video, if this response gives one."""
        return next(iter(locations_in(self.value)), None)


@define
class JobHistory:
    """One accepted job. ``submit`` is None if the recording starts after it."""

    id: str
    key: str | None
    submit: Request | None
    model: Model | None
    accepted: Mapping[str, Any]
    reads: list[Read] = field(factory=list[Read])
    unclear: list[Read] = field(factory=list[Read])
    """Reads whose responses say nothing about the job: every attempt met a transient fault."""

    @property
    def slug(self) -> str | None:
        """The model of the job."""
        return None if self.model is None else self.model.slug

    @property
    def found_reads(self) -> list[Read]:
        """The reads that found the job, in the order of time."""
        return [read for read in self.reads if read.found]

    def ended_before(self, read: Read) -> bool:
        """Return whether this read, or an earlier one, shows a final state. Before it no page speaks of the result."""
        place = read.request.last.index
        return any(r.state in FINAL_STATES and r.request.last.index <= place for r in self.found_reads)

    def weakness_of(self, read: Read) -> tuple[str, ...]:
        """Return the clause that a verdict about the body of ``read`` rests on: one if the result is read early."""
        return ("job.result-before-end",) if read.kind == "result" and not self.ended_before(read) else ()

    @property
    def completed(self) -> Read | None:
        """The first result that says COMPLETED, or that follows a status that says so and names an output."""
        ended = False
        for read in self.found_reads:
            ended = ended or read.state == "COMPLETED"
            if read.kind == "result" and read.status != 422 and ended and read.state in {"COMPLETED", None}:
                return read
        return None

    @property
    def first_ended(self) -> Read | None:
        """The first read with a final state."""
        return next((read for read in self.found_reads if read.state in FINAL_STATES), None)


def jobs_of(trace: Trace) -> list[JobHistory]:
    """Return every job with a recorded submit, and every job that was only read."""
    jobs: list[JobHistory] = []
    by_id: dict[str, JobHistory] = {}
    for request in trace.requests:
        if request.kind == "v2" and succeeded(request.status) and request.key_works:
            value = json_object(request)
            request_id = id_in(value)
            # A request id that was given out twice belongs to the first job; `states` reports the second.
            if request_id is not None and not (request_id in by_id and _still_kept(by_id[request_id], request)):
                by_id[request_id] = JobHistory(request_id, request.exchange.key, request, request.last.model, value)
                jobs.append(by_id[request_id])
        elif request.kind in {"poll", "result", "alias"} and request.key_works and not _refused_for_accept(request):
            request_id = request.last.job or ""
            known, read = by_id.get(request_id), _read(request)
            if known is None and request.exchange.key == "unknown" and read.found:
                known = by_id[request_id] = JobHistory(request_id, "unknown", None, None, {})
                jobs.append(known)
            # Its status may still show that the job is kept; poll_url is judged by the state alone.
            told = request.shows(Part.BODY) or request.kind != "alias"
            if known is not None and known.key == request.exchange.key and told:
                (known.reads if is_conclusive(request) else known.unclear).append(read)
    return jobs


def _still_kept(job: JobHistory, request: Request) -> bool:
    """Return whether ``job`` certainly was kept when ``request`` was sent: it was not yet an hour old."""
    return job.submit is not None and request.exchange.at - job.submit.exchange.at <= RETENTION - SLACK


def _refused_for_accept(request: Request) -> bool:
    return request.status == 406 and request.wants_other_type


def is_conclusive(request: Request) -> bool:
    """Return whether the response says something about the job; a fault that only this read meets does."""
    return request.answered or request.keeps_failing


def submits(trace: Trace) -> Iterator[tuple[str, Request]]:
    """Yield each accepted submit with the request id in its response."""
    for request in trace.of("v2"):
        request_id = id_in(json_object(request))
        if succeeded(request.status) and request.key_works and request_id is not None:
            yield request_id, request


def succeeded(status: int) -> bool:
    """Return whether a status means success. That it is 200 has clauses of its own, of a weaker grade."""
    return 200 <= status < 300


def _read(request: Request) -> Read:
    value = json_object(request)
    word = value.get("status")
    state = word if isinstance(word, str) else "FAILED" if request.status == 422 else None
    return Read(request, state, value)


def json_object(request: Request) -> Mapping[str, Any]:
    """Return the JSON object in the response; empty if there is none."""
    value = request.exchange.json
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
