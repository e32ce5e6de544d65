"""Set the times of encoded packets."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
from av.stream import Stream


def timed(data: bytes, stream: Stream, *, at: int, lasts: int, unit: Fraction, is_keyframe: bool) -> av.Packet[Any]:
    """Return a packet for ``stream`` that starts at ``at`` and lasts ``lasts``, both in ``unit`` seconds."""
    packet: av.Packet[Any] = av.Packet(data)
    packet.stream = stream
    packet.time_base = unit
    packet.pts = packet.dts = at
    packet.duration = lasts
    packet.is_keyframe = is_keyframe
    return packet


def seconds(packet: av.Packet[Any]) -> Fraction:
    """Return the time at which a packet starts."""
    return (packet.pts or 0) * packet.time_base
