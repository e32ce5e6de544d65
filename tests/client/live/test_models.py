"""Make a video with each of the five models, and compare the file with the request."""

# Each step takes the value of the one before it.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest

from segmind_ltx_api.contract import MODELS
from segmind_ltx_spec import ExpectedVideo, expected_video, load
from support.callers import Live

IMAGE = "https://example.com/a.png"
PAYLOADS: dict[str, dict[str, Any]] = {
    "ltx-video": {"prompt": "A heron.", "target_size": 512, "aspect_ratio": "9:16", "length": 97},
    "ltx-2-19b-t2v": {"prompt": "A heron.", "width": 320, "height": 256, "num_frames": 9, "fps": 12},
    "ltx-2-19b-i2v": {"prompt": "A heron.", "image": IMAGE, "width": 256, "height": 384, "num_frames": 30, "fps": 30},
    "ltx-2-fast": {"prompt": "A heron.", "duration": 6, "resolution": "1080p"},
    "ltx-2-pro": {"prompt": "A heron.", "duration": 6, "resolution": "1080p", "generate_audio": False},
}


def seen_in(path: Path) -> ExpectedVideo:
    """Read the size, frames, rate and audio of a video file."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        frames = sum(1 for packet in container.demux(stream) if packet.size)
        rate = stream.average_rate
        assert rate is not None
        return ExpectedVideo(stream.width, stream.height, frames, round(float(rate)), bool(container.streams.audio))


def test_payload_for_every_model() -> None:
    """Every model has a payload in this file."""
    assert set(PAYLOADS) == set(MODELS)


@pytest.mark.parametrize("slug", PAYLOADS)
def test_submit_wait_save(live: Live, tmp_path: Path, slug: str) -> None:
    """Submit, wait and save give the video that was requested."""
    states: list[str] = []
    ids: list[str] = []

    def noted(job: Any) -> Any:
        ids.append(job.id)
        return job.wait(on_status=lambda status: states.append(status.state))

    def saved(video: Any) -> Any:
        assert (video.request_id, video.model) == (ids[0], slug)
        assert video.cost > 0
        assert video.remaining_credits > 0
        assert video.total_time >= video.inference_time > 0
        assert video.content_type == "video/mp4"
        sizes.append(video.file_size)
        return video.save(tmp_path / "a.mp4")

    sizes: list[int] = []
    path = live(lambda c: c.submit(slug, **PAYLOADS[slug]), noted, saved)
    assert states == ["QUEUED", "PROCESSING", "COMPLETED"] or states == ["PROCESSING", "COMPLETED"]
    assert path.stat().st_size == sizes[0]
    assert seen_in(path) == expected_video(load().models[slug], PAYLOADS[slug])


@pytest.mark.parametrize("slug", PAYLOADS)
def test_generate_with_request_object(live: Live, tmp_path: Path, slug: str) -> None:
    """A request object gives the same video in one call."""
    request = MODELS[slug].request(**PAYLOADS[slug])
    path = live(lambda c: c.generate(request), lambda v: v.save(tmp_path / "a.mp4"))
    assert seen_in(path) == expected_video(load().models[slug], PAYLOADS[slug])


@pytest.mark.parametrize("slug", PAYLOADS)
def test_blocking_call_bytes(live: Live, tmp_path: Path, slug: str) -> None:
    """A blocking call gives the bytes of the video."""

    def saved(video: Any) -> Any:
        assert video.content is not None
        assert video.url is None
        assert video.request_id
        assert video.cost > 0
        assert isinstance(video.seed, int)
        return video.save(tmp_path / "a.mp4")

    path = live(lambda c: c.generate_blocking(slug, **PAYLOADS[slug]), saved)
    assert seen_in(path) == expected_video(load().models[slug], PAYLOADS[slug])


def test_blocking_call_json(live_json: Live, tmp_path: Path) -> None:
    """A blocking call that answers in JSON leads to the same video."""

    def saved(video: Any) -> Any:
        assert video.content is None
        assert video.url.startswith("http://127.0.0.1:")
        return video.save(tmp_path / "a.mp4")

    slug = "ltx-2-19b-t2v"
    path = live_json(lambda c: c.generate_blocking(slug, **PAYLOADS[slug]), saved)
    assert seen_in(path) == expected_video(load().models[slug], PAYLOADS[slug])
