"""Encode the sound of a video: a quiet chord that swells and fades once a second."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# PyAV's own types are partial.

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import OutputContainer

from segmind_ltx_sandbox.video.packets import timed

RATE: Final = 48000
SAMPLES: Final = 1024
"""Samples in one packet of AAC."""
LOOP: Final = 47
"""Packets in one swell, about a second. It starts and ends in silence, so that repeats have no clicks."""

_CHORD: Final = (187.5, 234.375, 281.25)  # 4 : 5 : 6, a major triad in tune.
_LOUDNESS: Final = 0.08


def add_to(container: OutputContainer) -> AudioStream:
    """Add the audio stream for `packets` to a container."""
    stream = container.add_stream("aac", rate=RATE)
    _set_up(stream.codec_context)
    return stream


def packets_for(seconds: float) -> list[bytes]:
    """Return enough packets for ``seconds`` of sound."""
    swell = loop()
    return [swell[index % LOOP] for index in range(math.ceil(round(seconds * RATE / SAMPLES, 6)))]


def packets(stream: AudioStream, chords: Sequence[bytes]) -> Iterator[av.Packet[Any]]:
    """Yield the packets with their times, for a stream."""
    unit = Fraction(1, RATE)
    for index, data in enumerate(chords):
        yield timed(data, stream, at=index * SAMPLES, lasts=SAMPLES, unit=unit, is_keyframe=True)


def _set_up(codec: AudioCodecContext) -> None:
    codec.sample_rate = RATE
    codec.layout = "mono"
    codec.format = av.AudioFormat("fltp")
    codec.bit_rate = 64000
    codec.time_base = Fraction(1, RATE)


@cache
def loop() -> tuple[bytes, ...]:
    """Return the packets of one swell. They are the same for every video, so they are encoded once."""
    codec = av.CodecContext.create("aac", "w")
    _set_up(codec)
    total = LOOP * SAMPLES
    wave = array("f", (_sample(i, total) for i in range(total)))
    packets: list[bytes] = []
    for start in range(0, total, SAMPLES):
        frame = av.AudioFrame("fltp", "mono", SAMPLES)
        frame.rate = RATE
        frame.pts = start
        frame.planes[0].update(wave[start : start + SAMPLES].tobytes())
        packets += [bytes(packet) for packet in codec.encode(frame)]
    packets += [bytes(packet) for packet in codec.encode(None)]
    return tuple(packets[-LOOP:])


def _sample(index: int, total: int) -> float:
    swell = math.sin(math.pi * index / total) ** 2
    return _LOUDNESS * swell * sum(math.sin(2 * math.pi * hertz * index / RATE) for hertz in _CHORD)
