"""Variants: servers that differ from the plain sandbox in what the documents leave open. No suite may fail them.

Each rests on the notes of the specification, on a clause that is a permission, or on one that is graded P or I. If a
clause allows a variant, the variant names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import (
    Deviation,
    changing_responses,
    factory,
    when,
    with_fields,
    without,
)
from segmind_ltx_sandbox.deviations.keys import changing_admission
from segmind_ltx_sandbox.deviations.left_open import left_open
from segmind_ltx_sandbox.deviations.responses import ERROR_CAUSES
from segmind_ltx_sandbox.deviations.retention import changing_retention, since_submit
from segmind_ltx_sandbox.deviations.states import changing_states
from segmind_ltx_sandbox.deviations.variant_behaviours import (
    AcceptsAnyContentType,
    AcceptsKeyAtOutputs,
    CompletesAtOnce,
    FailsEveryNth,
    FormatsIds,
    KeepsOutputsLonger,
    OffersDocumentedV2Only,
    PutsOutputsOnAnotherHost,
    QueuesLong,
    RefusesEmptyPrompt,
    RefusesInferredValues,
    RefusesUnknownParameters,
    ReportsCurrentCredits,
    SignsOutputURLs,
    WritesResetAsEpoch,
)
from segmind_ltx_sandbox.messages import HTML, ApiRequest, ApiResponse, error, page
from segmind_ltx_sandbox.service.behaviour import RESET, Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_sandbox.service.scenarios import BY_KEY, Scenario
from segmind_ltx_spec import Contract

TEXT: Final = "text/plain"
ABOUT_JOBS: Final = "accepted status result failed"


def _as_text(response: ApiResponse) -> ApiResponse:
    return (
        evolve(response, content=str(response.content["error"]), media_type=TEXT)
        if _has_message(response)
        else response
    )


def _as_page(response: ApiResponse) -> ApiResponse:
    html = (
        f"<html><body><p>{response.content['error']}</p></body></html>" if _has_message(response) else response.content
    )
    return evolve(response, content=html, media_type=HTML)


def _has_message(response: ApiResponse) -> bool:
    content: object = response.content
    return isinstance(content, dict) and "error" in content


def _only_status(request: ApiRequest, response: ApiResponse) -> ApiResponse:  # noqa: ARG001
    unfinished = response.cause == "result" and response.content.get("status") in {State.QUEUED, State.PROCESSING}
    return evolve(response, content={"status": response.content["status"]}) if unfinished else response


def _shared(request: ApiRequest, usual: Scenario | ApiResponse) -> Scenario | ApiResponse:
    reads = request.method == "GET" and isinstance(usual, Scenario) and usual.name == "other"
    return next(iter(BY_KEY.values())) if reads else usual


def _limited() -> ApiResponse:
    # The limit has already ended when the response is read, so that no client waits.
    limited = error("scenario", 429, "too many requests")
    return evolve(limited, headers={RESET: "2026-01-01T00:00:00Z"})


def variants() -> Iterator[Deviation]:
    """Yield all variants."""
    yield from _lives()
    yield from _forms()
    yield from _requests()
    yield from _faults()
    yield from left_open()


def _lives() -> Iterator[Deviation]:
    def no_processing(_: Job, state: State, __: float, ___: int) -> State:
        return State.QUEUED if state is State.PROCESSING else state

    def no_queue(_: Job, state: State, __: float, ___: int) -> State:
        return State.PROCESSING if state is State.QUEUED else state

    yield Deviation("skips-processing", (), "A job goes from QUEUED to its end.", changing_states(no_processing))
    yield Deviation("skips-queued", (), "A job is PROCESSING from the start.", changing_states(no_queue))
    yield Deviation("instant", (), "A job is done as soon as it is submitted.", CompletesAtOnce)
    yield Deviation("long-queue", (), "A job waits for most of its time.", QueuesLong)
    yield Deviation(
        "from-the-submit",
        ("job.kept-one-hour",),
        "The hour of retention starts at the submit.",
        changing_retention(since_submit(3600)),
    )
    yield Deviation(
        "other-host", ("output.other-host",), "Videos lie under another host's name.", PutsOutputsOnAnotherHost
    )
    yield Deviation("signed", (), "The location of a video has a new signature at each read.", SignsOutputURLs)
    yield Deviation("current-credits", (), "The credits in a result are the current ones.", ReportsCurrentCredits)
    yield Deviation("open-outputs", (), "A download that carries a key is not refused.", AcceptsKeyAtOutputs)
    yield Deviation("longer-outputs", ("output.seven-days",), "Videos are kept for a month.", KeepsOutputsLonger)
    yield Deviation("shared-jobs", (), "A second key sees the jobs of the first.", changing_admission(_shared))


def _forms() -> Iterator[Deviation]:
    details = {"queue_position": 3, "progress": {"percent": 12.5}, "logs": ["loaded", None], "eta": None}
    yield Deviation("more-fields", (), "Responses have undocumented fields.", when(ABOUT_JOBS, with_fields(**details)))
    yield Deviation("more-in-errors", (), "Errors have a code and a trace id.", when(ERROR_CAUSES, _more_in_errors))
    yield Deviation(
        "no-metrics",
        (),
        "Responses have no metrics.",
        when("status result failed", without("metrics"), "poll result alias"),
    )
    yield Deviation(
        "least",
        (),
        "Responses have only the required fields and the output.",
        changing_responses(_least),
    )
    yield Deviation("no-poll-url", (), "A submit has no poll_url.", when("accepted", without("poll_url")))
    yield Deviation(
        "status-alone", (), "The result of an unfinished job has only its state.", changing_responses(_only_status)
    )
    for label, form in (
        ("short", "r{:x}"),
        ("with-marks", "req:2026-01.{:04d}~a"),
        ("long", "chatcmpl_" + "0" * 100 + "{:d}"),
        ("digits", "10000{:d}"),
    ):
        yield Deviation(f"ids-{label}", (), f"Ids are not UUIDs: {label}.", factory(FormatsIds, form))
    yield Deviation(
        "v1-bytes", ("transport.v1-bytes-or-json",), "Blocking calls return bytes.", Behaviour, {"v1_bytes": True}
    )
    yield Deviation(
        "v1-no-headers",
        (),
        "Blocking calls have no headers of their own.",
        when("generated", lambda response: evolve(response, headers={})),
    )
    yield Deviation("text-errors", ("transport.error-forms",), "Errors are plain text.", when(ERROR_CAUSES, _as_text))
    yield Deviation("page-errors", ("transport.error-forms",), "Errors are HTML.", when(ERROR_CAUSES, _as_page))
    yield Deviation("text-406", ("transport.error-forms",), "406 is plain text.", when("no-credits", _as_text))
    yield Deviation(
        "epoch-reset", ("transport.reset-form",), "A rate limit ends at seconds since the epoch.", WritesResetAsEpoch
    )
    yield Deviation(
        "no-reset",
        (),
        "A rate limit does not say when it ends.",
        when("scenario", lambda response: evolve(response, headers={})),
    )


def _more_in_errors(response: ApiResponse) -> ApiResponse:
    return (
        with_fields(code="E42", trace_id="7f3c", help=None)(response)
        if isinstance(response.content, dict)
        else response
    )


_LEAST: Final = {
    "accepted": ("request_id", "status_url", "response_url"),
    "status": ("status",),
    "result": ("status", "output"),
    "failed": ("status", "error"),
}


def _least(_: ApiRequest, response: ApiResponse) -> ApiResponse:
    wanted = _LEAST.get(response.cause)
    if wanted is None:
        return response
    return evolve(response, content={key: value for key, value in response.content.items() if key in wanted})


def _requests() -> Iterator[Deviation]:
    yield Deviation("strict-names", (), "Undocumented parameters are refused.", RefusesUnknownParameters)
    yield Deviation("no-empty-prompt", (), "An empty prompt is refused.", RefusesEmptyPrompt)
    yield Deviation(
        "no-inferred",
        ("ltx-video.aspect_ratio.enum-inferred",),
        "Inferred values are refused.",
        RefusesInferredValues,
    )
    yield Deviation("v2-where-documented", (), "Only models whose own page names v2 have it.", OffersDocumentedV2Only)
    yield Deviation("any-content-type", ("status.406-elsewhere",), "Content-Type is ignored.", AcceptsAnyContentType)


def _faults() -> Iterator[Deviation]:
    def now_and_then(
        every: int, fault: Callable[[], ApiResponse], *, every_key: bool
    ) -> Callable[[Contract], Behaviour]:
        return factory(FailsEveryNth, every, fault, every_key=every_key)

    def bad_gateway() -> ApiResponse:
        return page("scenario", 502, "Bad Gateway")

    def no_gateway() -> ApiResponse:
        return page("scenario", 504, "Gateway Time-out")

    yield Deviation(
        "passing-429",
        (),
        "Every seventh request of a valid key is rate-limited.",
        now_and_then(7, _limited, every_key=False),
    )
    yield Deviation(
        "passing-502",
        (),
        "Every ninth request of a valid key gets a 502.",
        now_and_then(9, bad_gateway, every_key=False),
    )
    yield Deviation(
        "passing-504-for-all",
        (),
        "Every 23rd request of any key gets a 504.",
        now_and_then(23, no_gateway, every_key=True),
    )
