"""Compare the measurements of a video with its request, within the steps of the model family.

The open model makes sides in steps of 32 pixels and numbers of frames in steps of 8, plus 1. A difference below one
such step breaks no documented clause; that a video is exact is a clause of its own, of grade I. The frame rate may
differ by a thousandth, since containers round time. Sound is present or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec import ExpectedVideo

SIDE_STEP: Final = 32
FRAME_STEP: Final = 8
RATE_TOLERANCE: Final = 0.001


@frozen
class Measured:
    """One property of a video. ``exact`` is None if nothing says that it has to be exact."""

    holds: bool
    detail: str
    measured: str
    exact: bool | None = None


def compare(
    part: str, rule: Mapping[str, Any], expected: ExpectedVideo, media: Mapping[str, Any], label: str
) -> Measured:
    """Compare one property: size, frames, fps or sound."""
    match part:
        case "size":
            width, height = int(media["width"]), int(media["height"])
            off = max(abs(width - expected.width), abs(height - expected.height))
            exact = off == 0 if rule["rule"] == "sides" else None
            requested = f"{expected.width}x{expected.height}"
            return _measured(off < SIDE_STEP, label, "is", f"{width}x{height}", requested, exact)
        case "frames":
            frames = int(media.get("frames") or 0)
            if rule["rule"] == "seconds":
                rate = float(media.get("fps") or expected.fps)
                within = abs(frames - expected.duration * rate) < FRAME_STEP
                return _measured(within, label, "lasts", f"{frames / rate:.2f} s", f"{expected.duration:g} s", None)
            off = abs(frames - expected.frames)
            return _measured(off < FRAME_STEP, label, "has", f"{frames} frames", f"{expected.frames}", off == 0)
        case "fps":
            rate = float(media.get("fps") or 0)
            within = abs(rate - expected.fps) <= RATE_TOLERANCE * expected.fps
            return _measured(within, label, "has", f"{rate:g} frames per second", f"{expected.fps}", None)
        case _:
            sound = bool(media.get("sound"))
            words = {True: "sound", False: "no sound"}
            return _measured(sound == expected.sound, label, "has", words[sound], words[expected.sound], None)


def _measured(holds: bool, label: str, verb: str, measured: str, requested: str, exact: bool | None) -> Measured:
    return Measured(holds, f"{label} {verb} {measured}, and {requested} was requested", measured, exact)


def alike(part: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two videos have the same property, within the steps of the model family."""
    match part:
        case "size":
            return all(abs(int(one[side]) - int(other[side])) < SIDE_STEP for side in ("width", "height"))
        case "frames":
            return abs(int(one["frames"]) - int(other["frames"])) < FRAME_STEP
        case "fps":
            return abs(float(one["fps"] or 0) - float(other["fps"] or 0)) <= RATE_TOLERANCE * float(other["fps"] or 0)
        case _:
            return bool(one.get("sound")) == bool(other.get("sound"))
