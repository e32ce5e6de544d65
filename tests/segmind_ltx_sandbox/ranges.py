"""Byte ranges, so that a browser can seek in a video."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def ranged(content: bytes, headers: Mapping[str, str], media_type: str) -> Response:
    """The content, or the one range of it that the headers ask for. Anything but one range gets the whole."""
    size = len(content)
    asked = _RANGE.fullmatch(headers.get("range", ""))
    first, last = asked.groups() if asked else ("", "")
    if not (first or last) or (first and last and int(first) > int(last)):
        return Response(content, 200, {"accept-ranges": "bytes"}, media_type)
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        return Response(b"", 416, {"content-range": f"bytes */{size}"})
    about = {"accept-ranges": "bytes", "content-range": f"bytes {start}-{end}/{size}"}
    return Response(content[start : end + 1], 206, about, media_type)
