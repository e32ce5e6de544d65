"""Turn local images into data URIs.

Graded I (inferred): the pages ask for a URI and show only https addresses; a data URI is a URI too, and needs no
upload. If a service refuses it, it answers 400 or 406, and nothing is billed.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from pathlib import Path
from typing import Final

from segmind_ltx._core.media_types import IMAGE_SUFFIXES, image_type, looks_like_text
from segmind_ltx.errors import ParameterError

MAX_IMAGE_BYTES: Final = 20 << 20
"""The most bytes of an image; upload a larger one, and pass its address."""

_ADDRESS: Final = re.compile(r"(https?://[^\s\x00-\x1f\x7f/?#]|data:)[^\s\x00-\x1f\x7f]*", re.IGNORECASE)
# O_NONBLOCK (not on Windows): opening a named pipe must not wait for a writer. O_BINARY (Windows): no line ends change.
_OPEN_OPTIONS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def is_address(text: str) -> bool:
    """Whether a text can be sent as an image: an http or https URL, or a data URI.

    A colon alone does not make one: ``shot-12:30.png`` and ``C:\\a.png`` are names of files.
    """
    return _ADDRESS.fullmatch(text) is not None


# contract: *.image.*
def data_uri(name: str, path: Path) -> str:
    """Return the image at ``path`` as a data URI for the parameter ``name``.

    Raises `ParameterError` if it cannot be sent.
    """
    suffix_type = IMAGE_SUFFIXES.get(path.suffix.lower())
    try:
        content = _read(path)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path.
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ParameterError(f"{name}={str(path)!r} cannot be read: {why}") from None
    if content is None:
        raise ParameterError(f"{name}={str(path)!r} is not a regular file; give the name of one")
    if not content:
        raise ParameterError(f"{name}={str(path)!r} is empty")
    if len(content) > MAX_IMAGE_BYTES:
        raise ParameterError(
            f"{name}={str(path)!r} is larger than {MAX_IMAGE_BYTES} bytes; upload it yourself, and give its address"
        )
    media_type = image_type(content) or suffix_type
    if media_type is None:
        raise ParameterError(f"{name}={str(path)!r} has no image suffix (.png, .jpg, .webp …), and is no known image")
    if looks_like_text(content) and media_type != IMAGE_SUFFIXES[".svg"]:
        raise ParameterError(f"{name}={str(path)!r} is text, not an image")
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _read(path: Path) -> bytes | None:
    """Read one byte more than is allowed, which shows that a file is too large. None if it is not a regular file."""
    with open(os.open(path, _OPEN_OPTIONS), "rb") as file:  # noqa: PTH123 - a path cannot be opened with options
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        return file.read(MAX_IMAGE_BYTES + 1)
