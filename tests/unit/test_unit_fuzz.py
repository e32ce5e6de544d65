"""Whatever comes as an answer: only our exceptions leave, and nothing passes for a success that is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmind_ltx import Client, SegmindLtxError

if TYPE_CHECKING:
    from conftest import FakeClock

ID = "job-1"
URL = "https://out.test/a.mp4"
fixed = settings(
    derandomize=True,
    deadline=None,
    max_examples=500,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from([ID, URL, "COMPLETED"])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
METRICS = st.dictionaries(st.sampled_from(["cost", "queue_time", "retry_count", "total_time"]), JSON)
FILE = st.dictionaries(st.sampled_from(["url", "file_size", "content_type", "file_name"]), JSON)
NAMED = st.fixed_dictionaries(
    {},
    optional={
        "request_id": JSON | st.just(ID),
        "status": JSON | st.sampled_from(["QUEUED", "PROCESSING", "COMPLETED", "FAILED"]),
        "output": JSON | st.just(URL),
        "video": JSON | FILE,
        "metrics": JSON | METRICS,
        "error": JSON,
        "error_description": JSON,
        "message": JSON,
    },
)
BODIES = st.one_of(
    st.binary(max_size=60),
    (NAMED | JSON).map(lambda value: json.dumps(value).encode()),
    st.just(b"\x00\x00\x00\x18ftypmp42"),
)
STATUSES = st.sampled_from([200] * 6 + [201, 204, 206, 302, 400, 401, 404, 406, 422, 422, 429, 500, 502, 520, 599])
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)
RESET = "x-rate-limit-reset-at-utc"
HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-type", "content-length", "x-request-id", "x-cost", "x-seed-value", "retry-after", "location", RESET]
    ),
    HEADER_TEXT | st.sampled_from(["video/mp4", "application/json", "text/html", "9", "nan", "1e999", "9" * 5000, "²"]),
    max_size=4,
)
ANSWERS = st.tuples(STATUSES, HEADERS, BODIES)


def _client(clock: FakeClock, answers: list[tuple[int, dict[str, str], bytes]]) -> tuple[Client, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        status, headers, body = answers[min(len(seen), len(answers) - 1)]
        seen.append(request)
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        return httpx.Response(status, headers=raw, stream=httpx.ByteStream(body))

    http = httpx.Client(transport=httpx.MockTransport(answer))
    return Client("SG_0123456789abcdef", "https://api.example.test", http=http, clock=clock), seen


def _loaded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _plain(error: SegmindLtxError, request_id: str | None = None) -> None:
    """Its words can be printed, and it has the id where that was known."""
    str(error).encode()
    assert request_id is None or error.request_id == request_id


@fixed
@given(st.lists(ANSWERS, min_size=1, max_size=3))
def test_a_submit_gives_an_id_that_was_in_a_2xx_or_our_exception(clock: FakeClock, answers: list[Any]) -> None:
    client, seen = _client(clock, answers)
    try:
        job = client.submit("ltx-video", prompt="x")
    except SegmindLtxError as error:
        _plain(error)
    else:
        status, _, body = answers[min(len(seen), len(answers)) - 1]
        assert 200 <= status < 300
        assert json.dumps(job.id).encode() in body or _loaded(body)["request_id"] == job.id
    accepted = [i for i in range(len(seen)) if answers[min(i, len(answers) - 1)][0] not in range(429, 600)]
    assert accepted in ([], [len(seen) - 1])  # Nothing is sent after an answer that was not 429 or 5xx.


@fixed
@given(st.lists(ANSWERS, min_size=1, max_size=3))
def test_a_wait_gives_a_video_only_of_a_completed_job_with_an_address(clock: FakeClock, answers: list[Any]) -> None:
    client, seen = _client(clock, answers)
    try:
        video = client.job(ID).wait(timeout=30)
    except SegmindLtxError as error:
        _plain(error, ID)
    else:
        assert video.url is not None
        assert video.url.lower().startswith(("https://", "http://"))
        body = _loaded(answers[min(len(seen), len(answers)) - 1][2])
        assert body["status"] == "COMPLETED"
        assert body.get("request_id") in {None, ID} or not isinstance(body["request_id"], str)
        assert isinstance(video.cost, float | None)


@fixed
@given(ANSWERS)
def test_a_v1_call_gives_a_video_only_of_a_2xx_with_bytes_or_an_address(clock: FakeClock, answer: Any) -> None:
    client, seen = _client(clock, [answer])
    status, headers, body = answer
    try:
        video = client.generate_sync("ltx-video", prompt="x")
    except SegmindLtxError as error:
        _plain(error)
    else:
        assert 200 <= status < 300
        assert (video.content is None) != (video.url is None)
        if video.content is not None:
            assert video.content == body
            assert body
            assert headers.get("content-type", "").startswith("video/") or b"ftyp" in body or body[:1] == b"\x1a"
        else:
            assert video.url in body.decode("utf-8", "replace")
    assert len(seen) == 1 or status == 429 or status >= 500


@fixed
@given(ANSWERS)
def test_a_status_is_a_word_of_the_answer_or_our_exception(clock: FakeClock, answer: Any) -> None:
    client, _ = _client(clock, [answer])
    try:
        seen = client.job(ID).status()
    except SegmindLtxError as error:
        _plain(error, ID)
    else:
        word = _loaded(answer[2]).get("status")
        assert seen.state == (word if word is not None else "FAILED")


@fixed
@given(st.lists(ANSWERS, min_size=1, max_size=3), st.text(max_size=20))
def test_a_download_gives_the_bytes_of_a_200_or_our_exception(
    clock: FakeClock, tmp_path_factory: pytest.TempPathFactory, answers: list[Any], tail: str
) -> None:
    folder = tmp_path_factory.mktemp("saved")
    none: dict[str, str] = {}
    first = (200, none, json.dumps({"status": "COMPLETED", "output": "https://out.test/" + tail}).encode())
    client, seen = _client(clock, [first, *answers])
    try:
        client.job(ID).result().save(folder / "a.mp4")
    except SegmindLtxError as error:
        _plain(error)
        assert list(folder.iterdir()) == []
    else:
        status, _, body = answers[min(len(seen) - 1, len(answers)) - 1]
        assert status == 200
        assert (folder / "a.mp4").read_bytes() == body != b""
        assert body.lstrip()[:1] not in {b"{", b"<", b"["}
    assert [request for request in seen[1:] if "x-api-key" in request.headers and request.url.host == "out.test"] == []
