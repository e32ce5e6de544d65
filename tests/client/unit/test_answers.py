"""What is made of an answer, field by field and word by word; and what of one that is odd."""

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


def said(body: object, status: int = 200, **headers: str) -> Response:
    """An answer of JSON, or of the bytes that are given; headers with underscores for dashes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def done(**more: object) -> Response:
    return said({"request_id": ID, "status": "COMPLETED", "output": URL, **more})


def test_a_completed_job_gives_all_that_the_answer_says_of_it() -> None:
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
def test_a_completed_job_of_which_nothing_is_said_is_a_video_all_the_same(odd: dict[str, Any]) -> None:
    facts = video_of_job(parse_result(done(**odd), CALL, ID), ID, None)
    assert facts == VideoFacts(request_id=ID, model=None, url=URL)


def test_figures_are_read_from_a_status_as_well() -> None:
    seen = parse_status(said({"status": "PROCESSING", "metrics": FIGURES, "error": "of an earlier try"}), CALL, ID)
    assert {name: getattr(seen.metrics, name) for name in FIGURES} == FIGURES
    assert (seen.state, seen.detail) == ("PROCESSING", None)


def test_only_a_failed_job_has_a_detail() -> None:
    seen = parse_status(said({"status": "FAILED", "error": "blocked"}, 422), CALL, ID)
    assert (seen.state, seen.detail, seen.body) == ("FAILED", "blocked", {"status": "FAILED", "error": "blocked"})
    assert parse_status(said({"error": "blocked"}, 422), CALL, ID).state == "FAILED"
    assert parse_status(said({"status": "FAILED"}), CALL, ID).detail is None


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
def test_a_figure_is_a_finite_number_or_nothing(value: Any, number: float | None, whole: int | None) -> None:
    answer = done(metrics={"cost": value, "remaining_credits": value}, video={"file_size": value})
    facts = video_of_job(parse_result(answer, CALL, ID), ID, None)
    price = number if number is None or number >= 0 else None  # What is below zero is no price.
    assert (facts.cost, facts.remaining_credits, facts.file_size) == (price, number, whole)
    assert type(facts.file_size) is type(whole)


PLACES: dict[str, tuple[dict[str, Any], str | None]] = {
    "output": ({"output": URL, "video": FILE}, URL),
    "the file's": ({"video": FILE}, FILE["url"]),
    "the file's, where the output is none": ({"output": "done", "video": FILE}, FILE["url"]),
    "the first that is one": ({"output": [None, 7, "x", URL, "https://out.test/c"]}, URL),
    "none in an empty list": ({"output": []}, None),
    "with space around": ({"output": f" {URL}\n"}, URL),
    "http in capitals": ({"output": "HTTP://OUT.test/a"}, "HTTP://OUT.test/a"),
    "a host alone": ({"output": "https://o"}, "https://o"),
    "no host": ({"output": "https:///a"}, None),
    "a space within": ({"output": "https://out.test/a b"}, None),
    "a control character within": ({"output": "https://out.test/a\x7fb"}, None),
    "a control character at once": ({"output": "https://\x1fb"}, None),
    "another scheme": ({"output": "ftp://out.test/a"}, None),
    "something before it": ({"output": "see https://out.test/a"}, None),
    "a lone surrogate": ({"output": "https://out.test/\ud800"}, None),
    "an object": ({"output": {"url": URL}}, None),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_video_lies_where_an_address_is_named_and_nowhere_else(place: str) -> None:
    body, url = PLACES[place]
    if url is None:
        with pytest.raises(errors.UnexpectedResponseError, match="no output is named"):
            parse_result(said({"status": "COMPLETED", **body}), CALL, ID)
        with pytest.raises(errors.UnexpectedResponseError, match="neither a video nor its location"):
            video_of_call(said(body), PAID, "ltx-2-pro")
    else:
        assert video_of_job(parse_result(said({"status": "COMPLETED", **body}), CALL, ID), ID, None).url == url
        assert video_of_call(said(body), PAID, "ltx-2-pro").url == url


def test_a_job_that_still_runs_needs_no_output() -> None:
    assert parse_result(said({"status": "PROCESSING"}), CALL, ID).state == "PROCESSING"


HEADERS: dict[str, Any] = {
    "x_cost": "0.75",
    "x_remaining_credits": "9",
    "x_generation_time": "20.5",
    "x_seed_value": "42",
}


def test_a_blocking_call_gives_what_its_headers_say() -> None:
    answer = said(MP4, content_type="Video/MP4; x=y", x_request_id="v1-1", **HEADERS)
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


def test_headers_come_before_figures_and_figures_fill_what_headers_leave_out() -> None:
    body = {"output": URL, "metrics": FIGURES}
    both = video_of_call(said(body, content_type="application/json", **HEADERS), PAID, "ltx-2-pro")
    assert (both.cost, both.remaining_credits, both.inference_time, both.seed) == (0.75, 9.0, 20.5, 42)
    assert (both.content, both.content_type, both.file_size, both.raw) == (None, None, None, body)
    bare = video_of_call(said(body), PAID, "ltx-2-pro")
    assert (bare.cost, bare.remaining_credits, bare.inference_time, bare.seed) == (0.5, 12.25, 30.0, None)
    assert bare.request_id is None
    free = video_of_call(said(body, x_cost="0"), PAID, "ltx-2-pro")
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
def test_a_video_is_known_by_its_type_or_its_first_bytes(media_type: str, body: bytes, video: bool) -> None:
    assert looks_like_video(said(body, content_type=media_type)) is video


IDS: dict[str, tuple[bytes, str]] = {
    "named": (b'{"request_id": "a", "status_url": "https://x/v2/requests/b/status"}', "a"),
    "in the status address": (b'{"status_url": "https://x/v2/requests/b/status"}', "b"),
    "in the response address": (b'{"request_id": "", "response_url": "https://x/v2/requests/c%2Bd"}', "c+d"),
    "in the first of the two": (b'{"status_url": "/v2/requests/b", "response_url": "/v2/requests/c"}', "b"),
    "cut off": (b'{"request_id" : "d", "sta', "d"),
    "cut off after 512": (b'{"request_id":"' + b"x" * 512 + b'"', "x" * 512),
}


@pytest.mark.parametrize("where", IDS)
def test_the_id_of_an_accepted_job_is_found_wherever_it_stands(where: str) -> None:
    body, request_id = IDS[where]
    assert parse_submit(said(body), PAID, "ltx-2-pro") == request_id


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
def test_what_is_no_id_is_told_with_all_that_came(body: bytes) -> None:
    with pytest.raises(errors.UnexpectedResponseError) as caught:
        parse_submit(said(body, 202), PAID, "ltx-2-pro")
    error = caught.value
    assert str(error) == (
        "POST /v2/ltx-2-pro was accepted (status 202), so a job exists and is billed, but no request id can be read "
        f"from the response: {body[:120].decode()!r}. Look for the job in your account before you submit it again."
    )
    whole = json.loads(body) if body.endswith(b"}") else None
    assert (error.model, error.status, error.body, error.__cause__) == ("ltx-2-pro", 202, whole, None)
    assert error.text == body.decode()


SENSELESS: dict[str, tuple[Response, str]] = {
    "no JSON": (said(b"<html>"), "it is not JSON. It begins: '<html>'"),
    "too deep": (said(b"[" * 100_000), "it is not JSON. It begins: '" + "[" * 120 + "'"),
    "nothing": (said(b""), "it is not JSON. It begins: (empty)"),
    "no object": (said([1]), "it is not a JSON object. It begins: '[1]'"),
    "not UTF-8": (said(b"\xff"), "it is not JSON. It begins: '�'"),
    "cut off": (said({})._replace(truncated="reset"), "it ends early (reset). It begins: '{}'"),
    "no status": (said({"a": 1}), "it has no status. It begins: '{\"a\": 1}'"),
    "an empty status": (said({"status": ""}), 'it has no status. It begins: \'{"status": ""}\''),
    "422 and another word": (
        said({"status": "QUEUED"}, 422),
        'status 422 means FAILED, but it says QUEUED. It begins: \'{"status": "QUEUED"}\'',
    ),
    "422 without a word": (said({"error": ""}, 422), 'it has no status. It begins: \'{"error": ""}\''),
    "another job": (
        said({"status": "QUEUED", "request_id": "j"}),
        'it is about another job, \'j\'. It begins: \'{"status": "QUEUED", "request_id": "j"}\'',
    ),
    "no output": (
        said({"status": "COMPLETED"}),
        'the job is COMPLETED, but no output is named. It begins: \'{"status": "COMPLETED"}\'',
    ),
    "a redirect": (said(b"", 302), "status 302 is not expected here. It begins: (empty)"),
}


@pytest.mark.parametrize("answer", SENSELESS)
def test_an_answer_that_makes_no_sense_is_told_word_by_word(answer: str) -> None:
    given, words = SENSELESS[answer]
    with pytest.raises(errors.UnexpectedResponseError) as caught:
        parse_result(given, CALL, ID)
    error = caught.value
    start = f"unexpected response to GET /v2/requests/job-1 (status {given.status}): "
    assert error.message == start + words
    assert (error.request_id, error.status) == (ID, given.status)
    assert error.__cause__ is None
    assert error.body == (json.loads(given.body) if given.body[:1] == b"{" else None)


BILLED: dict[str, tuple[Response, str]] = {
    "empty": (said(b"", content_type="video/mp4"), "the video ends early (it is empty); it is billed"),
    "a part": (said(MP4, 206, content_type="video/mp4"), "the video ends early (only a part); it is billed"),
    "cut off": (
        said(MP4, content_type="video/mp4")._replace(truncated="reset"),
        "the video ends early (reset); it is billed",
    ),
    "cut off JSON": (said({})._replace(truncated="reset"), "it ends early (reset); it is billed"),
    "no JSON": (said(b"x"), "it is not JSON; it is billed"),
    "no object": (said([]), "it is not a JSON object; it is billed"),
    "no location": (said({}), "it has neither a video nor its location; it is billed"),
}


@pytest.mark.parametrize("answer", BILLED)
def test_a_blocking_call_that_gave_no_video_is_told_to_be_billed(answer: str) -> None:
    given, words = BILLED[answer]
    with pytest.raises(errors.UnexpectedResponseError) as caught:
        video_of_call(given._replace(headers={**given.headers, "x-request-id": "v1-1"}), PAID, "ltx-2-pro")
    error = caught.value
    start = f"unexpected response to POST /v2/ltx-2-pro (status {given.status}): {words}. It begins: "
    assert error.message.startswith(start)
    assert (error.request_id, error.model, error.status) == ("v1-1", "ltx-2-pro", given.status)


DETAILS: dict[str, tuple[Response, str | None]] = {
    "error": (said({"error": "no", "message": "other"}, 400), "no"),
    "message": (said({"error": "", "message": "no"}, 400), "no"),
    "both": (said({"error": "no", "error_description": "really"}, 400), "no: really"),
    "description alone": (said({"error_description": "really"}, 400), "really"),
    "neither": (said({"error": {"code": 1}}, 400), None),
    "long": (said({"error": "é" * 501}, 400), "é" * 500),
    "a lone surrogate": (said({"error": "a\ud800b"}, 400), "a?b"),
    "text": (said(b" no \n such\tluck ", 400), "no such luck"),
    "long text": (said(b"x" * 501, 400), "x" * 500),
    "text after a page of markup": (said(b"<p>" * 2600 + b"x" * 300, 400), "x" * 200),
    "not UTF-8": (said(b"a\xffb", 400), "a�b"),
    "markup": (said(b"<TITLE>t</TITLE><style>s\ns</style><b>no</b><script a>x</script><i>luck", 400), "no luck"),
    "a greater sign alone": (said(b"a > b", 400), "a > b"),
    "an array": (said([1, 2], 400), "[1, 2]"),
    "nothing": (said(b"", 400), None),
}


@pytest.mark.parametrize("answer", DETAILS)
def test_the_services_own_words_are_taken_from_whatever_it_sends(answer: str) -> None:
    given, detail = DETAILS[answer]
    error = error_for(given, CALL, request_id=ID, model="ltx-2-pro")
    assert error.detail == detail
    assert error.message == (
        f"GET /v2/requests/job-1 was answered 400: {detail or 'no message'}. Nothing was billed; correct the request."
    )
    assert (type(error), error.request_id, error.model) == (errors.BadRequestError, ID, "ltx-2-pro")
    assert error.body == (json.loads(given.body) if given.body[:1] == b"{" else None)


def test_a_full_stop_is_not_doubled() -> None:
    assert "answered 400: no. Nothing" in error_for(said({"error": "no."}, 400), CALL).message
    assert "answered 400: use at most X. Nothing" in error_for(said({"error": "use at most X."}, 400), CALL).message


@pytest.mark.parametrize(("status", "told"), [(399, False), (400, True), (500, True)])
def test_an_id_in_an_error_is_kept_whatever_the_status(status: int, told: bool) -> None:
    body = {"request_id": ID, "error": "no"}
    error = error_for(said(body, status), PAID, model="ltx-2-pro")
    assert (error.request_id, error.model, error.status, error.body) == (ID, "ltx-2-pro", status, body)
    assert isinstance(error, errors.APIStatusError) is told
    assert error_for(said(body, status), PAID, request_id="mine").request_id == "mine"
    assert error_for(said({"request_id": 7}, status), PAID).request_id == "7"


def test_a_failure_is_told_with_its_reason_and_that_it_is_free() -> None:
    body = {"status": "FAILED", "error": "blocked", "request_id": ID}
    error = error_for(said(body, 422), PAID, model="ltx-2-pro")
    assert type(error) is errors.JobFailedError
    assert str(error) == "job job-1 failed: blocked. Failed jobs are not charged. (POST /v2/ltx-2-pro)"
    assert (error.request_id, error.model, error.status, error.detail) == (ID, "ltx-2-pro", 422, "blocked")
    assert error.body == body
    bare = failed(None, CALL, ID, None, None, None)
    assert str(bare) == "job job-1 failed: no reason given. Failed jobs are not charged. (GET /v2/requests/job-1)"


def test_json_is_an_object_or_an_error_that_says_whose() -> None:
    assert json_object(said({"a": 1}), CALL) == {"a": 1}
    with pytest.raises(errors.UnexpectedResponseError, match="it is not JSON; so there") as caught:
        json_object(said(b"x"), CALL, ID, "ltx-2-pro", "; so there")
    assert (caught.value.request_id, caught.value.model) == (ID, "ltx-2-pro")
