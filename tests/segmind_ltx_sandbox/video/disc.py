"""Paint the moving element, a disc that runs along the bottom, into the planes of a frame."""

from __future__ import annotations

import math

import av
from attrs import define, field

from segmind_ltx_sandbox.video.card import TRACK

_COLOUR = (235, 110, 160)  # Y, U, V: a warm white.


@define
class _Plane:
    """One plane of a frame. ``behind`` holds the rows of the disc's track, to erase the disc with."""

    pixels: memoryview
    line: int
    across: int
    down: int
    value: int
    behind: bytes = b""
    start: int = 0


@define
class Disc:
    """A disc on the track of a card."""

    width: int
    radius: int
    middle: int
    planes: list[_Plane] = field(factory=list[_Plane])

    @classmethod
    def on(cls, frame: av.VideoFrame) -> Disc:
        """Prepare to paint on ``frame``, a planar frame with or without subsampling."""
        width, height = frame.width, frame.height
        radius = max(2, min(width, height) // 24)
        disc = cls(width, radius, min(round(height * TRACK), height - radius - 1))
        for plane, value in zip(frame.planes, _COLOUR, strict=True):
            made = _Plane(memoryview(plane), plane.line_size, width // plane.width, height // plane.height, value)
            top = (disc.middle - radius) // made.down
            rows = 2 * radius // made.down + 2
            made.start = top * made.line
            made.behind = bytes(made.pixels[made.start : made.start + rows * made.line])
            disc.planes.append(made)
        return disc

    def paint(self, progress: float) -> None:
        """Erase the disc and paint it at its place for ``progress``, from 0 to 1."""
        # Out and back within a loop, slower at both ends, so that the loop repeats without a jump.
        share = (1 - math.cos(2 * math.pi * progress)) / 2
        centre = round(self.radius + share * (self.width - 1 - 2 * self.radius))
        for plane in self.planes:
            plane.pixels[plane.start : plane.start + len(plane.behind)] = plane.behind
            ink = bytes([plane.value])
            for row in range((self.middle - self.radius) // plane.down, (self.middle + self.radius) // plane.down + 1):
                reach = math.isqrt(max(0, self.radius**2 - (row * plane.down - self.middle) ** 2))
                first, last = (centre - reach) // plane.across, (centre + reach) // plane.across
                start = row * plane.line + first
                plane.pixels[start : start + last - first + 1] = ink * (last - first + 1)
