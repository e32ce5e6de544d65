"""Make exceptions for responses that report an error or that the client cannot parse."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from segmind_ltx import errors
from segmind_ltx._core.effects import Call, Response
from segmind_ltx._core.request_ids import request_id_in
from segmind_ltx._core.retry import reset_at
from segmind_ltx._core.values import str_or_none

# contract: #/components/schemas/ErrorMessage
from segmind_ltx_api.models import ErrorMessage

_MAX_DETAIL: Final = 500
MAX_TEXT: Final = 65_536
_MESSAGE_NAMES: Final = ("message", "detail", "msg", "reason", "title")
_DEEPEST: Final = 3
_MOST_MESSAGES: Final = 5


def error_for(
    response: Response,
    call: Call,
    *,
    request_id: str | None = None,
    model: str | None = None,
    time: float | None = None,
) -> errors.SegmindLtxError:
    """Return the exception for a response that is not a success.

    ``time`` is now, in seconds since the epoch; without it a `RateLimitError` has no ``reset_at``.
    """
    body = json_or_none(response)
    detail = _detail(response, body)
    if request_id is None:
        request_id = request_id_in(response)  # Whatever the status: the id may lead to a paid job.
    if response.status < 400:
        return unexpected_response(response, call, request_id, f"status {response.status} is not expected here", model)
    if body is not None and body.get("status") == "FAILED":
        return failed(detail, call, request_id, model, response.status, body)
    kind = errors.class_for_status(response.status)
    reason = (detail or "no message").rstrip(".")
    message = f"{call} was answered {response.status}: {reason}. {kind.advice}"
    fields: errors.ErrorFields = {
        "request_id": request_id,
        "model": model,
        "status": response.status,
        "detail": detail,
        "body": body,
        "text": text_of(response),
    }
    if issubclass(kind, errors.RateLimitError):
        return kind(message, reset_at=None if time is None else reset_at(response.headers, time), **fields)
    return kind(message, **fields)


def failed(
    detail: str | None,
    call: Call,
    request_id: str | None,
    model: str | None,
    status: int | None,
    body: Mapping[str, Any] | None,
) -> errors.JobFailedError:
    """Return the exception for a FAILED job."""
    # contract: billing.failed-is-free, job.failed-has-detail
    message = f"job {request_id} failed: {detail or 'no reason given'}. Failed jobs are not charged. ({call})"
    return errors.JobFailedError(message, request_id=request_id, model=model, status=status, detail=detail, body=body)


def unexpected_response(
    response: Response, call: Call, request_id: str | None, why: str, model: str | None = None
) -> errors.UnexpectedResponseError:
    return errors.UnexpectedResponseError(
        f"unexpected response to {call} (status {response.status}): {why}. It begins: {excerpt(response)}",
        request_id=request_id,
        model=model,
        status=response.status,
        body=json_or_none(response),
        text=text_of(response),
    )


def json_or_none(response: Response) -> dict[str, Any] | None:
    try:
        body: object = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


def _detail(response: Response, body: dict[str, Any] | None) -> str | None:
    """Return the service's own message: `error` of a JSON body, plain text, or the text of an HTML page."""
    if body is not None:
        return detail_in(body)
    # contract: transport.error-forms
    text = response.body[: 16 * _MAX_DETAIL].decode("utf-8", "replace")
    if "<" in text:
        text = re.sub(r"(?is)<(script|style|title).*?</\1>|<[^>]*>", " ", text)
    return " ".join(text.split())[:_MAX_DETAIL] or None


def detail_in(body: Mapping[str, Any]) -> str | None:
    """Return the message in a body: `error` with its description, else what other services call it."""
    # contract: transport.error-message, #/components/schemas/ErrorMessage
    description = str_or_none(ErrorMessage.from_dict(dict(body)).error_description)
    reason = next((words for name in ("error", *_MESSAGE_NAMES) if (words := _words_in(body.get(name)))), None)
    return ": ".join(words for words in (reason, description) if words)[:_MAX_DETAIL] or None


def _words_in(value: object, depth: int = 0) -> str | None:
    """Return the text of a message, which some services put into an object, or several into a list."""
    if isinstance(value, str):
        return str_or_none(value)
    found: list[str | None] = []
    if depth < _DEEPEST and isinstance(value, dict):
        named = cast("dict[str, object]", value)
        found = [next((words for name in _MESSAGE_NAMES if (words := _words_in(named.get(name), depth + 1))), None)]
    elif depth < _DEEPEST and isinstance(value, list):
        found = [_words_in(one, depth + 1) for one in cast("list[object]", value)[:_MOST_MESSAGES]]
    return "; ".join(words for words in found if words) or None


def text_of(response: Response) -> str:
    """Return the body as text, up to `MAX_TEXT` characters, for the exception; the job's id may be anywhere in it."""
    return response.body[: 4 * MAX_TEXT].decode("utf-8", "replace")[:MAX_TEXT]


def excerpt(response: Response) -> str:
    if not response.body:
        return "(empty)"
    return repr(response.body[:120].decode("utf-8", "replace"))
