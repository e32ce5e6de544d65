"""Draw the still part of a video: a card that shows the request."""

from __future__ import annotations

import colorsys
import zlib
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from segmind_ltx_sandbox.video.spec import VideoSpec

TRACK: Final = 0.88
"""The height at which the disc runs, as a share of the whole, from the top."""

_Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


def hue_of(video_spec: VideoSpec) -> float:
    """Return the hue of a model, from 0 to 1, so that videos of different models differ at a glance."""
    return zlib.crc32(video_spec.slug.encode()) % 360 / 360


def shade(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    """Convert a colour to RGB."""
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def card(video_spec: VideoSpec) -> Image.Image:
    """Draw the image behind the disc."""
    width, height = video_spec.width, video_spec.height
    hue = hue_of(video_spec)
    image = Image.new("RGB", (width, height), shade(hue, 0.6, 0.16))
    draw = ImageDraw.Draw(image)
    margin = max(4, width // 20)
    size = max(8, min(width, height) // 18)
    draw.rectangle((0, 0, width, max(2, height // 90)), fill=shade(hue, 0.7, 0.9))
    big, middle, small = _font(size * 1.5), _font(size), _font(size * 0.75)
    sound = "with sound" if video_spec.sound else "silent"
    count = "1 frame" if video_spec.frames == 1 else f"{video_spec.frames} frames"
    lines: list[tuple[str, _Font, tuple[int, int, int]]] = [
        (video_spec.title, big, (255, 255, 255)),
        (video_spec.slug, middle, shade(hue, 0.4, 0.95)),
        (f"{width} x {height}, {video_spec.fps} fps", middle, (225, 225, 225)),
        (f"{count}, {video_spec.duration:.2f} s, {sound}", middle, (225, 225, 225)),
        (f"seed {video_spec.seed}", middle, (225, 225, 225)),
    ]
    lines += [(line, small, (200, 200, 200)) for line in wrap(video_spec.prompt, small, width - 2 * margin, 6)]
    lines.append(("segmind-ltx sandbox: no model was run", small, shade(hue, 0.3, 0.6)))
    top = float(max(4, height // 24))
    for text, font, fill in lines:
        step = 1.35 * _height(font)
        if top + step > height * TRACK:
            break
        draw.text((margin, top), text, font=font, fill=fill)
        top += step
    bar = round(height * TRACK)
    draw.line((margin, bar, width - margin, bar), fill=shade(hue, 0.4, 0.4), width=max(1, height // 200))
    return image


def wrap(text: str, font: _Font, width: float, max_lines: int) -> list[str]:
    """Break a text into at most ``max_lines`` lines that fit. If a word is wider than a line, cut it."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < max_lines:
        fits = _fitting(rest, font, width)
        cut = rest.rfind(" ", 0, fits + 1) if fits < len(rest) else fits
        cut = cut if cut > 0 else fits
        lines.append(rest[:cut])
        rest = rest[cut:].lstrip()
    return lines


def _fitting(text: str, font: _Font, width: float) -> int:
    """Return how many characters fit, at least one. A binary search, since measuring a text is slow."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _font(size: float) -> _Font:
    return ImageFont.load_default(size)  # Pillow's own; no font file is needed.


def _height(font: _Font) -> float:
    return font.size if isinstance(font, ImageFont.FreeTypeFont) else 11.0
