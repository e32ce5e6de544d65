"""What a server may do otherwise: one class for each decision that the documents leave open."""

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
"""The scenarios whose keys get responses of a working service."""


class CompletesAtOnce(Behaviour):
    """Is done with every job at once."""

    def times(self, model: Model, speed: float) -> tuple[float, float]:  # noqa: ARG002
        """None at all."""
        return 0.0, 0.0


class QueuesLong(Behaviour):
    """Keeps jobs in the queue for most of their time."""

    def times(self, model: Model, speed: float) -> tuple[float, float]:
        """Nearly all of it in the queue."""
        queued, ran = super().times(model, speed)
        return ran, queued


class FormatsIds(Behaviour):
    """Makes ids that are no UUIDs."""

    def __init__(self, contract: Contract, form: str) -> None:
        super().__init__(contract)
        self._form, self._numbers = form, count(1)

    def new_id(self) -> str:
        """The next number in that form."""
        return self._form.format(next(self._numbers))


class RefusesUnknownParameters(Behaviour):
    """Refuses parameters that the documents do not name."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Refused one thing more."""
        unknown = sorted(set(payload) - set(model.parameters))
        return refused(unknown[0]) if unknown else super().validated(request, model, payload)


class RefusesInferredValues(Behaviour):
    """Refuses the values that are inferred (I)."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Refused those too."""
        for name, value in payload.items():
            if value in model.parameters.get(name, {}).get("x-source", {}).get("inferred", []):
                return refused(name)
        return super().validated(request, model, payload)


class RefusesEmptyPrompt(Behaviour):
    """Wants something to be said: an empty prompt is refused."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Refused that too."""
        prompt = payload.get("prompt")
        empty = isinstance(prompt, str) and not prompt.strip()
        return refused("prompt") if empty else super().validated(request, model, payload)


class OffersDocumentedV2Only(Behaviour):
    """Has v2 for those models alone whose own page says so (D)."""

    def offers(self, model: Model, version: str) -> bool:
        """v1 always, v2 where it is graded D."""
        return version == "v1" or model.v2_source.grade == "D"


class FailsEveryNth(Behaviour):
    """Answers every ``every``-th request with a fault that passes."""

    def __init__(self, contract: Contract, every: int, fault: Callable[[], ApiResponse], *, every_key: bool) -> None:
        super().__init__(contract)
        self._every, self._fault, self._everybody, self._requests = every, fault, every_key, count(1)

    def intercept(self, request: ApiRequest) -> ApiResponse | None:
        """The fault, now and then."""
        scenario = BY_KEY.get(request.headers.get("x-api-key", ""))
        if not self._everybody and (scenario is None or scenario.name not in WORKING):
            return None
        return None if next(self._requests) % self._every else self._fault()


class WritesResetAsEpoch(Behaviour):
    """Tells when a rate limit ends in seconds since the epoch."""

    def reset_at(self, now: Any) -> str:
        """As a number."""
        return str(int(now.timestamp()) + 60)


class PutsOutputsOnAnotherHost(Behaviour):
    """Names videos under another name of the same machine, as if on another host (P)."""

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """With that name in its location."""
        other = origin.replace("127.0.0.1", "localhost")
        moved = None if video is None else {**video, "url": video["url"].replace(origin, other)}
        return super().result(job, state, now, origin, moved)


class SignsOutputURLs(Behaviour):
    """Signs the location of a video anew at each reading, as storage services do; it leads to the same video."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._numbers = count(1)

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """With a signature in the query."""
        signature = f"?expires={int(now) + 604800}&signature={next(self._numbers):08x}"
        signed = None if video is None else {**video, "url": video["url"] + signature}
        return super().result(job, state, now, origin, signed)


class ReportsCurrentCredits(Behaviour):
    """Tells the credits as they are when a result is read, not when its job ended."""

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """With the balance of now."""
        found = super().metrics(job, state, now)
        return {**found, "remaining_credits": job.account.credits} if "remaining_credits" in found else found


class AcceptsKeyAtOutputs(Behaviour):
    """Gives videos to everybody, with a key or without."""

    def refused_download(self, headers: Headers) -> ApiResponse | None:  # noqa: ARG002
        """Never."""
        return None


class KeepsOutputsLonger(Behaviour):
    """Keeps videos for a month."""

    output_retention = 30 * 86400.0


class AcceptsAnyContentType(Behaviour):
    """Reads a body as JSON whatever its Content-Type says."""

    def payload_of(self, content_type: str, body: bytes) -> dict[str, Any] | ApiResponse:  # noqa: ARG002
        """As JSON."""
        return super().payload_of("application/json", body)
