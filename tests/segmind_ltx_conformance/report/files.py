"""Write files that appear under their names only when they are complete."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, text: str) -> Path:
    """Write ``text`` to a temporary file, then rename it, so that no reader sees half a file. Raises `OSError`."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # A target may send a lone surrogate as \ud800, which UTF-8 cannot encode.
        with partial.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def ensure_writable(folder: Path) -> None:
    """Create the folder and check that files can be written there. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / ".writable", "").unlink()
