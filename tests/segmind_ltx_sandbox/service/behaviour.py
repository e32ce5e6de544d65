"""What the service decides: one small method for each thing that a server could do otherwise.

The sandbox asks a `Behaviour` and does nothing of its own accord. A subclass that overrides one method is a server
that differs in one respect.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.datastructures import Headers, QueryParams

from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse, error, page, refused_key
from segmind_ltx_sandbox.service.clock import iso
from segmind_ltx_sandbox.service.jobs import Job, State, state_at
from segmind_ltx_sandbox.service.prices import PriceList
from segmind_ltx_sandbox.service.scenarios import BY_KEY, Scenario
from segmind_ltx_sandbox.service.validation import Validator, parse_object
from segmind_ltx_sandbox.video.spec import VideoSpec, video_spec_of
from segmind_ltx_spec import Contract, Model

QUEUED_SHARE: Final = 0.05
"""How much of a job's usual time it waits in the queue. Graded I: the documents name one figure, the whole."""


class Behaviour:
    """The service as documented."""

    retention = 3600.0
    """How long a job is kept after its end, in seconds."""
    output_retention = 7 * 86400.0
    """How long its video is, in seconds."""

    def __init__(self, contract: Contract) -> None:
        """Prepare for the models of ``contract``."""
        self.contract = contract
        self.validator = Validator(contract)
        self.prices = PriceList(contract)

    # Whether it is asked at all

    def offers(self, model: Model, version: str) -> bool:  # noqa: ARG002  others might leave a route out
        """Whether a model has a route under ``version``, v1 or v2."""
        return True

    def intercept(self, request: ApiRequest) -> ApiResponse | None:  # noqa: ARG002  others might have a gateway in front
        """An answer before anything is looked at, and instead of it."""
        return None

    # Who asks

    def admitted(self, request: ApiRequest) -> Scenario | ApiResponse:
        """Who sent a request, or why it is refused."""
        return self.scenario_of(self.key_in(request.headers, request.query))

    def key_in(self, headers: Headers, query: QueryParams) -> str | None:  # noqa: ARG002  others might read the query
        """The key that a request carries, taken from the x-api-key header alone."""
        return headers.get("x-api-key")

    def scenario_of(self, key: str | None) -> Scenario | ApiResponse:
        """Whose key it is, or why it is refused."""
        if not key:
            return refused_key("missing-key", "API key is missing", "Send your key in the x-api-key header.")
        return BY_KEY.get(key) or refused_key(
            "unknown-key", "API key is not valid", "The sandbox knows only the keys that its front page lists."
        )

    def refusal(self, scenario: Scenario, now: datetime) -> ApiResponse | None:
        """What a scenario answers to every request; None where its key works."""
        match scenario.status:
            case None:
                return None
            case 403:
                return error("scenario", 403, "this key may not use the API")
            case 429:
                limited = error("scenario", 429, "too many requests")
                return ApiResponse("scenario", 429, limited.content, headers={RESET: self.reset_at(now)})
            case 502:
                return page("scenario", 502, "Bad Gateway")
            case 504:
                return page("scenario", 504, "Gateway Time-out")
            case status:
                return error("scenario", status, "something went wrong on our side")

    def reset_at(self, now: datetime) -> str:
        """When a rate limit is lifted: a minute from now."""
        return iso(now + timedelta(seconds=60))

    def unpaid(self, balance: float) -> ApiResponse | None:
        """Why an account with this balance may not POST, if it may not."""
        return error("no-credits", 406, "not enough credits") if balance <= 0 else None

    # What is asked

    def parsed(self, request: ApiRequest, body: bytes) -> dict[str, Any] | ApiResponse:
        """The JSON object of a POST, or why it is refused."""
        return self.payload_of(request.headers.get("content-type", ""), body)

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:  # noqa: ARG002
        """The payload as it is used, which is as it was sent; or why it is refused."""
        return self.invalid(model, payload) or payload

    def payload_of(self, content_type: str, body: bytes) -> dict[str, Any] | ApiResponse:
        """The JSON object of a POST, or why it is refused."""
        if content_type.partition(";")[0].strip().lower() != "application/json":
            return error("content-type", 406, "Content-Type must be application/json")
        payload = parse_object(body)
        return error("malformed", 400, payload) if isinstance(payload, str) else payload

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        """Why a payload is refused, if it is."""
        problems = self.validator.problems(model, payload)
        return error("invalid", 400, "; ".join(problems)) if problems else None

    def cost(self, model: Model, payload: Mapping[str, Any]) -> float:
        """What it costs, in USD."""
        return self.prices.cost(model, payload)

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """The video that it asks for."""
        return video_spec_of(model, payload)

    def seed(self, model: Model, payload: Mapping[str, Any], request_id: str) -> int:
        """The seed that is used: the one asked for, the model's default, or one that the request id determines."""
        chosen = payload.get("seed") if "seed" in model.parameters else None
        if chosen is None:
            chosen = model.defaults.get("seed")
        return int(uuid.uuid5(uuid.NAMESPACE_OID, request_id)) % 2**31 if chosen is None else int(chosen)

    # The life of a job

    def new_id(self) -> str:
        """A request id that was never used before."""
        return str(uuid.uuid4())

    def times(self, model: Model, speed: float) -> tuple[float, float]:
        """How long a job queues and runs; together the model's usual time, shortened."""
        total = model.seconds / speed
        return total * QUEUED_SHARE, total * (1 - QUEUED_SHARE)

    def state(self, job: Job, now: float) -> State:
        """The state of a job."""
        return state_at(job, now)

    # What is answered

    def links(self, job_id: str, origin: str) -> dict[str, str]:
        """Where a job is polled and fetched."""
        here = f"{origin}/v2/requests/{job_id}"
        return {"poll_url": f"{origin}/v1/requests/{job_id}", "status_url": f"{here}/status", "response_url": here}

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        """The answer to a submit."""
        return ApiResponse(
            "accepted", 200, {"request_id": job.id, "status": State.QUEUED, **self.links(job.id, origin)}
        )

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """What a job took so far, and, where it succeeded, what it cost."""
        if state in {State.QUEUED, State.PROCESSING}:
            return {"queue_time": round(min(job.queue_time, max(0.0, now - job.submitted)), 3)}
        queued, ran = round(job.queue_time, 3), round(job.inference_time, 3)
        times = {"inference_time": ran, "queue_time": queued, "total_time": round(queued + ran, 3)}
        if state is State.FAILED:
            return times
        return {"cost": job.cost, "remaining_credits": job.remaining, **times}

    def described(self, job: Job, state: State, now: float, origin: str) -> dict[str, Any]:
        """What is said of a job, whichever way it is read."""
        links = self.links(job.id, origin)
        return {
            "status": state,
            "request_id": job.id,
            "status_url": links["status_url"],
            "response_url": links["response_url"],
            "metrics": self.metrics(job, state, now),
        }

    def status(self, job: Job, state: State, now: float, origin: str) -> ApiResponse:
        """The state of a job without its output."""
        return ApiResponse("status", 200, self.described(job, state, now, origin))

    def failed(self, job: Job, state: State, now: float) -> ApiResponse:
        """A job that failed, on either of its routes."""
        metrics = self.metrics(job, state, now)
        message = "the sandbox was asked to fail this job, by its key"
        return ApiResponse("failed", 422, {"status": state, "request_id": job.id, "error": message, "metrics": metrics})

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """The result of a job; without a video for as long as it is not done (graded I: the documents do not say)."""
        content = self.described(job, state, now, origin)
        if video is not None:
            metrics = content.pop("metrics")
            content |= {"output": video["url"], "video": dict(video), "metrics": metrics}
        return ApiResponse("result", 200, content)

    def unknown_request(self) -> ApiResponse:
        """A request id that is unknown, expired or another account's."""
        return error("unknown-request", 404, "no such request; results are kept for one hour")

    def generation_failed(self) -> ApiResponse:
        """A blocking call that failed. Graded I: the documents name no answer for it other than 500."""
        return error("failed", 500, "the sandbox was asked to fail this generation, by its key")

    def no_such_route(self) -> ApiResponse:
        """An unknown model or path."""
        return error("no-such-route", 404, "no such model or endpoint")

    def wrong_method(self, allowed: str) -> ApiResponse:
        """A known path with a method that it does not have."""
        return page("wrong-method", 405, "Not Allowed", {"allow": allowed})

    def refused_download(self, headers: Headers) -> ApiResponse | None:
        """Why a video is not given out; here, since a key must never be sent where the videos are."""
        if "x-api-key" not in headers:
            return None
        return error("key-at-output", 400, "do not send your key here: outputs lie on a host that is not the API's")

    def video_bytes(self, video: bytes) -> bytes:
        """The bytes of a video as they are downloaded."""
        return video

    def finalize(self, request: ApiRequest, response: ApiResponse) -> ApiResponse:  # noqa: ARG002  others might look at who asks
        """The last word on an answer of an API route, by what it answers."""
        return self.finalize_any(response)

    def finalize_any(self, response: ApiResponse) -> ApiResponse:
        """The last word on every answer of an API route, whatever its cause."""
        return response


RESET: Final = "x-rate-limit-reset-at-utc"
