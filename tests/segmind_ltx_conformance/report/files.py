"""Files that appear under their names only when they are whole."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> Path:
    """Write ``text`` beside ``path``, then rename, so that nobody ever reads half of it. Raises `OSError`."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # A lone surrogate, which a target may well send as \ud800, has no UTF-8.
        with partial.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def writable(folder: Path) -> None:
    """Make the folder, and see that files can be written there, before anything is paid for. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / ".writable", "").unlink()
