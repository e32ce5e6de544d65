"""Variants for what no page says. None breaks a sentence of the five pages; a suite that fails one reads too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import Deviation, changing_responses, factory, when, with_status, without
from segmind_ltx_sandbox.deviations.keys import RefusesByAccept
from segmind_ltx_sandbox.deviations.left_open_behaviours import (
    RUNNING,
    MovesOutputs,
    NumbersJobs,
    RefusesLongPrompts,
    ReusesIds,
    ShowsPreview,
    TakesLong,
    TakesNullAsLeftOut,
    WritesRelativeURLs,
)
from segmind_ltx_sandbox.deviations.states import changing_states
from segmind_ltx_sandbox.deviations.video import changing_video
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse, error
from segmind_ltx_sandbox.service.jobs import Job, State


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
