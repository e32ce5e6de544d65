"""Collect the jobs of a recording: the response to each submit, and every later read, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from attrs import define, field, frozen

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
        return self.status in {200, 422}

    @property
    def output(self) -> str | None:
        """The URL of the video, if this response gives one."""
        if isinstance(self.value.get("output"), str) and self.value["output"].strip():
            return str(self.value["output"])
        file = self.value.get("video")
        url: object = cast("dict[str, object]", file).get("url") if isinstance(file, dict) else None
        return url if isinstance(url, str) and url.strip() else None


@define
class JobHistory:
    """One accepted job. ``submit`` is None if the recording starts after it."""

    id: str
    key: str | None
    submit: Request | None
    model: Model | None
    accepted: Mapping[str, Any]
    reads: list[Read] = field(factory=list[Read])

    @property
    def slug(self) -> str | None:
        """The model of the job."""
        return None if self.model is None else self.model.slug

    @property
    def found_reads(self) -> list[Read]:
        """The reads that found the job, in the order of time."""
        return [read for read in self.reads if read.found]

    @property
    def completed(self) -> Read | None:
        """The first result that says COMPLETED."""
        return next((r for r in self.found_reads if r.kind == "result" and r.state == "COMPLETED"), None)

    @property
    def first_ended(self) -> Read | None:
        """The first read with a final state."""
        return next((read for read in self.found_reads if read.state in FINAL_STATES), None)


def jobs_of(trace: Trace) -> list[JobHistory]:
    """Return every job with a recorded submit, and every job that was only read."""
    jobs: dict[str, JobHistory] = {}
    for request in trace.requests:
        if request.kind == "v2" and request.status == 200 and request.key_works:
            value = json_object(request)
            request_id = value.get("request_id")
            if isinstance(request_id, str) and request_id:
                # A request id that was given out twice belongs to the first job; `states` reports the second.
                jobs.setdefault(
                    request_id, JobHistory(request_id, request.exchange.key, request, request.last.model, value)
                )
        elif request.kind in {"poll", "result", "alias"} and request.key_works and is_conclusive(request):
            request_id = request.last.job or ""
            known = jobs.get(request_id)
            if known is None and request.exchange.key == "unknown" and request.status in {200, 422}:
                known = jobs.setdefault(request_id, JobHistory(request_id, "unknown", None, None, {}))
            # Its status may still show that the job is kept; poll_url is judged by the state alone.
            told = request.shows(Part.BODY) or request.kind != "alias"
            if known is not None and known.key == request.exchange.key and told:
                known.reads.append(_read(request))
    return list(jobs.values())


def is_conclusive(request: Request) -> bool:
    """Return whether the response says something about the job; a fault that only this read meets does."""
    return request.answered or request.keeps_failing


def submits(trace: Trace) -> Iterator[tuple[str, Request]]:
    """Yield each accepted submit with the request id in its response."""
    for request in trace.of("v2"):
        request_id = json_object(request).get("request_id")
        if request.status == 200 and request.key_works and isinstance(request_id, str):
            yield request_id, request


def _read(request: Request) -> Read:
    value = json_object(request)
    word = value.get("status")
    state = word if isinstance(word, str) else "FAILED" if request.status == 422 else None
    return Read(request, state, value)


def json_object(request: Request) -> Mapping[str, Any]:
    """Return the JSON object in the response; empty if there is none."""
    value = request.exchange.json
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
