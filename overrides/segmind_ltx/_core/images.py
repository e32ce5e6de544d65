"""Turn local images into data URIs.

Graded I (inferred): the pages ask for a URI and show only https addresses; a data URI is a URI too, and needs no
upload. If a service refuses it, it answers 400 or 406, and nothing is billed.
"""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import Final

from segmind_ltx.errors import ParameterError

MAX_IMAGE_BYTES: Final = 20 << 20
"""The most bytes of an image; upload a larger one, and pass its address."""


def data_uri(name: str, path: Path) -> str:
    """Return the image at ``path`` as a data URI for the parameter ``name``.

    Raises `ParameterError` if it cannot be sent.
    """
    media_type = mimetypes.guess_type(path.name)[0] or ""
    if not media_type.startswith("image/"):
        raise ParameterError(f"{name}={str(path)!r} has no image suffix (.png, .jpg, .webp …)")
    try:
        # Read one byte more than allowed: that is enough to see that an image is too large.
        with path.open("rb") as file:
            content = file.read(MAX_IMAGE_BYTES + 1)
    except OSError as error:
        raise ParameterError(f"{name}={str(path)!r} cannot be read: {error.strerror}") from None
    if not 0 < len(content) <= MAX_IMAGE_BYTES:
        raise ParameterError(
            f"{name}={str(path)!r} has {len(content) or 'no'} bytes; 1 to {MAX_IMAGE_BYTES} can be sent"
        )
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
