"""Decide what the service does: one small method for each decision.

The sandbox takes every decision from a `Behaviour`. A subclass that overrides one method is a server that differs in
one respect.

More than 250 lines, since all decisions are methods of one class, so that a deviation can override any.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.datastructures import Headers, QueryParams

from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse, error, page, refused_key
from segmind_ltx_sandbox.service.accept import prefers_video
from segmind_ltx_sandbox.service.clock import iso
from segmind_ltx_sandbox.service.jobs import Job, State, state_at
from segmind_ltx_sandbox.service.prices import PriceList
from segmind_ltx_sandbox.service.scenarios import BY_KEY, Scenario
from segmind_ltx_sandbox.service.validation import Validator, parse_object
from segmind_ltx_sandbox.video.spec import VideoSpec, video_spec_of
from segmind_ltx_spec import Contract, Model

QUEUED_SHARE: Final = 0.05
"""The share of a job's usual time that it waits in the queue. Graded I: the documents give only the total."""


class Behaviour:
    """The service as documented."""

    retention = 3600.0
    """Seconds for which a job is kept after its end."""
    output_retention = 7 * 86400.0
    """Seconds for which a video is kept after its job's end."""

    order: tuple[str, ...] = ("key", "credits", "body")
    """The order in which a POST is checked: its key and scenario, the account's credits, its body."""

    submit_seconds = 0.0
    """Seconds of real time before a submit is answered."""

    reset_seconds = 60.0
    """Seconds until a rate limit ends. The sandbox divides them by its speed, as the times of jobs."""

    def __init__(self, contract: Contract) -> None:
        """Prepare for the models of ``contract``."""
        self.contract = contract
        self.validator = Validator(contract)
        self.prices = PriceList(contract)

    # Routes

    def offers(self, model: Model, version: str) -> bool:  # noqa: ARG002  for subclasses that omit a route
        """Return whether a model has a route under ``version``, v1 or v2."""
        return True

    def intercept(self, request: ApiRequest) -> ApiResponse | None:  # noqa: ARG002  for subclasses with a gateway in front
        """Return a response to send before any check, or None to handle the request."""
        return None

    # Keys

    def admitted(self, request: ApiRequest) -> Scenario | ApiResponse:
        """Return the scenario of a request's key, or the response that refuses it."""
        return self.scenario_of(self.key_in(request.headers, request.query))

    def key_in(self, headers: Headers, query: QueryParams) -> str | None:  # noqa: ARG002  for subclasses that read the query
        """Return the key of a request. Only the x-api-key header is read."""
        return headers.get("x-api-key")

    def scenario_of(self, key: str | None) -> Scenario | ApiResponse:
        """Return the scenario of ``key``, or the response that refuses it."""
        if not key:
            return refused_key("missing-key", "API key is missing", "Send your key in the x-api-key header.")
        return BY_KEY.get(key) or refused_key(
            "unknown-key", "API key is not valid", "The sandbox knows only the keys that its front page lists."
        )

    def refusal(self, scenario: Scenario, now: datetime) -> ApiResponse | None:
        """Return the scenario's response to every request, or None if its key works."""
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
        """Return the time at which a rate limit ends, rounded up to a second."""
        ends = now + timedelta(seconds=self.reset_seconds)
        return iso(ends if ends.microsecond == 0 else ends + timedelta(seconds=1))

    def unpaid(self, balance: float) -> ApiResponse | None:
        """Return the response that refuses a POST if the account has no credits, else None."""
        return error("no-credits", 406, "not enough credits") if balance <= 0 else None

    # Requests

    def parsed(self, request: ApiRequest, body: bytes) -> dict[str, Any] | ApiResponse:
        """Return the payload of a POST, or the response that refuses its body."""
        return self.payload_of(request.headers.get("content-type", ""), body)

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:  # noqa: ARG002
        """Return the payload to use (the one that was sent), or the response that refuses it."""
        return self.invalid(model, payload) or payload

    def payload_of(self, content_type: str, body: bytes) -> dict[str, Any] | ApiResponse:
        """Return the JSON object in a body, or the response that refuses it."""
        if content_type.partition(";")[0].strip().lower() != "application/json":
            return error("content-type", 406, "Content-Type must be application/json")
        payload = parse_object(body)
        return error("malformed", 400, payload) if isinstance(payload, str) else payload

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        """Return the response that refuses a payload if it is invalid, else None."""
        problems = self.validator.problems(model, payload)
        return error("invalid", 400, "; ".join(problems)) if problems else None

    def cost(self, model: Model, payload: Mapping[str, Any]) -> float:
        """Return the price of a request in USD."""
        return self.prices.cost(model, payload)

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """Return the spec of the video that a request asks for."""
        return video_spec_of(model, payload)

    def seed(self, model: Model, payload: Mapping[str, Any], request_id: str) -> int:
        """Return the seed of the request, else the model's default, else a seed derived from the request id."""
        chosen = payload.get("seed") if "seed" in model.parameters else None
        if chosen is None:
            chosen = model.defaults.get("seed")
        return int(uuid.uuid5(uuid.NAMESPACE_OID, request_id)) % 2**31 if chosen is None else int(chosen)

    # The life of a job

    def new_id(self) -> str:
        """Return a new request id."""
        return str(uuid.uuid4())

    def times(self, model: Model, speed: float) -> tuple[float, float]:
        """Return how long a job queues and how long it runs: the model's usual time divided by ``speed``, split."""
        total = model.seconds / speed
        return total * QUEUED_SHARE, total * (1 - QUEUED_SHARE)

    def state(self, job: Job, now: float) -> State:
        """Return the state of a job."""
        return state_at(job, now)

    # Responses

    def links(self, job_id: str, origin: str) -> dict[str, str]:
        """Return the URLs of a job."""
        here = f"{origin}/v2/requests/{job_id}"
        return {"poll_url": f"{origin}/v1/requests/{job_id}", "status_url": f"{here}/status", "response_url": here}

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        """Return the response to a submit."""
        return ApiResponse(
            "accepted", 200, {"request_id": job.id, "status": State.QUEUED, **self.links(job.id, origin)}
        )

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """Return the times of a job so far and, if it completed, its cost."""
        if state in {State.QUEUED, State.PROCESSING}:
            return {"queue_time": round(min(job.queue_time, max(0.0, now - job.submitted)), 3)}
        queued, ran = round(job.queue_time, 3), round(job.inference_time, 3)
        times = {"inference_time": ran, "queue_time": queued, "total_time": round(queued + ran, 3)}
        if state is State.FAILED:
            return times
        return {"cost": job.cost, "remaining_credits": job.remaining, **times}

    def described(self, job: Job, state: State, now: float, origin: str) -> dict[str, Any]:
        """Return the fields that the status and the result of a job share."""
        links = self.links(job.id, origin)
        return {
            "status": state,
            "request_id": job.id,
            "status_url": links["status_url"],
            "response_url": links["response_url"],
            "metrics": self.metrics(job, state, now),
        }

    def status(self, job: Job, state: State, now: float, origin: str) -> ApiResponse:
        """Return the status of a job, without its output."""
        return ApiResponse("status", 200, self.described(job, state, now, origin))

    def failed(self, job: Job, state: State, now: float) -> ApiResponse:
        """Return the response about a failed job, on each of its routes."""
        metrics = self.metrics(job, state, now)
        message = "the sandbox was asked to fail this job, by its key"
        return ApiResponse("failed", 422, {"status": state, "request_id": job.id, "error": message, "metrics": metrics})

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the result of a job, without a video if it is not done yet (graded I: the documents do not say)."""
        content = self.described(job, state, now, origin)
        if video is not None:
            metrics = content.pop("metrics")
            content |= {"output": video["url"], "video": dict(video), "metrics": metrics}
        return ApiResponse("result", 200, content)

    def unknown_request(self) -> ApiResponse:
        """Return the response to a request id that is unknown, expired or another account's."""
        return error("unknown-request", 404, "no such request; results are kept for one hour")

    def generation_failed(self) -> ApiResponse:
        """Return the response to a blocking call that failed. Graded I: the documents name only 500 for it."""
        return error("failed", 500, "the sandbox was asked to fail this generation, by its key")

    def no_such_route(self) -> ApiResponse:
        """Return the response to an unknown model or path."""
        return error("no-such-route", 404, "no such model or endpoint")

    def returns_bytes(self, headers: Headers) -> bool:
        """Return whether a blocking call returns the bytes of its video rather than JSON."""
        return prefers_video(headers.getlist("accept"))

    def wrong_method(self, allowed: str) -> ApiResponse:
        """Return the response to a known path with another method."""
        return page("wrong-method", 405, "Not Allowed", {"allow": allowed})

    def refused_download(self, headers: Headers) -> ApiResponse | None:
        """Return the response that refuses a download if it carries a key, since a key must never be sent there."""
        if "x-api-key" not in headers:
            return None
        return error("key-at-output", 400, "do not send your key here: outputs lie on a host that is not the API's")

    def stored_name(self, name: str) -> str:
        """Return the name of the stored video that an output's URL ends in."""
        return name

    def video_bytes(self, video: bytes) -> bytes:
        """Return the bytes to send for a video."""
        return video

    def finalize(self, request: ApiRequest, response: ApiResponse) -> ApiResponse:  # noqa: ARG002  for subclasses that read the request
        """Return the response to send on an API route in place of ``response``, depending on the request."""
        return self.finalize_any(response)

    def finalize_any(self, response: ApiResponse) -> ApiResponse:
        """Return the response to send in place of ``response``, whatever the request."""
        return response


RESET: Final = "x-rate-limit-reset-at-utc"
