"""The jobs of a recording: what each submit answered, and every later reading of it, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from attrs import define, field, frozen

from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_spec import Model

ORDER: Final = {"QUEUED": 0, "PROCESSING": 1, "COMPLETED": 2, "FAILED": 2}
"""The four states, by how far a job has come."""
HOUR: Final = 3600.0
"""Seconds for which a result is kept."""
SLACK: Final = 1.0
"""Seconds by which two clocks, or a request and its answer, may differ."""
ENDED: Final = frozenset({"COMPLETED", "FAILED"})


@frozen
class Read:
    """One reading of a job."""

    request: Request
    state: str | None
    """The word; None where the answer has none."""
    value: Mapping[str, Any]

    @property
    def at(self) -> float:
        """When, in seconds on the target's clock."""
        return self.request.exchange.at

    @property
    def kind(self) -> str:
        """poll, result or alias."""
        return self.request.kind

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.request.status

    @property
    def found(self) -> bool:
        """Whether the answer is about the job."""
        return self.status in {200, 422}

    @property
    def output(self) -> str | None:
        """Where the video is, as far as this answer says so."""
        if isinstance(self.value.get("output"), str) and self.value["output"].strip():
            return str(self.value["output"])
        file = self.value.get("video")
        url: object = cast("dict[str, object]", file).get("url") if isinstance(file, dict) else None
        return url if isinstance(url, str) and url.strip() else None


@define
class JobLife:
    """One accepted job. ``submit`` is None where the recording begins after it."""

    id: str
    key: str | None
    submit: Request | None
    model: Model | None
    accepted: Mapping[str, Any]
    reads: list[Read] = field(factory=list[Read])

    @property
    def slug(self) -> str | None:
        """The model."""
        return None if self.model is None else self.model.slug

    @property
    def live(self) -> list[Read]:
        """The readings that found it, in the order of time."""
        return [read for read in self.reads if read.found]

    @property
    def completed(self) -> Read | None:
        """The first result that says COMPLETED."""
        return next((r for r in self.live if r.kind == "result" and r.state == "COMPLETED"), None)

    @property
    def first_ended(self) -> Read | None:
        """The first reading that says that it has ended."""
        return next((read for read in self.live if read.state in ENDED), None)


def jobs_of(trace: Trace) -> list[JobLife]:
    """Every job whose submit was recorded, and those that were only read."""
    found: dict[str, JobLife] = {}
    for request in trace.requests:
        if request.kind == "v2" and request.status == 200 and request.works:
            value = object_in(request)
            name = value.get("request_id")
            if isinstance(name, str) and name:
                # An id that was given out twice is the first job's; `life` tells of the second.
                found.setdefault(name, JobLife(name, request.exchange.key, request, request.last.model, value))
        elif request.kind in {"poll", "result", "alias"} and request.works and tells(request):
            name = request.last.job or ""
            known = found.get(name)
            if known is None and request.exchange.key == "unknown" and request.status in {200, 422}:
                known = found.setdefault(name, JobLife(name, "unknown", None, None, {}))
            if known is not None and known.key == request.exchange.key:
                known.reads.append(_read(request))
    return list(found.values())


def tells(request: Request) -> bool:
    """Whether the answer says something of the job: also a fault that only this reading meets."""
    return request.answered or request.keeps_failing


def submits(trace: Trace) -> Iterator[tuple[str, Request]]:
    """The id that each accepted submit answered with."""
    for request in trace.of("v2"):
        name = object_in(request).get("request_id")
        if request.status == 200 and request.works and isinstance(name, str):
            yield name, request


def _read(request: Request) -> Read:
    value = object_in(request)
    word = value.get("status")
    state = word if isinstance(word, str) else "FAILED" if request.status == 422 else None
    return Read(request, state, value)


def object_in(request: Request) -> Mapping[str, Any]:
    """The JSON object that was answered; empty where there is none."""
    value = request.exchange.json
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
