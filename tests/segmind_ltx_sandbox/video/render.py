"""Render a video of the requested size, length and sound, without a model: a card with a moving disc.

Encoding takes most of the time. So one closed loop of about a second is encoded (it starts with a key frame, and no
frame refers to one outside the loop), and its packets are repeated until the video has the requested number of
frames. The card is drawn and converted once; for each frame of the loop only the disc is painted and erased.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# PyAV's own types are partial.

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from heapq import merge
from typing import Any, Final

import av
from av.video.stream import VideoStream

from segmind_ltx_sandbox.video import sound
from segmind_ltx_sandbox.video.card import card
from segmind_ltx_sandbox.video.disc import Disc
from segmind_ltx_sandbox.video.packets import seconds, timed
from segmind_ltx_sandbox.video.spec import VideoSpec

_MIN_LOOP_FRAMES: Final = 8
"""The least number of frames in a loop, so that the disc moves even at one frame a second."""

_INDEX_BASE: Final = 4096
_INDEX_PACKET: Final = 24

_OPTIONS: Final = {
    "preset": "ultrafast",
    "crf": "24",
    # The number of threads changes the bytes; a fixed one gives the same file on every machine.
    "x264-params": "bframes=0:open-gop=0:scenecut=0:threads=4:sliced-threads=1",
}


def render(video_spec: VideoSpec) -> bytes:
    """Return the video as an mp4: H.264, and AAC if it has sound. Equal specs give equal bytes."""
    buffer = io.BytesIO()
    sound_packets = sound.packets_for(video_spec.duration) if video_spec.sound else []
    # The index goes to the front, so that a player can start before it has the whole file. Reserving room is simpler
    # than moving the rest afterwards. The room is three times what was measured: 7 bytes a packet and 1.2 kB.
    options = {"moov_size": str(_INDEX_BASE + _INDEX_PACKET * (video_spec.frames + len(sound_packets)))}
    with av.open(buffer, "w", format="mp4", options=options) as container:
        video = container.add_stream("libx264", rate=video_spec.fps, options=dict(_OPTIONS))
        tone = sound.packets(sound.add_to(container), sound_packets) if video_spec.sound else iter(())
        loop = _encode_loop(video_spec, video)
        # Both streams are interleaved by time, as a player reads them.
        for packet in merge(_video_packets(video_spec, video, loop), tone, key=seconds):
            container.mux(packet)
    return buffer.getvalue()


def _encode_loop(video_spec: VideoSpec, video: VideoStream) -> list[tuple[bytes, bool]]:
    """Encode the loop. Return its packets, each with whether it is a key frame."""
    frames = min(video_spec.frames, max(video_spec.fps, _MIN_LOOP_FRAMES))
    even = video_spec.width % 2 == 0 and video_spec.height % 2 == 0
    video.width, video.height = video_spec.width, video_spec.height
    # Subsampled colours need even sides. If a side is odd, which is rare, the colours are not subsampled.
    video.pix_fmt = "yuv420p" if even else "yuv444p"
    video.codec_context.gop_size = frames
    video.codec_context.time_base = Fraction(1, video_spec.fps)
    picture = av.VideoFrame.from_image(card(video_spec))  # type: ignore[no-untyped-call]  # PyAV leaves it untyped
    frame = picture.reformat(format=video.pix_fmt)
    disc = Disc.on(frame)
    packets: list[tuple[bytes, bool]] = []
    for index in range(frames):
        disc.paint(index / frames)
        frame.pts = index
        packets += [(bytes(packet), packet.is_keyframe) for packet in video.encode(frame)]
    packets += [(bytes(packet), packet.is_keyframe) for packet in video.encode(None)]
    return packets


def _video_packets(
    video_spec: VideoSpec, video: VideoStream, loop: list[tuple[bytes, bool]]
) -> Iterator[av.Packet[Any]]:
    """Repeat the loop's packets until there is one for each frame."""
    unit = Fraction(1, video_spec.fps)
    for index in range(video_spec.frames):
        data, is_keyframe = loop[index % len(loop)]
        yield timed(data, video, at=index, lasts=1, unit=unit, is_keyframe=is_keyframe)
