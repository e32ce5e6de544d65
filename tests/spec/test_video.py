"""Test the video that a request determines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_ltx_spec import Contract, ExpectedVideo, SpecError, clauses, contract_of, expected_video, load

IMAGE = "https://example.com/a.png"


@pytest.mark.parametrize(
    ("slug", "payload", "expected"),
    [
        ("ltx-video", {}, ExpectedVideo(768, 512, 97, 24, sound=False)),  # The figures of the page: 640 at 3:2.
        ("ltx-video", {"target_size": 640, "aspect_ratio": "3:2"}, ExpectedVideo(768, 512, 97, 24, sound=False)),
        ("ltx-video", {"aspect_ratio": "16:9"}, ExpectedVideo(832, 448, 97, 24, sound=False)),
        (
            "ltx-video",
            {"aspect_ratio": "1:2", "target_size": 1024, "length": 257},
            ExpectedVideo(672, 1376, 257, 24, sound=False),
        ),
        ("ltx-video", {"aspect_ratio": "1:2", "image": IMAGE}, ExpectedVideo(768, 512, 97, 24, sound=False)),
        ("ltx-video", {"aspect_ratio": "1:1", "image": None}, ExpectedVideo(640, 640, 97, 24, sound=False)),
        ("ltx-2-19b-t2v", {}, ExpectedVideo(1024, 768, 161, 24, sound=True)),
        (
            "ltx-2-19b-t2v",
            {"width": 257, "height": 1279, "num_frames": 1, "fps": 1},
            ExpectedVideo(257, 1279, 1, 1, sound=True),
        ),
        ("ltx-2-19b-i2v", {"image": IMAGE}, ExpectedVideo(720, 1280, 181, 24, sound=True)),
        (
            "ltx-2-19b-i2v",
            {"image": IMAGE, "num_frames": 400, "fps": 30},
            ExpectedVideo(720, 1280, 400, 30, sound=True),
        ),
        ("ltx-2-fast", {}, ExpectedVideo(2560, 1440, 200, 25, sound=True)),
        ("ltx-2-fast", {"resolution": "4k", "duration": 10}, ExpectedVideo(3840, 2160, 250, 25, sound=True)),
        ("ltx-2-pro", {}, ExpectedVideo(1920, 1080, 150, 25, sound=True)),
        ("ltx-2-pro", {"generate_audio": False, "image": IMAGE}, ExpectedVideo(1920, 1080, 150, 25, sound=False)),
    ],
)
def test_expected_video_of_request(
    contract: Contract, slug: str, payload: dict[str, Any], expected: ExpectedVideo
) -> None:
    """A request determines the size, frames, speed and sound of its video."""
    assert expected_video(contract.models[slug], {"prompt": "a", **payload}) == expected


def test_duration_is_in_seconds(contract: Contract) -> None:
    """The duration of an expected video is in seconds."""
    for seconds in (6, 8, 10):
        assert expected_video(contract.models["ltx-2-pro"], {"duration": seconds}).duration == seconds
    assert expected_video(contract.models["ltx-2-19b-t2v"], {"num_frames": 36, "fps": 24}).duration == 1.5


VIDEO = load().models["ltx-video"].parameters


@given(st.sampled_from(VIDEO["aspect_ratio"]["enum"]), st.sampled_from(VIDEO["target_size"]["enum"]))
def test_sides_follow_ratio_and_target(ratio: str, target: int) -> None:
    """Sides are multiples of 32, and at most half a step from the exact size."""
    video = expected_video(load().models["ltx-video"], {"aspect_ratio": ratio, "target_size": target})
    across, down = map(int, ratio.split(":"))
    for side, part in ((video.width, across), (video.height, down)):
        assert side % 32 == 0
        assert abs(side - 2 * target * part / (across + down)) <= 16


def test_unknown_size_rule_is_refused(document: dict[str, Any]) -> None:
    """If a rule is unknown, both of its readers raise an error: `expected_video` and `clauses`."""
    document["components"]["schemas"]["LtxVideoRequest"]["x-model"]["video"]["size"]["rule"] = "golden"
    contract = contract_of(document)
    with pytest.raises(SpecError, match="ltx-video: unknown size rule 'golden'"):
        expected_video(contract.models["ltx-video"], {})
    with pytest.raises(SpecError, match="a rule without words"):
        clauses(contract)
