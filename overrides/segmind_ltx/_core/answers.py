"""Parse responses. Pure; whatever the response is, only the client's own exceptions are raised.

Nested values are read with the generated models, which come from a view of the spec with every field optional. Their
casts check nothing, so this module checks each value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from segmind_ltx import errors
from segmind_ltx._core.api_errors import detail_in, error_for, excerpt, json_or_none, text_of, unexpected_response
from segmind_ltx._core.effects import Call, Response, looks_like_video
from segmind_ltx._core.request_ids import request_id_in
from segmind_ltx._core.results import JobStatus, VideoFacts
from segmind_ltx._core.values import coalesce, float_or_none, int_or_none, price_or_none, str_or_none

# contract: #/components/schemas/JobMetrics, #/components/schemas/VideoFile
from segmind_ltx_api.models import JobMetrics, VideoFile

# contract: job.states, job.blocked-is-failed
KNOWN_STATES: Final = frozenset({"QUEUED", "PROCESSING", "COMPLETED", "FAILED"})
_ADDRESS: Final = re.compile(r"(?i)https?://[^\s/\x00-\x1f\x7f\ud800-\udfff][^\s\x00-\x1f\x7f\ud800-\udfff]*")
_PATH: Final = re.compile(r"/[^\s/\x00-\x1f\x7f\ud800-\udfff][^\s\x00-\x1f\x7f\ud800-\udfff]*")
_ADDRESS_NAMES: Final = ("url", "video_url", "uri", "href", "video", "output")
_DEEPEST: Final = 3


class Metrics(NamedTuple):
    """A job's times, in seconds, and its cost, in USD; None if the service did not send them."""

    cost: float | None = None
    remaining_credits: float | None = None
    queue_time: float | None = None
    inference_time: float | None = None
    total_time: float | None = None


class JobState(NamedTuple):
    """A parsed poll or fetch. Metrics and detail are parsed on access: most polls need only the state."""

    state: str
    body: dict[str, Any]

    @property
    def metrics(self) -> Metrics:
        """Return the job's times and cost."""
        return metrics_of(self.body)

    @property
    def detail(self) -> str | None:
        """Return the reason if the job FAILED, else None."""
        return detail_in(self.body) if self.state == "FAILED" else None  # contract: #/components/schemas/FailedJob


def parse_submit(response: Response, call: Call, model: str) -> str:
    """Return the request id of an accepted submit.

    Raises `UnexpectedResponseError` if the response has no readable id: a job exists and is billed, but its id is lost.
    """
    # contract: accepted-job.request_id.required
    request_id = request_id_in(response)
    if request_id is not None:
        return request_id
    raise errors.UnexpectedResponseError(
        f"{call} was accepted (status {response.status}), so a job exists and is billed, but no request id can be "
        f"read from the response: {excerpt(response)}. "
        f"Look for the job in your account before you submit it again.",
        model=model,
        status=response.status,
        body=json_or_none(response),
        text=text_of(response),
    )


def parse_status(response: Response, call: Call, request_id: str, time: float | None = None) -> JobState:
    """Return a job's state, FAILED included. Raises the matching exception for any other error status."""
    # contract: status.422-is-a-failed-job, job.failed-is-422
    if not response.ok and response.status != 422:
        raise error_for(response, call, request_id=request_id, time=time)
    body = json_object(response, call, request_id)
    # contract: job-status.status.required, job-result.status.required
    state, named_id = body.get("status"), body.get("request_id")
    if response.status == 422 and state is None and str_or_none(body.get("error")):
        # By the documents 422 alone means FAILED; that the body repeats it is from the vendor's other pages.
        state = "FAILED"
    if not isinstance(state, str) or not state:
        raise unexpected_response(response, call, request_id, "it has no status")
    # Trust the body rather than the status: a job is FAILED even if a gateway turned the 422 into a 200.
    if response.status == 422 and state != "FAILED":
        raise unexpected_response(response, call, request_id, f"status 422 means FAILED, but it says {state}")
    if isinstance(named_id, str) and named_id != request_id:
        raise unexpected_response(response, call, request_id, f"it is about another job, {named_id!r}")
    return JobState(state, body)


def parse_result(response: Response, call: Call, request_id: str, time: float | None = None) -> JobState:
    """Return a job's state, as `parse_status` does.

    Raises `UnexpectedResponseError` if it is COMPLETED without output.
    """
    job = parse_status(response, call, request_id, time)
    # contract: job.completed-has-output
    if job.state == "COMPLETED" and video_url(job.body) is None:
        raise unexpected_response(response, call, request_id, "the job is COMPLETED, but no output is named")
    return job


def status_of_job(job: JobState, request_id: str) -> JobStatus:
    """Return the public status of a job."""
    metrics = job.metrics
    return JobStatus(
        request_id=request_id,
        state=job.state,
        detail=job.detail,
        queue_time=metrics.queue_time,
        inference_time=metrics.inference_time,
        total_time=metrics.total_time,
        raw=job.body,
    )


def video_of_job(job: JobState, request_id: str, model: str | None, base_url: str = "") -> VideoFacts:
    """Return the facts about the video of a COMPLETED job."""
    metrics, file = job.metrics, _video_file(job.body)
    return VideoFacts(
        request_id=request_id,
        model=model,
        url=video_url(job.body, base_url),
        content_type=str_or_none(file.content_type),
        file_name=str_or_none(file.file_name),
        file_size=int_or_none(file.file_size),
        cost=metrics.cost,
        remaining_credits=metrics.remaining_credits,
        queue_time=metrics.queue_time,
        inference_time=metrics.inference_time,
        total_time=metrics.total_time,
        raw=job.body,
    )


def video_of_call(response: Response, call: Call, model: str, base_url: str = "") -> VideoFacts:
    """Return the facts about the video of a v1 call, whose response is the video itself, or JSON with its address."""
    headers = response.headers
    request_id = headers.get("x-request-id")
    body: dict[str, Any] = {}
    content: bytes | None = None
    url: str | None = None
    # contract: transport.v1-bytes-or-json
    if looks_like_video(response):
        content = response.body
        broken = response.truncated or (
            "it is empty" if not content else "only a part" if response.status == 206 else None
        )
        if broken:
            raise unexpected_response(
                response, call, request_id, f"the video ends early ({broken}); it is billed", model
            )
    else:
        body = json_object(response, call, request_id, model, "; it is billed")
        url = video_url(body, base_url)
        if url is None:
            raise unexpected_response(
                response, call, request_id, "it has neither a video nor its location; it is billed", model
            )
    # contract: video-made.x-request-id, video-made.x-cost, video-made.x-remaining-credits
    # contract: video-made.x-generation-time, video-made.x-seed-value
    metrics = metrics_of(body)
    return VideoFacts(
        request_id=request_id,
        model=model,
        url=url,
        content=content,
        content_type=response.media_type if content else None,
        file_size=len(content) if content else None,
        cost=coalesce(price_or_none(headers.get("x-cost")), metrics.cost),
        remaining_credits=coalesce(float_or_none(headers.get("x-remaining-credits")), metrics.remaining_credits),
        inference_time=coalesce(float_or_none(headers.get("x-generation-time")), metrics.inference_time),
        seed=int_or_none(headers.get("x-seed-value")),
        raw=body,
    )


def video_url(body: Mapping[str, Any], base_url: str = "") -> str | None:
    """Return the output's address: the first in `output` (a text, a list or an object), else in `video`; else None.

    Only an address counts, or a path below the API's origin: an `output` with any other text must not pass for a video.
    """
    for candidate in (*_texts_in(body.get("output")), _video_file(body).url, body.get("video")):
        address = candidate.strip() if isinstance(candidate, str) else ""
        if _ADDRESS.fullmatch(address):
            return address
        if _PATH.fullmatch(address):
            return base_url + address
    return None


def _texts_in(output: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts of an output, also within lists and objects: the pages print only one plain text."""
    if isinstance(output, str):
        yield output
    elif depth < _DEEPEST:
        found = cast("dict[str, object] | list[object] | None", output if isinstance(output, dict | list) else None)
        inner = [found.get(name) for name in _ADDRESS_NAMES] if isinstance(found, dict) else found or []
        for one in inner:
            yield from _texts_in(one, depth + 1)


def _video_file(body: Mapping[str, Any]) -> VideoFile:
    """Return the file object of a response; an empty one if the response has none."""
    file = body.get("video")
    # contract: #/components/schemas/VideoFile
    return VideoFile.from_dict(cast("dict[str, Any]", file)) if isinstance(file, dict) else VideoFile()


def metrics_of(body: Mapping[str, Any]) -> Metrics:
    """Return the metrics of a response, each value checked; empty if it has none."""
    metrics = body.get("metrics")
    if not isinstance(metrics, dict):
        return Metrics()
    # contract: #/components/schemas/JobMetrics
    parsed = JobMetrics.from_dict(cast("dict[str, Any]", metrics))
    return Metrics(
        cost=price_or_none(parsed.cost),
        remaining_credits=float_or_none(parsed.remaining_credits),
        queue_time=float_or_none(parsed.queue_time),
        inference_time=float_or_none(parsed.inference_time),
        total_time=float_or_none(parsed.total_time),
    )


def json_object(
    response: Response, call: Call, request_id: str | None = None, model: str | None = None, note: str = ""
) -> dict[str, Any]:
    """Return the JSON object in a response.

    Raises `UnexpectedResponseError`, with ``note`` in its message, otherwise.
    """
    if response.truncated:
        raise unexpected_response(response, call, request_id, f"it ends early ({response.truncated}){note}", model)
    try:
        body: object = json.loads(response.body)
    except (ValueError, RecursionError):
        raise unexpected_response(response, call, request_id, f"it is not JSON{note}", model) from None
    if not isinstance(body, dict):
        raise unexpected_response(response, call, request_id, f"it is not a JSON object{note}", model)
    return cast("dict[str, Any]", body)
