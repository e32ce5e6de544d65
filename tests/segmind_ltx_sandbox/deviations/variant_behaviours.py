"""Decide otherwise what the documents leave open: one class for each decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from starlette.datastructures import Headers

from segmind_ltx_sandbox.deviations.base import refused
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_sandbox.service.scenarios import BY_KEY
from segmind_ltx_spec import Contract, Model

WORKING: Final = frozenset({"valid", "other", "failing"})
"""The scenarios whose requests are not always refused."""


class CompletesAtOnce(Behaviour):
    """Completes every job at once."""

    def times(self, model: Model, speed: float) -> tuple[float, float]:  # noqa: ARG002
        """Return no time."""
        return 0.0, 0.0


class QueuesLong(Behaviour):
    """Keeps jobs in the queue for most of their time."""

    def times(self, model: Model, speed: float) -> tuple[float, float]:
        """Return the times, swapped."""
        queued, ran = super().times(model, speed)
        return ran, queued


class FormatsIds(Behaviour):
    """Makes ids that are not UUIDs."""

    def __init__(self, contract: Contract, form: str) -> None:
        super().__init__(contract)
        self._form, self._numbers = form, count(1)

    def new_id(self) -> str:
        """Return the next number, formatted."""
        return self._form.format(next(self._numbers))


class RefusesUnknownParameters(Behaviour):
    """Refuses undocumented parameters."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Return a 400 if a parameter is undocumented, else validate as usual."""
        unknown = sorted(set(payload) - set(model.parameters))
        return refused(unknown[0]) if unknown else super().validated(request, model, payload)


class RefusesInferredValues(Behaviour):
    """Refuses values that are inferred (I)."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Return a 400 if a value is inferred, else validate as usual."""
        for name, value in payload.items():
            if value in model.parameters.get(name, {}).get("x-source", {}).get("inferred", []):
                return refused(name)
        return super().validated(request, model, payload)


class RefusesEmptyPrompt(Behaviour):
    """Refuses an empty prompt."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Return a 400 if the prompt is empty, else validate as usual."""
        prompt = payload.get("prompt")
        empty = isinstance(prompt, str) and not prompt.strip()
        return refused("prompt") if empty else super().validated(request, model, payload)


class OffersDocumentedV2Only(Behaviour):
    """Offers v2 only if the model's own page names it (D)."""

    def offers(self, model: Model, version: str) -> bool:
        """Return true for v1, and for v2 if it is graded D."""
        return version == "v1" or model.v2_source.grade == "D"


class FailsEveryNth(Behaviour):
    """Answers every ``every``-th request with a transient fault.

    If ``every_key`` is false, only requests with a working key are counted.
    """

    def __init__(self, contract: Contract, every: int, fault: Callable[[], ApiResponse], *, every_key: bool) -> None:
        super().__init__(contract)
        self._every, self._fault, self._everybody, self._requests = every, fault, every_key, count(1)

    def intercept(self, request: ApiRequest) -> ApiResponse | None:
        """Return the fault for every n-th request."""
        scenario = BY_KEY.get(request.headers.get("x-api-key", ""))
        if not self._everybody and (scenario is None or scenario.name not in WORKING):
            return None
        return None if next(self._requests) % self._every else self._fault()


class WritesResetAsEpoch(Behaviour):
    """Writes the end of a rate limit in seconds since the epoch."""

    def reset_at(self, now: Any) -> str:
        """Return the time as a number."""
        return str(int(now.timestamp()) + 60)


class PutsOutputsOnAnotherHost(Behaviour):
    """Puts videos under another name of the same machine, as if on another host (P)."""

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the result with that name in its URL."""
        other = origin.replace("127.0.0.1", "localhost")
        moved = None if video is None else {**video, "url": video["url"].replace(origin, other)}
        return super().result(job, state, now, origin, moved)


class SignsOutputURLs(Behaviour):
    """Adds a new signature to the URL of a video at each read, as storage services do. The video is the same."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._signatures = count(1)

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the result with a signature in the query of its URL."""
        signature = f"?expires={int(now) + 604800}&signature={next(self._signatures):08x}"
        signed = None if video is None else {**video, "url": video["url"] + signature}
        return super().result(job, state, now, origin, signed)


class ReportsCurrentCredits(Behaviour):
    """Reports the credits at the time of the read, not at the end of the job."""

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """Return the metrics with the current balance if they have one."""
        found = super().metrics(job, state, now)
        return {**found, "remaining_credits": job.account.credits} if "remaining_credits" in found else found


class AcceptsKeyAtOutputs(Behaviour):
    """Sends videos with or without a key."""

    def refused_download(self, headers: Headers) -> ApiResponse | None:  # noqa: ARG002
        """Return None: no download is refused."""
        return None


class KeepsOutputsLonger(Behaviour):
    """Keeps videos for a month."""

    output_retention = 30 * 86400.0


class AcceptsAnyContentType(Behaviour):
    """Reads a body as JSON whatever its Content-Type says."""

    def payload_of(self, content_type: str, body: bytes) -> dict[str, Any] | ApiResponse:  # noqa: ARG002
        """Parse the body as JSON."""
        return super().payload_of("application/json", body)
