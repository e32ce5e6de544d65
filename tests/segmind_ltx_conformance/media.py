"""Measure a video: count its packets and decode its first frame, which is quick even for 4k."""

from __future__ import annotations

import hashlib
import importlib.util
import io
from typing import Any


def can_measure() -> bool:
    """Return whether PyAV is installed, without importing it."""
    return importlib.util.find_spec("av") is not None


def measure(data: bytes) -> dict[str, Any]:
    """Describe a file: ``{"kind": "video", "width": …}`` or ``{"kind": "unreadable", "why": …}``.

    ``fps`` is the average frame rate and ``duration`` the length of the video track in seconds; each is None if the
    file does not give it. ``sound`` is true if an audio track has at least one packet.
    """
    import av
    from av.error import FFmpegError

    about = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    try:
        with av.open(io.BytesIO(data)) as container:
            if not container.streams.video:
                return {"kind": "unreadable", "why": "it has no video track", **about}
            return {"kind": "video", **_facts(container), **about}
    except (FFmpegError, ValueError, EOFError) as error:
        return {"kind": "unreadable", "why": _why(error, data), **about}


def _facts(container: Any) -> dict[str, Any]:
    stream = container.streams.video[0]
    frames, heard, decoded = 0, 0, None
    for packet in container.demux():
        # The last packet of each track is empty: it marks the end.
        if packet.size == 0:
            continue
        if packet.stream.type == "audio":
            heard += 1
        elif packet.stream.index == stream.index:
            frames += 1
            if decoded is None:
                decoded = next(iter(packet.decode()), None)
    if decoded is None:
        # Some decoders need more than one packet before they return a frame.
        decoded = next(iter(stream.codec_context.decode(None)), None)
    if decoded is None:
        raise ValueError("its first frame cannot be decoded")
    duration = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
    return {
        "width": decoded.width,
        "height": decoded.height,
        "frames": frames,
        "fps": float(stream.average_rate) if stream.average_rate else None,
        "duration": duration,
        "sound": heard > 0,
        "codec": stream.codec_context.name,
    }


def _why(error: Exception, data: bytes) -> str:
    """Return the decoder's message, without the name that PyAV gives to a file in memory."""
    if not data:
        return "it is empty"
    # FFmpeg's errors have their message in `strerror`.
    return str(getattr(error, "strerror", None) or error)[:200]
