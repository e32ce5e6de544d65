"""Test the measurement of videos."""

from __future__ import annotations

import pytest

from segmind_ltx_conformance.media import can_measure, measure
from segmind_ltx_sandbox.video.render import render
from segmind_ltx_sandbox.video.spec import VideoSpec


def video(*, sound: bool) -> bytes:
    return render(VideoSpec("x", "X", 64, 48, 12, 6, sound, "a kite", "7"))


@pytest.mark.parametrize("sound", [True, False])
def test_video_is_measured(sound: bool) -> None:
    """A video's size, frames, rate, length, sound and codec are measured."""
    made = video(sound=sound)
    found = measure(made)
    assert can_measure()
    assert (found["kind"], found["width"], found["height"], found["frames"]) == ("video", 64, 48, 12)
    assert (found["fps"], found["duration"], found["sound"], found["codec"]) == (6.0, 2.0, sound, "h264")
    assert found["bytes"] == len(made)


@pytest.mark.parametrize("data", [b"", b"hello", b"<html></html>", video(sound=False)[:900]])
def test_other_data_is_unreadable(data: bytes) -> None:
    """Anything that is not a video is unreadable, with a reason."""
    found = measure(data)
    assert found["kind"] == "unreadable"
    assert found["why"]
    assert "0x" not in found["why"]
