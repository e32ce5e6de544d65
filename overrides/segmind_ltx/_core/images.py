"""Local pictures as data URIs.

Graded I: the pages ask for a URI and show https addresses only; a data URI is one too, and needs no upload. A
service that refuses it answers 400 or 406, and nothing is billed.
"""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import Final

from segmind_ltx.errors import ParameterError

MAX_IMAGE_BYTES: Final = 20 << 20
"""Bytes of a picture; a bigger one is better uploaded somewhere."""


def data_uri(name: str, path: Path) -> str:
    """The picture at ``path``, for the parameter ``name``. Raises `ParameterError` where it cannot be sent."""
    media_type = mimetypes.guess_type(path.name)[0] or ""
    if not media_type.startswith("image/"):
        raise ParameterError(f"{name}={str(path)!r} does not end like a picture (.png, .jpg, .webp …)")
    try:
        # One byte more than allowed tells a picture that is too large without reading all of it.
        with path.open("rb") as file:
            content = file.read(MAX_IMAGE_BYTES + 1)
    except OSError as error:
        raise ParameterError(f"{name}={str(path)!r} cannot be read: {error.strerror}") from None
    if not 0 < len(content) <= MAX_IMAGE_BYTES:
        raise ParameterError(
            f"{name}={str(path)!r} has {len(content) or 'no'} bytes; 1 to {MAX_IMAGE_BYTES} can be sent"
        )
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
