"""Variants: servers that differ from the plain sandbox in what the documents leave open. No suite may fail them.

Each rests on a sentence of the specification's own notes, on a clause that is a permission, or on one that is graded P
or I; where a clause says so, it is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, Final

from attrs import evolve
from starlette.datastructures import Headers

from segmind_ltx_sandbox.deviations.answers import REFUSALS
from segmind_ltx_sandbox.deviations.base import (
    Deviation,
    answering,
    factory,
    refused,
    when,
    with_fields,
    without,
)
from segmind_ltx_sandbox.deviations.keys import admitting
from segmind_ltx_sandbox.deviations.retention import keeping, since_submit
from segmind_ltx_sandbox.deviations.states import stating
from segmind_ltx_sandbox.messages import HTML, ApiRequest, ApiResponse, error, page
from segmind_ltx_sandbox.service.behaviour import RESET, Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_sandbox.service.scenarios import BY_KEY, Scenario
from segmind_ltx_spec import Contract, Model

WORKING: Final = frozenset({"valid", "other", "failing"})
TEXT: Final = "text/plain"
ABOUT_JOBS: Final = "accepted status result failed"


class Instant(Behaviour):
    """Is done with every job at once."""

    def times(self, model: Model, speed: float) -> tuple[float, float]:  # noqa: ARG002
        """None at all."""
        return 0.0, 0.0


class Queueing(Behaviour):
    """Keeps jobs in the queue for most of their time."""

    def times(self, model: Model, speed: float) -> tuple[float, float]:
        """Nearly all of it in the queue."""
        queued, ran = super().times(model, speed)
        return ran, queued


class Numbering(Behaviour):
    """Makes ids that are no UUIDs."""

    def __init__(self, contract: Contract, form: str) -> None:
        super().__init__(contract)
        self._form, self._numbers = form, count(1)

    def new_id(self) -> str:
        """The next number in that form."""
        return self._form.format(next(self._numbers))


class Strict(Behaviour):
    """Refuses parameters that the documents do not name."""

    def validated(self, asked: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Refused one thing more."""
        unknown = sorted(set(payload) - set(model.parameters))
        return refused(unknown[0]) if unknown else super().validated(asked, model, payload)


class Particular(Behaviour):
    """Refuses the values that are inferred (I)."""

    def validated(self, asked: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Refused those too."""
        for name, value in payload.items():
            if value in model.parameters.get(name, {}).get("x-source", {}).get("inferred", []):
                return refused(name)
        return super().validated(asked, model, payload)


class Wordy(Behaviour):
    """Wants something to be said: an empty prompt is refused."""

    def validated(self, asked: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Refused that too."""
        prompt = payload.get("prompt")
        empty = isinstance(prompt, str) and not prompt.strip()
        return refused("prompt") if empty else super().validated(asked, model, payload)


class OnlyDocumented(Behaviour):
    """Has v2 for those models alone whose own page says so (D)."""

    def offers(self, model: Model, version: str) -> bool:
        """v1 always, v2 where it is graded D."""
        return version == "v1" or model.v2_source.grade == "D"


class NowAndThen(Behaviour):
    """Answers every ``every``-th request with a fault that passes."""

    def __init__(self, contract: Contract, every: int, fault: Callable[[], ApiResponse], *, everybody: bool) -> None:
        super().__init__(contract)
        self._every, self._fault, self._everybody, self._asked = every, fault, everybody, count(1)

    def intercept(self, asked: ApiRequest) -> ApiResponse | None:
        """The fault, now and then."""
        scenario = BY_KEY.get(asked.headers.get("x-api-key", ""))
        if not self._everybody and (scenario is None or scenario.name not in WORKING):
            return None
        return None if next(self._asked) % self._every else self._fault()


class EpochReset(Behaviour):
    """Tells when a rate limit ends in seconds since the epoch."""

    def reset_at(self, now: Any) -> str:
        """As a number."""
        return str(int(now.timestamp()) + 60)


class Elsewhere(Behaviour):
    """Names videos under another name of the same machine, as if on another host (P)."""

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """With that name in its location."""
        other = origin.replace("127.0.0.1", "localhost")
        moved = None if video is None else {**video, "url": video["url"].replace(origin, other)}
        return super().result(job, state, now, origin, moved)


class Signing(Behaviour):
    """Signs the location of a video anew at each reading, as storage services do; it leads to the same video."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._numbers = count(1)

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """With a signature in the query."""
        signature = f"?expires={int(now) + 604800}&signature={next(self._numbers):08x}"
        signed = None if video is None else {**video, "url": video["url"] + signature}
        return super().result(job, state, now, origin, signed)


class Current(Behaviour):
    """Tells the credits as they are when a result is read, not when its job ended."""

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """With the balance of now."""
        found = super().metrics(job, state, now)
        return {**found, "remaining_credits": job.account.credits} if "remaining_credits" in found else found


class Open(Behaviour):
    """Gives videos to everybody, with a key or without."""

    def refused_download(self, headers: Headers) -> ApiResponse | None:  # noqa: ARG002
        """Never."""
        return None


class LongerOutputs(Behaviour):
    """Keeps videos for a month."""

    output_retention = 30 * 86400.0


class AnyContentType(Behaviour):
    """Reads a body as JSON whatever its Content-Type says."""

    def payload_of(self, content_type: str, body: bytes) -> dict[str, Any] | ApiResponse:  # noqa: ARG002
        """As JSON."""
        return super().payload_of("application/json", body)


def _as_text(answer: ApiResponse) -> ApiResponse:
    return evolve(answer, content=str(answer.content["error"]), media_type=TEXT) if _speaks(answer) else answer


def _as_page(answer: ApiResponse) -> ApiResponse:
    told = f"<html><body><p>{answer.content['error']}</p></body></html>" if _speaks(answer) else answer.content
    return evolve(answer, content=told, media_type=HTML)


def _speaks(answer: ApiResponse) -> bool:
    content: object = answer.content
    return isinstance(content, dict) and "error" in content


def _only_status(asked: ApiRequest, answer: ApiResponse) -> ApiResponse:  # noqa: ARG001
    unfinished = answer.cause == "result" and answer.content.get("status") in {State.QUEUED, State.PROCESSING}
    return evolve(answer, content={"status": answer.content["status"]}) if unfinished else answer


def _shared(asked: ApiRequest, usual: Scenario | ApiResponse) -> Scenario | ApiResponse:
    reads = asked.method == "GET" and isinstance(usual, Scenario) and usual.name == "other"
    return next(iter(BY_KEY.values())) if reads else usual


def _limited() -> ApiResponse:
    # Lifted by the time it is read, so that nobody has to wait for it.
    limited = error("scenario", 429, "too many requests")
    return evolve(limited, headers={RESET: "2026-01-01T00:00:00Z"})


def variants() -> Iterator[Deviation]:
    """All of them."""
    yield from _lives()
    yield from _forms()
    yield from _requests()
    yield from _faults()


def _lives() -> Iterator[Deviation]:
    def no_processing(_: Job, state: State, __: float, ___: int) -> State:
        return State.QUEUED if state is State.PROCESSING else state

    def no_queue(_: Job, state: State, __: float, ___: int) -> State:
        return State.PROCESSING if state is State.QUEUED else state

    yield Deviation("skips-processing", (), "A job goes from QUEUED to its end.", stating(no_processing))
    yield Deviation("skips-queued", (), "A job is at work from the start.", stating(no_queue))
    yield Deviation("instant", (), "A job is done as soon as it is submitted.", Instant)
    yield Deviation("long-queue", (), "A job waits for most of its time.", Queueing)
    yield Deviation(
        "from-the-submit",
        ("job.kept-one-hour",),
        "The hour is counted from the submit.",
        keeping(since_submit(3600)),
    )
    yield Deviation("other-host", ("output.other-host",), "Videos lie under another host's name.", Elsewhere)
    yield Deviation("signed", (), "The location of a video is signed anew at each reading.", Signing)
    yield Deviation("current-credits", (), "The credits in a result are those of now.", Current)
    yield Deviation("open-outputs", (), "A download that carries a key is not refused.", Open)
    yield Deviation("longer-outputs", ("output.seven-days",), "Videos are kept for a month.", LongerOutputs)
    yield Deviation("shared-jobs", (), "A second key sees the jobs of the first.", admitting(_shared))


def _forms() -> Iterator[Deviation]:
    details = {"queue_position": 3, "progress": {"percent": 12.5}, "logs": ["loaded", None], "eta": None}
    yield Deviation(
        "more-fields", (), "Answers have fields that nobody documented.", when(ABOUT_JOBS, with_fields(**details))
    )
    yield Deviation("more-in-errors", (), "Errors have a code and a trace id.", when(REFUSALS, _more_in_errors))
    yield Deviation(
        "no-metrics", (), "There are no metrics.", when("status result failed", without("metrics"), "poll result alias")
    )
    yield Deviation(
        "least",
        (),
        "Answers have the fields alone that are required, and the output.",
        answering(_least),
    )
    yield Deviation("no-poll-url", (), "A submit has no poll_url.", when("accepted", without("poll_url")))
    yield Deviation("status-alone", (), "Before a job is done, its result is its state alone.", answering(_only_status))
    for label, form in (
        ("short", "r{:x}"),
        ("with-marks", "req:2026-01.{:04d}~a"),
        ("long", "chatcmpl_" + "0" * 100 + "{:d}"),
        ("digits", "10000{:d}"),
    ):
        yield Deviation(f"ids-{label}", (), f"Ids are no UUIDs: {label}.", factory(Numbering, form))
    yield Deviation(
        "v1-json", ("transport.v1-bytes-or-json",), "Blocking calls answer JSON.", Behaviour, {"v1_json": True}
    )
    yield Deviation(
        "v1-no-headers",
        (),
        "Blocking calls have no headers of their own.",
        when("generated", lambda answer: evolve(answer, headers={})),
    )
    yield Deviation("text-errors", ("transport.error-forms",), "Errors are plain text.", when(REFUSALS, _as_text))
    yield Deviation("page-errors", ("transport.error-forms",), "Errors are HTML.", when(REFUSALS, _as_page))
    yield Deviation("text-406", ("transport.error-forms",), "406 is plain text.", when("no-credits", _as_text))
    yield Deviation(
        "epoch-reset", ("transport.reset-form",), "A rate limit ends at seconds since the epoch.", EpochReset
    )
    yield Deviation(
        "no-reset",
        (),
        "A rate limit does not say when it ends.",
        when("scenario", lambda answer: evolve(answer, headers={})),
    )


def _more_in_errors(answer: ApiResponse) -> ApiResponse:
    return with_fields(code="E42", trace_id="7f3c", help=None)(answer) if isinstance(answer.content, dict) else answer


_LEAST: Final = {
    "accepted": ("request_id", "status_url", "response_url"),
    "status": ("status",),
    "result": ("status", "output"),
    "failed": ("status", "error"),
}


def _least(_: ApiRequest, answer: ApiResponse) -> ApiResponse:
    wanted = _LEAST.get(answer.cause)
    if wanted is None:
        return answer
    return evolve(answer, content={key: value for key, value in answer.content.items() if key in wanted})


def _requests() -> Iterator[Deviation]:
    yield Deviation("strict-names", (), "Parameters that are not documented are refused.", Strict)
    yield Deviation("no-empty-prompt", (), "An empty prompt is refused.", Wordy)
    yield Deviation(
        "no-inferred", ("ltx-video.aspect_ratio.enum-inferred",), "Values that are inferred are refused.", Particular
    )
    yield Deviation(
        "v2-where-documented", (), "v2 is there for the models alone whose own page has it.", OnlyDocumented
    )
    yield Deviation("any-content-type", ("status.406-elsewhere",), "Content-Type is not looked at.", AnyContentType)


def _faults() -> Iterator[Deviation]:
    def now_and_then(
        every: int, fault: Callable[[], ApiResponse], *, everybody: bool
    ) -> Callable[[Contract], Behaviour]:
        return factory(NowAndThen, every, fault, everybody=everybody)

    def bad_gateway() -> ApiResponse:
        return page("scenario", 502, "Bad Gateway")

    def no_gateway() -> ApiResponse:
        return page("scenario", 504, "Gateway Time-out")

    yield Deviation(
        "passing-429",
        (),
        "Every seventh request of a good key is rate-limited.",
        now_and_then(7, _limited, everybody=False),
    )
    yield Deviation(
        "passing-502",
        (),
        "Every ninth request of a good key meets a 502.",
        now_and_then(9, bad_gateway, everybody=False),
    )
    yield Deviation(
        "passing-504-for-all",
        (),
        "Every 23rd request of anybody meets a 504.",
        now_and_then(23, no_gateway, everybody=True),
    )
