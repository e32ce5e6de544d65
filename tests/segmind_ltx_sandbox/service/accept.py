"""Read the Accept header of a blocking call. No value of it is refused."""

from __future__ import annotations

from collections.abc import Sequence


def prefers_video(values: Sequence[str]) -> bool:
    """Return whether Accept headers prefer a video to every other type.

    ``*/*`` is no preference, so a client that says nothing about types gets JSON.
    """
    ranges = [part for value in values for part in value.split(",") if part.strip()]
    # `max` returns the first of equals, and the first is what a caller without weights means.
    preferred = max(ranges, key=_weight, default="")
    return _weight(preferred) > 0 and preferred.strip().lower().startswith("video/")


def _weight(media_range: str) -> float:
    for parameter in media_range.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
