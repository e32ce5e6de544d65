"""All five models, from the submit to a video on disk that is what was asked for."""

# A step takes what the one before it gave.
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
    """What is in the file."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        frames = sum(1 for packet in container.demux(stream) if packet.size)
        rate = stream.average_rate
        assert rate is not None
        return ExpectedVideo(stream.width, stream.height, frames, round(float(rate)), bool(container.streams.audio))


def test_every_model_has_its_payload_here() -> None:
    assert set(PAYLOADS) == set(MODELS)


@pytest.mark.parametrize("slug", PAYLOADS)
def test_submit_wait_and_save_give_the_video_that_was_asked_for(live: Live, tmp_path: Path, slug: str) -> None:
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
def test_a_request_object_makes_the_same_video_in_one_call(live: Live, tmp_path: Path, slug: str) -> None:
    request = MODELS[slug].request(**PAYLOADS[slug])
    path = live(lambda c: c.generate(request), lambda v: v.save(tmp_path / "a.mp4"))
    assert seen_in(path) == expected_video(load().models[slug], PAYLOADS[slug])


@pytest.mark.parametrize("slug", PAYLOADS)
def test_a_blocking_call_gives_the_bytes(live: Live, tmp_path: Path, slug: str) -> None:
    def saved(video: Any) -> Any:
        assert video.content is not None
        assert video.url is None
        assert video.request_id
        assert video.cost > 0
        assert isinstance(video.seed, int)
        return video.save(tmp_path / "a.mp4")

    path = live(lambda c: c.generate_blocking(slug, **PAYLOADS[slug]), saved)
    assert seen_in(path) == expected_video(load().models[slug], PAYLOADS[slug])


def test_a_blocking_call_that_answers_json_leads_to_the_same_video(live_json: Live, tmp_path: Path) -> None:
    def saved(video: Any) -> Any:
        assert video.content is None
        assert video.url.startswith("http://127.0.0.1:")
        return video.save(tmp_path / "a.mp4")

    slug = "ltx-2-19b-t2v"
    path = live_json(lambda c: c.generate_blocking(slug, **PAYLOADS[slug]), saved)
    assert seen_in(path) == expected_video(load().models[slug], PAYLOADS[slug])
