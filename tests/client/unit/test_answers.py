"""Parse responses field by field, and compare the messages for unexpected ones.

More than 250 lines, since the tables of responses are in it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from segmind_ltx import errors
from segmind_ltx._core.answers import json_object, parse_result, parse_status, parse_submit, video_of_call, video_of_job
from segmind_ltx._core.api_errors import error_for, failed
from segmind_ltx._core.effects import Call, Response, looks_like_video
from segmind_ltx._core.results import VideoFacts

ID, URL = "job-1", "https://out.test/a.mp4"
CALL = Call("GET", "/v2/requests/job-1", 30.0)
PAID = Call("POST", "/v2/ltx-2-pro", 60.0)
MP4, MKV = b"\x00\x00\x00\x18ftypmp42", b"\x1aE\xdf\xa3\x01\x02\x03"
FIGURES = {"cost": 0.5, "remaining_credits": 12.25, "queue_time": 1.5, "inference_time": 30, "total_time": 31.5}
FILE: dict[str, Any] = {
    "url": "https://out.test/b.mp4",
    "content_type": "video/mp4",
    "file_name": "b.mp4",
    "file_size": 4096,
}


def reply(body: object, status: int = 200, **headers: str) -> Response:
    """Return a response with this JSON or these bytes; underscores in header names stand for dashes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def done(**more: object) -> Response:
    return reply({"request_id": ID, "status": "COMPLETED", "output": URL, **more})


def test_video_of_complete_result() -> None:
    """A completed job's video has every figure that the response states."""
    answer = done(video=FILE, metrics=FIGURES, new=1)
    facts = video_of_job(parse_result(answer, CALL, ID), ID, "ltx-2-pro")
    assert facts == VideoFacts(
        request_id=ID,
        model="ltx-2-pro",
        url=URL,
        content_type="video/mp4",
        file_name="b.mp4",
        file_size=4096,
        cost=0.5,
        remaining_credits=12.25,
        queue_time=1.5,
        inference_time=30.0,
        total_time=31.5,
    )
    assert facts.raw == json.loads(answer.body)


@pytest.mark.parametrize("odd", [{}, {"video": None, "metrics": None}, {"video": "x", "metrics": [1]}], ids=str)
def test_video_of_sparse_result(odd: dict[str, Any]) -> None:
    """A completed job is a video even if the response gives nothing but its location."""
    facts = video_of_job(parse_result(done(**odd), CALL, ID), ID, None)
    assert facts == VideoFacts(request_id=ID, model=None, url=URL)


def test_metrics_in_status() -> None:
    """Metrics are read from a status response too, and its error only if the job failed."""
    seen = parse_status(reply({"status": "PROCESSING", "metrics": FIGURES, "error": "of an earlier try"}), CALL, ID)
    assert {name: getattr(seen.metrics, name) for name in FIGURES} == FIGURES
    assert (seen.state, seen.detail) == ("PROCESSING", None)


def test_detail_of_failed_job() -> None:
    """A detail is set if and only if the job failed."""
    seen = parse_status(reply({"status": "FAILED", "error": "blocked"}, 422), CALL, ID)
    assert (seen.state, seen.detail, seen.body) == ("FAILED", "blocked", {"status": "FAILED", "error": "blocked"})
    assert parse_status(reply({"error": "blocked"}, 422), CALL, ID).state == "FAILED"
    assert parse_status(reply({"status": "FAILED"}), CALL, ID).detail is None


NUMBERS: list[tuple[object, float | None, int | None]] = [
    (2, 2.0, 2),
    (2.0, 2.0, 2),
    (2.5, 2.5, None),
    ("2", 2.0, 2),
    ("+2", 2.0, 2),
    ("-2", -2.0, -2),
    ("2.0", 2.0, 2),
    ("2.5", 2.5, None),
    (" 2 ", 2.0, 2),
    (2**60 + 1, float(2**60), 2**60 + 1),
    (str(2**60 + 1), float(2**60), 2**60 + 1),
    (f"+{2**60 + 1}", float(2**60), 2**60 + 1),
    (-(2**60) - 1, float(-(2**60)), -(2**60) - 1),
    (0, 0.0, 0),
    (True, None, None),
    (None, None, None),
    ("", None, None),
    ("two", None, None),
    ("nan", None, None),
    ("inf", None, None),
    (float("inf"), None, None),
    (10**400, None, None),
    ([2], None, None),
    ({"a": 2}, None, None),
]


@pytest.mark.parametrize(("value", "number", "whole"), NUMBERS, ids=lambda value: ascii(value)[:20])
def test_figure_forms(value: Any, number: float | None, whole: int | None) -> None:
    """A figure is a finite number, or None if the response holds anything else."""
    answer = done(metrics={"cost": value, "remaining_credits": value}, video={"file_size": value})
    facts = video_of_job(parse_result(answer, CALL, ID), ID, None)
    price = number if number is None or number >= 0 else None  # A negative number is no price.
    assert (facts.cost, facts.remaining_credits, facts.file_size) == (price, number, whole)
    assert type(facts.file_size) is type(whole)


def test_result_of_running_job() -> None:
    """The result of a running job needs no output."""
    assert parse_result(reply({"status": "PROCESSING"}), CALL, ID).state == "PROCESSING"


HEADERS: dict[str, Any] = {
    "x_cost": "0.75",
    "x_remaining_credits": "9",
    "x_generation_time": "20.5",
    "x_seed_value": "42",
}


def test_blocking_video_headers() -> None:
    """A blocking call's figures come from its response headers."""
    answer = reply(MP4, content_type="Video/MP4; x=y", x_request_id="v1-1", **HEADERS)
    facts = video_of_call(answer, PAID, "ltx-2-pro")
    assert facts == VideoFacts(
        request_id="v1-1",
        model="ltx-2-pro",
        url=None,
        content=MP4,
        content_type="video/mp4",
        file_size=len(MP4),
        cost=0.75,
        remaining_credits=9.0,
        inference_time=20.5,
        seed=42,
    )
    assert facts.raw == {}


def test_blocking_video_headers_and_metrics() -> None:
    """Headers win over metrics, and metrics fill in if a header is missing."""
    body = {"output": URL, "metrics": FIGURES}
    both = video_of_call(reply(body, content_type="application/json", **HEADERS), PAID, "ltx-2-pro")
    assert (both.cost, both.remaining_credits, both.inference_time, both.seed) == (0.75, 9.0, 20.5, 42)
    assert (both.content, both.content_type, both.file_size, both.raw) == (None, None, None, body)
    bare = video_of_call(reply(body), PAID, "ltx-2-pro")
    assert (bare.cost, bare.remaining_credits, bare.inference_time, bare.seed) == (0.5, 12.25, 30.0, None)
    assert bare.request_id is None
    free = video_of_call(reply(body, x_cost="0"), PAID, "ltx-2-pro")
    assert free.cost == 0.0


@pytest.mark.parametrize(
    ("media_type", "body", "video"),
    [
        ("video/mp4", b"anything", True),
        ("video/mp4", b'\xef\xbb\xbf {"error": 1}', False),
        ("video/mp4", b"", True),
        ("videotape/mp4", MP4, False),
        ("image/png", MP4, False),
        ("text/plain", MP4, False),
        ("", MP4, True),
        ("", MKV, True),
        ("application/octet-stream", MP4, True),
        ("binary/octet-stream", MKV, True),
        ("", b"ftypmp42", False),
        ("", b"\x00" + MKV, False),
        ("", b"\x1aE\xdf", False),
        ("", b"", False),
    ],
)
def test_looks_like_video(media_type: str, body: bytes, video: bool) -> None:
    """A response is a video if its media type or its first bytes say so."""
    assert looks_like_video(reply(body, content_type=media_type)) is video


IDS: dict[str, tuple[bytes, str]] = {
    "named": (b'{"request_id": "a", "status_url": "https://x/v2/requests/b/status"}', "a"),
    "in the status address": (b'{"status_url": "https://x/v2/requests/b/status"}', "b"),
    "in the response address": (b'{"request_id": "", "response_url": "https://x/v2/requests/c%2Bd"}', "c+d"),
    "in the first of the two": (b'{"status_url": "/v2/requests/b", "response_url": "/v2/requests/c"}', "b"),
    "cut off": (b'{"request_id" : "d", "sta', "d"),
    "cut off after 512": (b'{"request_id":"' + b"x" * 512 + b'"', "x" * 512),
}


@pytest.mark.parametrize("where", IDS)
def test_request_id_places(where: str) -> None:
    """A request id is read from its field, from a URL, or even from truncated JSON."""
    body, request_id = IDS[where]
    assert parse_submit(reply(body), PAID, "ltx-2-pro") == request_id


@pytest.mark.parametrize(
    "body",
    [
        b'{"status_url": "https://x/v2/requests/"}',
        b'{"status_url": "https://x/v2/requests/a/b"}',
        b'{"status_url": "https://x/v2/requests/%2e%2e"}',
        b'{"request_id":"' + b"x" * 513 + b'"',
        b'"request_id": ""',
    ],
)
def test_request_id_unreadable(body: bytes) -> None:
    """If no request id can be read, the error quotes the response and says that a job is billed."""
    with pytest.raises(errors.UnexpectedResponseError) as caught:
        parse_submit(reply(body, 202), PAID, "ltx-2-pro")
    error = caught.value
    assert str(error) == (
        "POST /v2/ltx-2-pro was accepted (status 202), so a job exists and is billed, but no request id can be read "
        f"from the response: {body[:120].decode()!r}. Look for the job in your account before you submit it again."
    )
    whole = json.loads(body) if body.endswith(b"}") else None
    assert (error.model, error.status, error.body, error.__cause__) == ("ltx-2-pro", 202, whole, None)
    assert error.text == body.decode()


UNEXPECTED: dict[str, tuple[Response, str]] = {
    "no JSON": (reply(b"<html>"), "it is not JSON. It begins: '<html>'"),
    "too deep": (reply(b"[" * 100_000), "it is not JSON. It begins: '" + "[" * 120 + "'"),
    "nothing": (reply(b""), "it is not JSON. It begins: (empty)"),
    "no object": (reply([1]), "it is not a JSON object. It begins: '[1]'"),
    "not UTF-8": (reply(b"\xff"), "it is not JSON. It begins: '�'"),
    "cut off": (reply({})._replace(truncated="reset"), "it ends early (reset). It begins: '{}'"),
    "no status": (reply({"a": 1}), "it has no status. It begins: '{\"a\": 1}'"),
    "an empty status": (reply({"status": ""}), 'it has no status. It begins: \'{"status": ""}\''),
    "422 and another word": (
        reply({"status": "QUEUED"}, 422),
        'status 422 means FAILED, but it says QUEUED. It begins: \'{"status": "QUEUED"}\'',
    ),
    "422 without a word": (reply({"error": ""}, 422), 'it has no status. It begins: \'{"error": ""}\''),
    "another job": (
        reply({"status": "QUEUED", "request_id": "j"}),
        'it is about another job, \'j\'. It begins: \'{"status": "QUEUED", "request_id": "j"}\'',
    ),
    "no output": (
        reply({"status": "COMPLETED"}),
        'the job is COMPLETED, but no output is named. It begins: \'{"status": "COMPLETED"}\'',
    ),
    "a redirect": (reply(b"", 302), "status 302 is not expected here. It begins: (empty)"),
}


@pytest.mark.parametrize("answer", UNEXPECTED)
def test_unexpected_result_messages(answer: str) -> None:
    """The message for an unexpected result names the call, the reason and the start of the body."""
    given, words = UNEXPECTED[answer]
    with pytest.raises(errors.UnexpectedResponseError) as caught:
        parse_result(given, CALL, ID)
    error = caught.value
    start = f"unexpected response to GET /v2/requests/job-1 (status {given.status}): "
    assert error.message == start + words
    assert (error.request_id, error.status) == (ID, given.status)
    assert error.__cause__ is None
    assert error.body == (json.loads(given.body) if given.body[:1] == b"{" else None)


BILLED: dict[str, tuple[Response, str]] = {
    "empty": (reply(b"", content_type="video/mp4"), "the video ends early (it is empty); it is billed"),
    "a part": (reply(MP4, 206, content_type="video/mp4"), "the video ends early (only a part); it is billed"),
    "cut off": (
        reply(MP4, content_type="video/mp4")._replace(truncated="reset"),
        "the video ends early (reset); it is billed",
    ),
    "cut off JSON": (reply({})._replace(truncated="reset"), "it ends early (reset); it is billed"),
    "no JSON": (reply(b"x"), "it is not JSON; it is billed"),
    "no object": (reply([]), "it is not a JSON object; it is billed"),
    "no location": (reply({}), "it has neither a video nor its location; it is billed"),
}


@pytest.mark.parametrize("answer", BILLED)
def test_blocking_call_without_video(answer: str) -> None:
    """A blocking call that succeeds without a video raises an error that says it is billed."""
    given, words = BILLED[answer]
    with pytest.raises(errors.UnexpectedResponseError) as caught:
        video_of_call(given._replace(headers={**given.headers, "x-request-id": "v1-1"}), PAID, "ltx-2-pro")
    error = caught.value
    start = f"unexpected response to POST /v2/ltx-2-pro (status {given.status}): {words}. It begins: "
    assert error.message.startswith(start)
    assert (error.request_id, error.model, error.status) == ("v1-1", "ltx-2-pro", given.status)


DETAILS: dict[str, tuple[Response, str | None]] = {
    "error": (reply({"error": "no", "message": "other"}, 400), "no"),
    "message": (reply({"error": "", "message": "no"}, 400), "no"),
    "both": (reply({"error": "no", "error_description": "really"}, 400), "no: really"),
    "description alone": (reply({"error_description": "really"}, 400), "really"),
    "neither": (reply({"error": {"code": 1}}, 400), None),
    "long": (reply({"error": "é" * 501}, 400), "é" * 500),
    "a lone surrogate": (reply({"error": "a\ud800b"}, 400), "a?b"),
    "text": (reply(b" no \n such\tluck ", 400), "no such luck"),
    "long text": (reply(b"x" * 501, 400), "x" * 500),
    "text after a page of markup": (reply(b"<p>" * 2600 + b"x" * 300, 400), "x" * 200),
    "not UTF-8": (reply(b"a\xffb", 400), "a�b"),
    "markup": (reply(b"<TITLE>t</TITLE><style>s\ns</style><b>no</b><script a>x</script><i>luck", 400), "no luck"),
    "a greater sign alone": (reply(b"a > b", 400), "a > b"),
    "an array": (reply([1, 2], 400), "[1, 2]"),
    "nothing": (reply(b"", 400), None),
}


@pytest.mark.parametrize("answer", DETAILS)
def test_error_detail_forms(answer: str) -> None:
    """The service's own message is taken from JSON, plain text or HTML alike."""
    given, detail = DETAILS[answer]
    error = error_for(given, CALL, request_id=ID, model="ltx-2-pro")
    assert error.detail == detail
    assert error.message == (
        f"GET /v2/requests/job-1 was answered 400: {detail or 'no message'}. Nothing was billed; correct the request."
    )
    assert (type(error), error.request_id, error.model) == (errors.BadRequestError, ID, "ltx-2-pro")
    assert error.body == (json.loads(given.body) if given.body[:1] == b"{" else None)


def test_error_message_full_stop() -> None:
    """A full stop is added only if the service's message has none."""
    assert "answered 400: no. Nothing" in error_for(reply({"error": "no."}, 400), CALL).message
    assert "answered 400: use at most X. Nothing" in error_for(reply({"error": "use at most X."}, 400), CALL).message


@pytest.mark.parametrize(("status", "told"), [(399, False), (400, True), (500, True)])
def test_error_keeps_request_id(status: int, told: bool) -> None:
    """An error keeps the request id in its body, whatever its status."""
    body = {"request_id": ID, "error": "no"}
    error = error_for(reply(body, status), PAID, model="ltx-2-pro")
    assert (error.request_id, error.model, error.status, error.body) == (ID, "ltx-2-pro", status, body)
    assert isinstance(error, errors.APIStatusError) is told
    assert error_for(reply(body, status), PAID, request_id="mine").request_id == "mine"
    assert error_for(reply({"request_id": 7}, status), PAID).request_id == "7"


def test_failed_job_message() -> None:
    """A failed job's error gives the reason and says that it is not charged."""
    body = {"status": "FAILED", "error": "blocked", "request_id": ID}
    error = error_for(reply(body, 422), PAID, model="ltx-2-pro")
    assert type(error) is errors.JobFailedError
    assert str(error) == "job job-1 failed: blocked. Failed jobs are not charged. (POST /v2/ltx-2-pro)"
    assert (error.request_id, error.model, error.status, error.detail) == (ID, "ltx-2-pro", 422, "blocked")
    assert error.body == body
    bare = failed(None, CALL, ID, None, None, None)
    assert str(bare) == "job job-1 failed: no reason given. Failed jobs are not charged. (GET /v2/requests/job-1)"


def test_json_object_or_error() -> None:
    """A body is a JSON object, or the error carries the request id and the model."""
    assert json_object(reply({"a": 1}), CALL) == {"a": 1}
    with pytest.raises(errors.UnexpectedResponseError, match="it is not JSON; so there") as caught:
        json_object(reply(b"x"), CALL, ID, "ltx-2-pro", "; so there")
    assert (caught.value.request_id, caught.value.model) == (ID, "ltx-2-pro")
