"""Statuses: for each cause, its status replaced by each other documented one, on a POST and on a GET."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from attrs import evolve, frozen

from segmind_ltx_sandbox.deviations.base import Deviation, ResponseChange, changing_responses
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse, error

DOCUMENTED: Final = (400, 401, 403, 404, 406, 422, 429, 500, 502, 504)
"""The statuses of errors; 410 is a permission."""
STRANGE: Final = {"v1": (201, 202, 204), "v2": (201, 202), "poll": (202, 206), "result": (202, 303)}
"""Wrong statuses of a success, by kind of route."""


@frozen
class RefusedCase:
    """A reason to refuse a request. ``main`` is the clause about it, if there is one besides that of its status."""

    label: str
    cause: str
    status: int
    posts: bool
    gets: bool
    main: str | None = None
    main_on_poll: str | None = None
    """The clause about it on a poll, if that is another one."""


REFUSED_CASES: Final = (
    RefusedCase("invalid", "invalid", 400, True, False, "status.invalid-is-400"),
    RefusedCase("malformed", "malformed", 400, True, False, "status.malformed-is-400"),
    RefusedCase("missing-key", "missing-key", 401, True, True, "auth.missing-key"),
    RefusedCase("wrong-key", "unknown-key", 401, True, True, "auth.wrong-key"),
    RefusedCase("forbidden", "scenario", 403, True, True),
    RefusedCase("no-credits", "no-credits", 406, True, False, "status.406-is-credits"),
    RefusedCase("rate-limited", "scenario", 429, True, True),
    RefusedCase("server-error", "scenario", 500, True, True),
    RefusedCase("bad-gateway", "scenario", 502, True, True),
    RefusedCase("gateway-timeout", "scenario", 504, True, True),
    RefusedCase("unknown-model", "no-such-route", 404, True, False, "status.unknown-model-is-404"),
    RefusedCase("unknown-id", "unknown-request", 404, False, True, "job.unknown-is-404"),
    RefusedCase("failed-job", "failed", 422, False, True, "job.failed-is-422", "job.failed-status-is-422"),
)


def statuses() -> Iterator[Deviation]:
    """Yield the deviations of every cause. The routes take turns, so that each gets its share of wrong statuses."""
    for cause in REFUSED_CASES:
        # With which status a GET is refused for the account behind its key is not documented.
        gets = cause.gets and cause.cause != "scenario"
        for kinds in ([("v1", "v2")] if cause.posts else []) + ([("poll", "result")] if gets else []):
            for kind, status in zip(itertools.cycle(kinds), _others(cause), strict=False):
                yield _replaced(cause, kind, status)
    for kind, wrong in STRANGE.items():
        for status in wrong:
            # A redirection gives nothing: neither the result nor what is kept for an hour.
            lost = ("result.route", "job.kept-one-hour") if status == 303 else ()
            yield Deviation(
                f"status/success/{kind}-{status}",
                (f"{kind}.status.200", *lost),
                f"A request to {kind} that succeeds gets {status}.",
                changing_responses(_changing_success(kind, status)),
            )


def _others(cause: RefusedCase) -> Iterator[int]:
    for status in (*DOCUMENTED, 200):
        # Other requests that wrongly succeed are deviations in `keys` and `payload`. One of the vendor's other pages
        # (P) has 406 for an invalid value, so it breaks no clause.
        possible = cause.label in {"unknown-model", "unknown-id"} if status == 200 else True
        if status != cause.status and possible and (status, cause.label) != (406, "invalid"):
            yield status


def _replaced(cause: RefusedCase, kind: str, status: int) -> Deviation:
    return Deviation(
        f"status/{cause.label}/{kind}-{status}",
        _broken(cause, kind, status),
        f"{cause.label.replace('-', ' ').capitalize()}: {kind} has {status} in place of {cause.status}.",
        changing_responses(_replacing(cause, kind, status)),
    )


def _broken(cause: RefusedCase, kind: str, status: int) -> tuple[str, ...]:
    main = (kind == "poll" and cause.main_on_poll) or cause.main
    usual = ((main,) if main else ()) + (f"{kind}.status.{cause.status}",)
    return (*usual, "status.no-422-to-a-post") if status == 422 and kind in {"v1", "v2"} else usual


def _replacing(cause: RefusedCase, kind: str, status: int) -> ResponseChange:
    def replaced(request: ApiRequest, response: ApiResponse) -> ApiResponse:
        here = request.version == kind if request.kind == "other" else request.kind == kind
        if not here or response.cause != cause.cause or response.status != cause.status:
            return response
        if status == 200:
            return ApiResponse(cause.cause, 200, {"status": "QUEUED", **_job(request)})
        if response.media_type != "application/json":
            return error(cause.cause, status, "something went wrong")
        return evolve(response, status=status)

    return replaced


def _job(request: ApiRequest) -> dict[str, str]:
    """Return the fields that make a response to a POST look like an accepted job."""
    if request.method != "POST":
        return {}
    here = f"http://{request.headers.get('host', 'localhost')}/v2/requests/nothing"
    return {"request_id": "nothing", "status_url": f"{here}/status", "response_url": here}


def _changing_success(kind: str, status: int) -> ResponseChange:
    def replaced(request: ApiRequest, response: ApiResponse) -> ApiResponse:
        if request.kind != kind or response.status != 200:
            return response
        return evolve(response, status=status) if status != 204 else ApiResponse(response.cause, 204, b"", "video/mp4")

    return replaced
