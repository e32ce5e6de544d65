"""What determines a video: the sum of what is to be seen and heard in it, and so the key of the cache."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec import Model, expected_video

PROMPT_CHARACTERS: Final = 200
"""How much of a prompt is drawn, and so kept."""


@frozen
class VideoSpec:
    """A video to be made. Two requests with the same recipe get the same bytes."""

    slug: str
    title: str
    width: int
    height: int
    frames: int
    fps: int
    sound: bool
    prompt: str
    seed: str
    """As drawn. A seed that nobody chose is not drawn, so that requests without one share their video."""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.fps


def drawable(text: str) -> str:
    """The beginning of a text in one line: no control characters, no halves of surrogate pairs, no long spaces."""
    beginning = text[: 4 * PROMPT_CHARACTERS]
    clean = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in beginning)
    line = " ".join(clean.split())
    return line if len(line) <= PROMPT_CHARACTERS else line[: PROMPT_CHARACTERS - 1].rstrip() + "…"


def video_spec_of(model: Model, payload: Mapping[str, Any]) -> VideoSpec:
    """The video that a valid payload asks for."""
    video = expected_video(model, payload)
    seed = payload.get("seed", model.defaults.get("seed"))
    return VideoSpec(
        slug=model.slug,
        title=model.title,
        width=video.width,
        height=video.height,
        frames=video.frames,
        fps=video.fps,
        sound=video.sound,
        prompt=drawable(str(payload.get("prompt", ""))),
        seed="random" if seed is None else str(int(seed))[:40],
    )
