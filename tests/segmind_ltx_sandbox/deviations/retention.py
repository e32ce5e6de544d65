"""Retention: results that expire too soon, on one route alone, or never; and other responses once they expired."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from segmind_ltx_sandbox.deviations.base import BehaviourFactory, Deviation, factory
from segmind_ltx_sandbox.messages import ApiResponse, error
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_spec import Contract

HOUR = 3600.0
IsGone = Callable[[Job, float], bool]


class ChangesRetention(Behaviour):
    """Changes when a job expires and what is returned then.

    If ``gone`` says that a job has expired, responses of ``kinds`` are replaced by ``replace``, or by a 404 if that is
    None. The sandbox remembers jobs for ``last`` seconds after their end.
    """

    def __init__(
        self,
        contract: Contract,
        gone: IsGone,
        kinds: str,
        replace: Callable[[ApiResponse], ApiResponse] | None,
        last: float,
    ) -> None:
        super().__init__(contract)
        self.retention = last
        self._gone, self._kinds, self._replace = gone, kinds.split(), replace

    def status(self, job: Job, state: State, now: float, origin: str) -> ApiResponse:
        """Return the usual response unless the job has expired."""
        return self._kept("status", job, now, super().status(job, state, now, origin))

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the usual response unless the job has expired."""
        return self._kept("result", job, now, super().result(job, state, now, origin, video))

    def failed(self, job: Job, state: State, now: float) -> ApiResponse:
        """Return the usual response unless the job has expired."""
        return self._kept("failed", job, now, super().failed(job, state, now))

    def _kept(self, kind: str, job: Job, now: float, response: ApiResponse) -> ApiResponse:
        ended = now >= job.ended
        if not ended or not self._gone(job, now):
            return response
        if kind in self._kinds:
            return self._replace(response) if self._replace else self.unknown_request()
        # Other kinds expire after an hour, as documented.
        return self.unknown_request() if now > job.ended + HOUR else response


def changing_retention(
    gone: IsGone,
    kinds: str = "status result failed",
    replace: Callable[[ApiResponse], ApiResponse] | None = None,
    last: float = math.inf,
) -> BehaviourFactory:
    """Return a factory of services with another retention."""
    return factory(ChangesRetention, gone, kinds, replace, last)


def after(seconds: float) -> IsGone:
    """Return a rule: expired so many seconds after the end of the job."""
    return lambda job, now: now > job.ended + seconds


def since_submit(seconds: float) -> IsGone:
    """Return a rule: expired so many seconds after the submit."""
    return lambda job, now: now > job.submitted + seconds


def retention() -> Iterator[Deviation]:
    """Yield the deviations about retention."""
    kept, expired = ("job.kept-one-hour",), ("job.expired-is-404",)
    for label, minutes in (("59-minutes", 59), ("50-minutes", 50), ("10-minutes", 10), ("1-minute", 1)):
        yield Deviation(
            f"retention/{label}", kept, f"Jobs are kept for {label}.", changing_retention(after(60 * minutes))
        )
    yield Deviation(
        "retention/59-minutes-from-submit",
        kept,
        "Jobs are kept for 59 minutes from the submit.",
        changing_retention(since_submit(3540)),
    )
    yield Deviation(
        "retention/result-goes-first",
        kept,
        "The result is kept for 30 minutes, the status for an hour.",
        changing_retention(after(1800), "result"),
    )
    yield Deviation(
        "retention/output-lost",
        ("job.completed-has-output", "job.kept-one-hour", "job.result-stable"),
        "After 30 minutes a result has no output.",
        changing_retention(after(1800), "result", _without_output, HOUR),
    )
    for label, seconds in (("2-hours", 2 * HOUR), ("for-ever", math.inf)):
        yield Deviation(f"retention/{label}", expired, f"Jobs are kept {label}.", changing_retention(after(seconds)))
    for kind in ("status", "result"):
        yield Deviation(
            f"retention/{kind}-for-ever",
            expired,
            f"The {kind} of a job never expires.",
            changing_retention(after(HOUR), kind, lambda response: response),
        )
    for status in (400, 403, 410, 422, 500):
        yield Deviation(
            f"retention/gone-is-{status}",
            expired,
            f"An expired job gets {status}.",
            changing_retention(after(HOUR), replace=_refusing(status)),
        )
    yield Deviation(
        "retention/gone-is-200",
        expired,
        "An expired job gets 200 and no output.",
        changing_retention(
            after(HOUR), "status result", lambda response: ApiResponse(response.cause, 200, {"error": "expired"})
        ),
    )
    yield Deviation(
        "retention/gone-is-EXPIRED",
        (*expired, "job.states"),
        "An expired job has the state EXPIRED, with 200.",
        changing_retention(
            after(HOUR), "status result", lambda response: ApiResponse(response.cause, 200, {"status": "EXPIRED"})
        ),
    )


def _without_output(response: ApiResponse) -> ApiResponse:
    content = {key: value for key, value in response.content.items() if key not in {"output", "video"}}
    return ApiResponse(response.cause, response.status, content)


def _refusing(status: int) -> Callable[[ApiResponse], ApiResponse]:
    return lambda response: error(response.cause, status, "this request has expired")
