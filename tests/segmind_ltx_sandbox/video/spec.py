"""Describe a video: everything that determines its bytes, and therefore the key of the cache."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec import Model, expected_video

PROMPT_CHARACTERS: Final = 200
"""The number of characters of a prompt that are drawn, and therefore kept."""


@frozen
class VideoSpec:
    """A video to render. Two requests with equal specs get the same bytes."""

    slug: str
    title: str
    width: int
    height: int
    frames: int
    fps: int
    sound: bool
    prompt: str
    seed: str
    """As drawn. If the request has no seed, the word "random" is drawn, so that such requests share their video."""

    @property
    def duration(self) -> float:
        """Return the length in seconds."""
        return self.frames / self.fps


def drawable(text: str) -> str:
    """Return the beginning of a text as one line without control characters, lone surrogates and runs of spaces."""
    beginning = text[: 4 * PROMPT_CHARACTERS]
    clean = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in beginning)
    line = " ".join(clean.split())
    return line if len(line) <= PROMPT_CHARACTERS else line[: PROMPT_CHARACTERS - 1].rstrip() + "…"


def video_spec_of(model: Model, payload: Mapping[str, Any]) -> VideoSpec:
    """Return the spec of the video that a valid payload asks for."""
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
