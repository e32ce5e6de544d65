"""Make blocking calls: the response is a video, or JSON with its URL, and nothing else."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

from typing import Any

import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx._http import reader
from support.callers import Caller

URL = "https://out.test/a.mp4"
KEY = "SG_0123456789abcdef"
"""The key of the tests' clients, see tests/support/callers.py."""
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 64
HEADERS = {
    "x-request-id": "v1-7",
    "x-cost": "0.416",
    "x-remaining-credits": "12.5",
    "x-generation-time": "46.5",
    "x-seed-value": "42",
}


def _generate(c: Any) -> Any:
    return c.generate_blocking("ltx-2-19b-t2v", prompt="x")


@pytest.mark.parametrize("media_type", ["video/mp4", "Video/MP4; codecs=avc1", "application/octet-stream", ""])
def test_video_bytes_and_headers(caller: Caller, wire: respx.MockRouter, media_type: str) -> None:
    """A response of video bytes gives a video with the figures of its headers."""
    wire.post("/v1/ltx-2-19b-t2v").respond(200, content=MP4, headers={**HEADERS, "content-type": media_type})
    video = caller(_generate)
    assert (video.content, video.url, video.file_size) == (MP4, None, len(MP4))
    assert (video.request_id, video.model, video.seed) == ("v1-7", "ltx-2-19b-t2v", 42)
    assert (video.cost, video.remaining_credits, video.inference_time) == (0.416, 12.5, 46.5)
    assert "ftyp" not in repr(video)


def test_video_bytes_not_redacted(caller: Caller, wire: respx.MockRouter) -> None:
    """Video bytes are never redacted."""
    content = MP4 + KEY.encode()
    wire.post("/v1/ltx-2-19b-t2v").respond(200, content=content, headers={"content-type": "video/mp4"})
    video = caller(_generate)
    assert video.content == content


@pytest.mark.parametrize(
    "step", [lambda c: c.submit("ltx-video", prompt="x"), lambda c: c.job("job-1").result(), lambda c: _generate(c)]
)
def test_false_video_hides_key(caller: Caller, wire: respx.MockRouter, step: Any) -> None:
    """A body that only claims to be a video does not show the key."""
    broken = {"content-type": "video/mp4", "content-length": "99"}
    for route in (wire.post(path__regex="/v2/.*"), wire.get(path__regex=".*")):
        route.respond(200, content=f'"{KEY}"'.encode(), headers={"content-type": "video/mp4"})
    wire.post(path__regex="/v1/.*").respond(200, content=f'"{KEY}"'.encode(), headers=broken)
    with pytest.raises(ltx.SegmindLtxError) as caught:
        caller(step)
    assert KEY not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


BODIES: dict[str, dict[str, Any]] = {
    "output": {"output": URL},
    "list of outputs": {"output": [None, URL]},
    "video.url": {"video": {"url": URL, "file_size": 9}},
    "both": {"output": URL, "video": {"url": "https://out.test/b.mp4"}},
    "output that is null": {"output": None, "video": {"url": URL}},
    "output that says something else": {"output": "done", "video": {"url": URL}},
}


@pytest.mark.parametrize("body", BODIES)
def test_json_with_video_url(caller: Caller, wire: respx.MockRouter, body: str) -> None:
    """A JSON response gives the URL of the video."""
    wire.post("/v1/ltx-2-19b-t2v").respond(200, json={**BODIES[body], "metrics": {"cost": 0.2}})
    video = caller(_generate)
    assert (video.url, video.content, video.cost) == (URL, None, 0.2)
    assert video.raw["metrics"] == {"cost": 0.2}


WRONG: dict[str, dict[str, Any]] = {
    "an empty video": {"content": b"", "headers": {"content-type": "video/mp4"}},
    "a part of a video": {"content": MP4, "headers": {"content-type": "video/mp4"}, "status_code": 206},
    "json under a video's type": {"content": b'{"error": "no"}', "headers": {"content-type": "video/mp4"}},
    "html under a video's type": {"content": b"\n<html>", "headers": {"content-type": "video/mp4"}},
    "a video shorter than announced": {
        "content": MP4,
        "headers": {"content-type": "video/mp4", "content-length": "999999"},
    },
    "bytes of something else": {"content": b"\x89PNG\r\n\x1a\n", "headers": {"content-type": "image/png"}},
    "json without a location": {"json": {"status": "COMPLETED", "output": {}}},
    "an output that is no address": {"json": {"output": "CUDA out of memory"}},
    "an output of another scheme": {"json": {"output": "file:///etc/passwd"}},
    "an output without a host": {"json": {"output": "https:///a.mp4"}},
    "an output that no text can carry": {"content": b'{"output": "https://out.test/\\ud800"}'},
    "nothing": {"content": b"", "status_code": 204},
}


@pytest.mark.parametrize("answer", WRONG)
def test_response_without_video(caller: Caller, wire: respx.MockRouter, answer: str) -> None:
    """A response without a video raises an error with its id and says that it is billed."""
    more: dict[str, str] = WRONG[answer].get("headers", {})
    given: dict[str, Any] = {"status_code": 200, **WRONG[answer], "headers": {**HEADERS, **more}}
    route = wire.post("/v1/ltx-2-19b-t2v").respond(**given)
    error = caller.raising(ltx.UnexpectedResponseError, _generate)
    assert (error.request_id, error.model, route.call_count) == ("v1-7", "ltx-2-19b-t2v", 1)
    assert "it is billed" in str(error)


@pytest.mark.parametrize("media_type", ["", "binary/octet-stream", "video/mp4"])
def test_large_video_of_any_type(
    caller: Caller, wire: respx.MockRouter, monkeypatch: pytest.MonkeyPatch, media_type: str
) -> None:
    """A video may be larger than the limit for JSON, whatever its media type."""
    monkeypatch.setattr(reader, "MAX_JSON_BYTES", len(MP4) - 1)
    wire.post("/v1/ltx-2-19b-t2v").respond(200, content=MP4, headers={"content-type": media_type})
    assert caller(_generate).content == MP4


def test_blocking_call_prefers_video(caller: Caller, wire: respx.MockRouter) -> None:
    """A blocking call asks for a video first and for JSON second, and refuses nothing."""
    route = wire.post("/v1/ltx-2-19b-t2v").respond(200, content=MP4, headers={"content-type": "video/mp4"})
    caller(_generate)
    accept = "video/*, application/json;q=0.9, */*;q=0.1"
    assert [value for name, value in route.calls.last.request.headers.multi_items() if name == "accept"] == [accept]


def test_accept_of_the_caller_wins(caller: Caller, wire: respx.MockRouter) -> None:
    """An Accept header of the caller's own replaces the one of a blocking call, in any case."""
    route = wire.post("/v1/ltx-2-19b-t2v").respond(200, content=MP4, headers={"content-type": "video/mp4"})
    caller(_generate, headers={"Accept": "application/json"})
    headers = route.calls.last.request.headers.multi_items()
    assert [value for name, value in headers if name == "accept"] == ["application/json"]


def test_endless_json(caller: Caller, wire: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON beyond the size limit is given up."""
    monkeypatch.setattr(reader, "MAX_JSON_BYTES", 100)
    wire.get("/v2/requests/a/status").respond(200, json={"status": "COMPLETED", "pad": "x" * 200})
    error = caller.raising(ltx.UnexpectedResponseError, lambda c: c.job("a").status())
    assert "more than 100 bytes" in str(error)


@pytest.mark.parametrize("cost", ["free", "-0.01", "-inf", "nan"])
def test_invalid_figures_in_headers(caller: Caller, wire: respx.MockRouter, cost: str) -> None:
    """Headers that hold no number are ignored."""
    headers = {"x-cost": cost, "x-seed-value": "4.5", "x-remaining-credits": "nan", "x-generation-time": ""}
    wire.post("/v1/ltx-2-19b-t2v").respond(200, content=MP4, headers={**headers, "content-type": "video/mp4"})
    video = caller(_generate)
    assert (video.cost, video.seed, video.remaining_credits, video.inference_time) == (None, None, None, None)


def test_save_without_download(caller: Caller, wire: respx.MockRouter, tmp_path: Any) -> None:
    """Saving a v1 video sends no further request."""
    wire.post("/v1/ltx-2-19b-t2v").respond(200, content=MP4, headers={"content-type": "video/mp4"})
    seen: list[tuple[int, int | None]] = []
    path = caller(
        _generate, lambda v: v.save(tmp_path / "a.mp4", progress=lambda done, all_: seen.append((done, all_)))
    )
    assert path.read_bytes() == MP4
    assert seen == [(len(MP4), len(MP4))]
    assert len(wire.calls) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
