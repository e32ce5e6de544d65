"""Understand an answer, whatever it is. Pure; nothing here but our own exceptions is ever raised.

What is nested in a body is read with the generated models, made from a view of the spec in which everything is
optional. Their casts check nothing, so every value taken from one is checked here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast
from urllib.parse import unquote

from segmind_ltx import errors
from segmind_ltx._parameters import check_request_id
from segmind_ltx._wire import Answer, Call, looks_like_video
from segmind_ltx.video import VideoFacts
from segmind_ltx_api.models import (
    AcceptedJob,
    ErrorMessage,
    FailedJob,
    JobMetrics,
    VideoFile,
)
from segmind_ltx_api.types import UNSET

KNOWN: Final = frozenset({"QUEUED", "PROCESSING", "COMPLETED", "FAILED"})
_LONGEST_DETAIL: Final = 500
_ADDRESS: Final = re.compile(r"(?i)https?://[^\s/\x00-\x1f\x7f\ud800-\udfff][^\s\x00-\x1f\x7f\ud800-\udfff]*")


class Metrics(NamedTuple):
    """What a job took, in seconds, and cost, in USD; None where the service did not say."""

    cost: float | None = None
    remaining_credits: float | None = None
    queue_time: float | None = None
    inference_time: float | None = None
    total_time: float | None = None


class Polled(NamedTuple):
    """An understood poll or fetch. What nobody asks for is not read out of it: most polls are about the state."""

    state: str
    body: dict[str, Any]

    @property
    def metrics(self) -> Metrics:
        """The service's figures."""
        return metrics_of(self.body)

    @property
    def detail(self) -> str | None:
        """Why the job FAILED."""
        return _text(FailedJob.from_dict(self.body).error) if self.state == "FAILED" else None


def accepted(answer: Answer, call: Call, model: str) -> str:
    """The request id of an accepted submit.

    Raises `UnexpectedAnswerError` where none can be made out: the job exists then, and is billed, but is lost.
    """
    request_id: object
    try:
        parsed = AcceptedJob.from_dict(json_object(answer, call))
        request_id = parsed.request_id or _id_in(parsed.status_url) or _id_in(parsed.response_url)
    except errors.UnexpectedAnswerError:
        # The answer may have been cut off after the id; a paid job is worth a second look.
        found = re.search(rb'"request_id"\s*:\s*"([^"\\/\x00-\x20\x7f-\xff]{1,512})"', answer.body)
        request_id = found.group(1).decode() if found else None
    try:
        return check_request_id(request_id)
    except errors.ParameterError:
        raise errors.UnexpectedAnswerError(
            f"{call} was accepted (status {answer.status}), so a job exists and is billed, but no request id can be "
            f"read from the answer: {_excerpt(answer)}. Look for the job in your account before you submit it again.",
            model=model,
            status=answer.status,
            body=_json_or_none(answer),
        ) from None


def _id_in(url: object) -> str | None:
    """The id in a job's address. It is taken only where the answer names none; nothing is ever sent to the address."""
    found = re.search(r"/v2/requests/([^/?#]+)(?:/status)?$", url) if isinstance(url, str) else None
    return unquote(found.group(1)) if found else None


def polled(answer: Answer, call: Call, request_id: str) -> Polled:
    """The state of a job, FAILED included. Raises the exception for any other error status."""
    if not answer.good and answer.status != 422:
        raise error_for(answer, call, request_id=request_id)
    body = json_object(answer, call, request_id)
    state, about = body.get("status"), body.get("request_id")
    if answer.status == 422 and state is None and _text(body.get("error")):
        state = "FAILED"  # The documents say so of the status alone; that the body repeats it is from elsewhere.
    if not isinstance(state, str) or not state:
        raise _senseless(answer, call, request_id, "it has no status")
    # By the word rather than the status: a job is FAILED even where a gateway made a 200 of the 422.
    if answer.status == 422 and state != "FAILED":
        raise _senseless(answer, call, request_id, f"status 422 means FAILED, but it says {state}")
    if isinstance(about, str) and about != request_id:
        raise _senseless(answer, call, request_id, f"it is about another job, {about!r}")
    return Polled(state, body)


def fetched(answer: Answer, call: Call, request_id: str) -> Polled:
    """The state of a job with its output: as `polled`, but a COMPLETED one must name where its output lies."""
    seen = polled(answer, call, request_id)
    if seen.state == "COMPLETED" and location(seen.body) is None:
        raise _senseless(answer, call, request_id, "the job is COMPLETED, but no output is named")
    return seen


def video_of_job(polled: Polled, request_id: str, model: str | None) -> VideoFacts:
    """What a COMPLETED job says of its video."""
    metrics, file = polled.metrics, _file(polled.body)
    return VideoFacts(
        request_id=request_id,
        model=model,
        url=location(polled.body),
        content_type=_text(file.content_type),
        file_name=_text(file.file_name),
        file_size=_whole(file.file_size),
        cost=metrics.cost,
        remaining_credits=metrics.remaining_credits,
        queue_time=metrics.queue_time,
        inference_time=metrics.inference_time,
        total_time=metrics.total_time,
        raw=polled.body,
    )


def video_of_call(answer: Answer, call: Call, model: str) -> VideoFacts:
    """What a v1 answer says: it is the video's bytes, or JSON that carries its location."""
    headers = answer.headers
    request_id = headers.get("x-request-id")
    body: dict[str, Any] = {}
    content: bytes | None = None
    url: str | None = None
    if looks_like_video(answer):
        content = answer.body
        broken = answer.broken or ("it is empty" if not content else "only a part" if answer.status == 206 else None)
        if broken:
            raise _senseless(answer, call, request_id, f"the video ends early ({broken}); it is billed", model)
    else:
        body = json_object(answer, call, request_id, model, "; it is billed")
        url = location(body)
        if url is None:
            raise _senseless(answer, call, request_id, "it has neither a video nor its location; it is billed", model)
    metrics = metrics_of(body)
    return VideoFacts(
        request_id=request_id,
        model=model,
        url=url,
        content=content,
        content_type=answer.media_type if content else None,
        file_size=len(content) if content else None,
        cost=_first(_price(headers.get("x-cost")), metrics.cost),
        remaining_credits=_first(_number(headers.get("x-remaining-credits")), metrics.remaining_credits),
        inference_time=_first(_number(headers.get("x-generation-time")), metrics.inference_time),
        seed=_whole(headers.get("x-seed-value")),
        raw=body,
    )


def location(body: Mapping[str, Any]) -> str | None:
    """The output's address: `output` (a string, or a list of them) or `video.url`; None where there is none.

    Only what is an address at all: an `output` that says something else must not pass for a video.
    """
    output: object = body.get("output")
    for candidate in cast("list[object]", output) if isinstance(output, list) else (output,):
        if isinstance(candidate, str) and _ADDRESS.fullmatch(candidate.strip()):
            return candidate.strip()
    url: object = _file(body).url
    return url.strip() if isinstance(url, str) and _ADDRESS.fullmatch(url.strip()) else None


def _file(body: Mapping[str, Any]) -> VideoFile:
    """What is said of the file; empty where the answer had something else."""
    file = body.get("video")
    return VideoFile.from_dict(cast("dict[str, Any]", file)) if isinstance(file, dict) else VideoFile()


def metrics_of(body: Mapping[str, Any]) -> Metrics:
    """An answer's figures, each checked; empty where it had something else."""
    told = body.get("metrics")
    if not isinstance(told, dict):
        return Metrics()
    parsed = JobMetrics.from_dict(cast("dict[str, Any]", told))
    return Metrics(
        cost=_price(parsed.cost),
        remaining_credits=_number(parsed.remaining_credits),
        queue_time=_number(parsed.queue_time),
        inference_time=_number(parsed.inference_time),
        total_time=_number(parsed.total_time),
    )


def json_object(
    answer: Answer, call: Call, request_id: str | None = None, model: str | None = None, note: str = ""
) -> dict[str, Any]:
    """The JSON object of an answer. Raises `UnexpectedAnswerError`, with ``note`` in it, for anything else."""
    if answer.broken:
        raise _senseless(answer, call, request_id, f"it ends early ({answer.broken}){note}", model)
    try:
        body: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise _senseless(answer, call, request_id, f"it is not JSON{note}", model) from None
    if not isinstance(body, dict):
        raise _senseless(answer, call, request_id, f"it is not a JSON object{note}", model)
    return cast("dict[str, Any]", body)


def error_for(
    answer: Answer, call: Call, *, request_id: str | None = None, model: str | None = None
) -> errors.SegmindLtxError:
    """The exception for an answer that is no success."""
    body = _json_or_none(answer)
    detail = _detail(answer, body)
    if request_id is None:
        request_id = named(answer)  # Whatever the status: an id may be the way to a paid job.
    if answer.status < 400:
        return _senseless(answer, call, request_id, f"status {answer.status} is not expected here", model)
    if body is not None and body.get("status") == "FAILED":
        return failed(detail, call, request_id, model, answer.status, body)
    kind = errors.class_for_status(answer.status)
    said = (detail or "no message").rstrip(".")
    message = f"{call} was answered {answer.status}: {said}. {kind.advice}"
    return kind(message, request_id=request_id, model=model, status=answer.status, detail=detail, body=body)


def named(answer: Answer) -> str | None:
    """The id of the job that an answer names, whatever else it says."""
    return _text((_json_or_none(answer) or {}).get("request_id"))


def failed(
    detail: str | None,
    call: Call,
    request_id: str | None,
    model: str | None,
    status: int | None,
    body: Mapping[str, Any] | None,
) -> errors.JobFailedError:
    """The exception for a FAILED job."""
    message = f"job {request_id} failed: {detail or 'no reason given'}. Failed jobs are not charged. ({call})"
    return errors.JobFailedError(message, request_id=request_id, model=model, status=status, detail=detail, body=body)


def _senseless(
    answer: Answer, call: Call, request_id: str | None, why: str, model: str | None = None
) -> errors.UnexpectedAnswerError:
    return errors.UnexpectedAnswerError(
        f"the answer to {call} (status {answer.status}) makes no sense: {why}. It begins: {_excerpt(answer)}",
        request_id=request_id,
        model=model,
        status=answer.status,
        body=_json_or_none(answer),
    )


def _json_or_none(answer: Answer) -> dict[str, Any] | None:
    try:
        body: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


def _detail(answer: Answer, body: dict[str, Any] | None) -> str | None:
    """The service's own words: JSON's `error`, or plain text, or what an HTML page says."""
    if body is not None:
        parsed = ErrorMessage.from_dict(body)
        words = [_text(parsed.error) or _text(body.get("message")), _text(parsed.error_description)]
        return ": ".join(word for word in words if word)[:_LONGEST_DETAIL] or None
    text = answer.body[: 16 * _LONGEST_DETAIL].decode("utf-8", "replace")
    if "<" in text:
        text = re.sub(r"(?is)<(script|style|title).*?</\1>|<[^>]*>", " ", text)
    return " ".join(text.split())[:_LONGEST_DETAIL] or None


def _excerpt(answer: Answer) -> str:
    if not answer.body:
        return "(empty)"
    return repr(answer.body[:120].decode("utf-8", "replace"))


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _text(value: object) -> str | None:
    # JSON can spell lone surrogates, which no stream prints.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    if value is UNSET or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _price(value: object) -> float | None:
    """A number that a price can be: what is below zero would hide what others cost."""
    number = _number(value)
    return number if number is not None and number >= 0 else None


def _whole(value: object) -> int | None:
    number = _number(value)
    if number is None or not number.is_integer():
        return None
    return int(value) if isinstance(value, int | str) and str(value).lstrip("+-").isdecimal() else int(number)
