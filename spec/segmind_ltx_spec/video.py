"""What a request says about the video that it makes: the rules under ``x-model.video``, applied.

Each rule carries its own ``x-source``: a width that the request names is graded D, a size that "2k" stands for
is graded I.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from segmind_ltx_spec.contract import Model, SpecError


@frozen
class ExpectedVideo:
    """A video as asked for: pixels, frames, frames a second, and whether it has sound."""

    width: int
    height: int
    frames: int
    fps: int
    sound: bool

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.fps


def expected_video(model: Model, payload: Mapping[str, Any]) -> ExpectedVideo:
    """The video that a valid payload asks for, the documented defaults filled in."""
    values = {**model.defaults, **payload}
    rules = model.video
    fps = int(_value(rules["fps"], values))
    width, height = _size(rules["size"], values, model)
    amount = int(values[rules["frames"]["parameter"]])
    frames = amount * fps if rules["frames"]["rule"] == "seconds" else amount
    return ExpectedVideo(width, height, frames, fps, bool(_value(rules["sound"], values)))


def _value(rule: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    return values[rule["parameter"]] if "parameter" in rule else rule["value"]


def _size(rule: Mapping[str, Any], values: Mapping[str, Any], model: Model) -> tuple[int, int]:
    match rule["rule"]:
        case "sides":
            return int(values[rule["width"]]), int(values[rule["height"]])
        case "table":
            width, height = rule["table"][values[rule["parameter"]]]
            return int(width), int(height)
        case "mean-side":
            return _mean_side(rule, values, model)
        case other:
            raise SpecError(f"{model.slug}: unknown size rule {other!r}")


def _mean_side(rule: Mapping[str, Any], values: Mapping[str, Any], model: Model) -> tuple[int, int]:
    """Sides in the given ratio whose mean is the target, each rounded to the family's multiple.

    With an image the ratio that was asked for is ignored, as the document says. What replaces it is the
    picture's own; a reader that has not fetched the picture can only assume the default.
    """
    ignored = values.get(rule["unless"]) is not None
    ratio: str = model.defaults[rule["ratio"]] if ignored else values[rule["ratio"]]
    across, down = (int(part) for part in ratio.split(":"))
    step, total = int(rule["multiple_of"]), 2 * int(values[rule["side"]])
    width = round(total * across / (across + down) / step) * step
    height = round(total * down / (across + down) / step) * step
    return width, height
