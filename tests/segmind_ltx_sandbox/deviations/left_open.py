"""Variants for what no page says. None breaks a sentence of the five pages; a suite that fails one reads too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import (
    Deviation,
    changing_responses,
    factory,
    refused,
    when,
    with_status,
    without,
)
from segmind_ltx_sandbox.deviations.keys import RefusesByAccept
from segmind_ltx_sandbox.deviations.states import changing_states
from segmind_ltx_sandbox.deviations.variant_behaviours import FormatsIds
from segmind_ltx_sandbox.deviations.video import changing_video
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse, error
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_spec import Contract, Model

LONGEST_PROMPT: Final = 524
"""Characters of the longest prompt that a page prints."""
HOUR: Final = 3600.0
SHY_OF_AN_HOUR: Final = 3500.0
RUNNING: Final = frozenset({State.QUEUED, State.PROCESSING})


class WritesRelativeURLs(Behaviour):
    """Writes the URLs of a job as paths."""

    def links(self, job_id: str, origin: str) -> dict[str, str]:
        """Return the paths."""
        return {name: urlsplit(url).path for name, url in super().links(job_id, origin).items()}


class NumbersJobs(FormatsIds):
    """Gives jobs numbers, and writes them as JSON numbers."""

    def finalize(self, request: ApiRequest, response: ApiResponse) -> ApiResponse:
        """Return the response with the number."""
        response = super().finalize(request, response)
        content: Any = response.content
        if not isinstance(content, dict) or not str(content.get("request_id", "")).isdecimal():
            return response
        return evolve(response, content={**content, "request_id": int(content["request_id"])})


class ReusesIds(Behaviour):
    """Gives the id of an expired job to a new one."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._seen: list[Job] = []
        self._latest = 0.0

    def new_id(self) -> str:
        """Return the id of a job that has expired, or else a new one."""
        gone = next((job for job in self._seen if self._latest > job.ended + HOUR), None)
        if gone is None:
            return super().new_id()
        self._seen.remove(gone)
        return gone.id

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        """Remember the job."""
        self._seen.append(job)
        self._latest = max(self._latest, job.submitted)
        return super().accepted(job, origin)

    def state(self, job: Job, now: float) -> State:
        """Remember the time."""
        self._latest = max(self._latest, now)
        return super().state(job, now)


class ShowsPreview(Behaviour):
    """Names a preview as the output of a job that is PROCESSING."""

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the result with a preview."""
        response = super().result(job, state, now, origin, video)
        if state is not State.PROCESSING or response.status != 200:
            return response
        return evolve(response, content={**response.content, "output": f"{origin}/outputs/preview-{job.id}.mp4"})


class MovesOutputs(Behaviour):
    """Gives the output of a job another address at each reading; all of them lead to the same video."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._addresses = count(1)

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the result with the next address."""
        moved = None
        if video is not None:
            moved = {**video, "url": video["url"].replace("/outputs/", f"/outputs/{next(self._addresses)}~")}
        return super().result(job, state, now, origin, moved)

    def stored_name(self, name: str) -> str:
        """Return the name behind an address."""
        return super().stored_name(name.rpartition("~")[2])


class TakesNullAsLeftOut(Behaviour):
    """Treats null as if the parameter were left out."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Validate the payload without its nulls."""
        given = {name: value for name, value in payload.items() if value is not None}
        return super().validated(request, model, given)


class RefusesLongPrompts(Behaviour):
    """Refuses prompts that are longer than any that a page prints."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Return a 400 if the prompt is long, else validate as usual."""
        if len(str(payload.get("prompt", ""))) > LONGEST_PROMPT:
            return refused("prompt")
        return super().validated(request, model, payload)


class TakesLong(Behaviour):
    """Reports every job as PROCESSING for most of an hour, however fast the sandbox is."""

    def state(self, job: Job, now: float) -> State:
        """Return PROCESSING in place of a final state."""
        state = super().state(job, now)
        return State.PROCESSING if state not in RUNNING and now - job.submitted < SHY_OF_AN_HOUR else state


def left_open() -> Iterator[Deviation]:
    """Yield the variants."""
    yield from _statuses()
    yield from _progress()
    yield from _forms()
    yield from _requests()


def _statuses() -> Iterator[Deviation]:
    for status in (201, 202):
        yield Deviation(
            f"submit-{status}", ("v2.status.200",), f"A submit gets {status}.", when("accepted", with_status(status))
        )
    yield Deviation(
        "reads-202",
        ("poll.status.200", "result.status.200"),
        "The reads of a job that has not ended get 202.",
        when("status result", lambda r: with_status(202)(r) if r.content.get("status") in RUNNING else r),
    )
    for status in (404, 409):
        yield Deviation(
            f"early-result-{status}",
            ("job.result-before-end",),
            f"Before the end of a job its result gets {status}.",
            changing_responses(_early(status)),
        )
    yield Deviation(
        "failed-status-200",
        ("job.failed-status-is-422", "poll.status.422"),
        "The status of a FAILED job gets 200, its result 422.",
        when("failed", with_status(200), "poll"),
    )


def _early(status: int) -> Any:
    def changed(request: ApiRequest, response: ApiResponse) -> ApiResponse:
        content: Any = response.content
        early = request.kind == "result" and response.cause == "result" and content.get("status") in RUNNING
        return error("unknown-request", status, "the result is not ready") if early else response

    return changed


def _progress() -> Iterator[Deviation]:
    def started_again(job: Job, state: State, now: float, _: int) -> State:
        share = (now - job.submitted) / max(job.ended - job.submitted, 1e-9)
        return State.QUEUED if state is State.PROCESSING and 0.2 < share < 0.6 else state

    yield Deviation(
        "starts-again", ("job.never-backwards",), "A job is QUEUED again for a while.", changing_states(started_again)
    )
    yield Deviation("takes-long", ("job.ends",), "A job takes longer than a suite waits.", TakesLong)
    yield Deviation("reuses-ids", (), "A new job may get the id of an expired one.", ReusesIds)
    yield Deviation("preview", ("job.no-early-output",), "A job has a preview while it is PROCESSING.", ShowsPreview)
    yield Deviation("moves-outputs", ("job.result-stable",), "Each reading gives another address.", MovesOutputs)


def _forms() -> Iterator[Deviation]:
    urls = ("accepted-job.status_url", "accepted-job.response_url", "accepted-job.poll_url")
    yield Deviation("relative-urls", urls, "The URLs of a job are paths.", WritesRelativeURLs)
    yield Deviation("numeric-ids", ("accepted-job.request_id",), "Ids are numbers.", factory(NumbersJobs, "10000{:d}"))
    yield Deviation(
        "no-output",
        ("job.completed-has-output",),
        "A result has no output.",
        when("result", without("output", "video"), "result alias"),
    )
    forms: dict[str, Callable[[str], object]] = {
        "list": lambda url: [url],
        "object": lambda url: {"url": url, "type": "video/mp4"},
    }
    for label, form in forms.items():
        yield Deviation(
            f"output-{label}",
            ("job-result.output",),
            f"The output in a result is a JSON {label}.",
            when("result", _reforming(form), "result alias"),
        )
    yield Deviation(
        "poll-has-state",
        ("job-status.status.required",),
        "The status route calls its field state.",
        when("status", _renamed_state, "poll"),
    )
    yield Deviation(
        "other-unit",
        ("ltx-2-pro.video.frames",),
        "ltx-2-pro counts its duration in half seconds.",
        changing_video("ltx-2-pro", lambda spec, _: evolve(spec, frames=spec.frames // 2)),
    )


def _reforming(form: Callable[[str], object]) -> Callable[[ApiResponse], ApiResponse]:
    def changed(response: ApiResponse) -> ApiResponse:
        content = {name: value for name, value in response.content.items() if name != "video"}
        if isinstance(content.get("output"), str):
            content["output"] = form(content["output"])
        return evolve(response, content=content)

    return changed


def _renamed_state(response: ApiResponse) -> ApiResponse:
    content = {("state" if name == "status" else name): value for name, value in response.content.items()}
    return evolve(response, content=content)


def _requests() -> Iterator[Deviation]:
    yield Deviation(
        "null-as-left-out", ("ltx-2-pro.prompt.not-null",), "Null is taken as left out.", TakesNullAsLeftOut
    )
    yield Deviation("no-long-prompts", (), "Prompts longer than any printed one are refused.", RefusesLongPrompts)
    yield Deviation(
        "post-422",
        ("status.no-422-to-a-post",),
        "A POST with another Content-Type gets 422.",
        when("content-type", with_status(422)),
    )
    yield Deviation("accept-406", ("status.no-406-by-accept",), "Accept: image/png gets 406.", RefusesByAccept)
