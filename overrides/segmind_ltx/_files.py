"""Write a file that gets its name only when it is complete."""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from segmind_ltx._core.effects import Sink
from segmind_ltx.errors import DownloadError, OutputExistsError

Progress = Callable[[int, int | None], object]
"""Called with the number of bytes that have arrived, and with the total, or None if it is unknown."""


PARTIAL_NAME: Final = re.compile(r"\..{1,40}\.[0-9a-f]{8}\.part", re.DOTALL)
"""The names of the files that hold what has arrived so far."""
MAX_PARTIAL_AGE: Final = 86_400.0
"""Seconds after which a partial file was left by a program that was killed, since no download takes so long."""
_cleaned: Final = set[str]()
"""The folders in which this process has looked for such files."""


class PartialFile:
    """A context manager that writes beside ``path``, then renames; if anything fails, it leaves no file behind.

    Raises `OutputExistsError` on entry if ``path`` exists and ``overwrite`` is false, and `DownloadError` if the file
    cannot be written.
    """

    def __init__(self, path: Path, *, overwrite: bool, request_id: str | None, url: str | None) -> None:
        self.path, self._overwrite, self.request_id, self._url = path, overwrite, request_id, url
        self._progress_error: Exception | None = None
        # Only the beginning of the name, which may be as long as the file system allows.
        self._partial = path.parent / f".{path.name[:40]}.{secrets.token_hex(4)}.part"

    def __enter__(self) -> Self:
        with self._translating_os_errors():
            self._refuse_existing()
            self._file = self._partial.open("xb")
        _remove_old_partials(self.path.parent)
        return self

    def write(self, chunk: bytes) -> None:
        """Append to the file."""
        with self._translating_os_errors():
            self._file.write(chunk)

    def sink(self, progress: Progress | None) -> Sink:
        """Return a sink that writes to this file, and calls ``progress`` after each chunk."""

        def take(chunk: bytes, total: int | None) -> None:
            self.write(chunk)
            if progress is not None:
                try:
                    progress(self._file.tell(), total)
                except Exception as error:
                    self._progress_error = error
                    raise

        return take

    def raise_if_stopped(self) -> None:
        """Raise the exception of the ``progress`` callback: if it is an OSError, it is not a network error."""
        if self._progress_error is not None:
            raise self._progress_error

    def restart(self) -> None:
        """Delete what was written so far."""
        with self._translating_os_errors():
            self._file.seek(0)
            self._file.truncate()

    def size(self) -> int:
        """Return the number of bytes that were written so far."""
        return self._file.tell()

    def head(self) -> bytes:
        """Return the first 64 bytes that were written."""
        with self._translating_os_errors():
            self._file.flush()
            with self._partial.open("rb") as written:
                return written.read(64)

    def commit(self) -> Path:
        """Give the complete file its name, and return the path."""
        with self._translating_os_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._refuse_existing()
            if not self._link():
                self._partial.replace(self.path)
        return self.path

    def _link(self) -> bool:
        """Rename, but fail if the name was taken meanwhile; False if it may be replaced, or links are unsupported."""
        if self._overwrite:
            return False
        try:
            os.link(self._partial, self.path)
        except FileExistsError:
            raise self._exists() from None
        except (OSError, AttributeError):
            return False
        return True

    @contextmanager
    def _translating_os_errors(self) -> Generator[None]:
        """Raise a `DownloadError` for an OSError (or a ValueError: a null character in the path)."""
        try:
            yield
        except DownloadError:
            raise
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise self.error(f"{self.path} cannot be written: {why}") from None

    def error(self, message: str) -> DownloadError:
        """Return a `DownloadError` with the job's id and the video's address."""
        return DownloadError(message, request_id=self.request_id, url=self._url)

    def _refuse_existing(self) -> None:
        if not self.path.name:
            raise self.error(f"{self.path} is a folder; give the name of a file")
        try:
            # Not `Path.exists`, which from Python 3.14 on is false for a path that can never be written.
            os.lstat(self.path)
        except FileNotFoundError:
            return
        try:
            kind = os.stat(self.path).st_mode  # noqa: PTH116 - it is the same system call as above
        except FileNotFoundError:
            kind = stat.S_IFREG  # A dangling link belongs to someone else as well.
        if stat.S_ISDIR(kind):
            raise self.error(f"{self.path} is a folder; give the name of a file")
        if not stat.S_ISREG(kind):
            # A device or a pipe must not be replaced by a video.
            raise self.error(f"{self.path} is not a regular file; give the name of one")
        if not self._overwrite:
            raise self._exists()

    def _exists(self) -> OutputExistsError:
        return OutputExistsError(
            f"{self.path} exists and was not changed; pass overwrite=True to replace it",
            request_id=self.request_id,
            url=self._url,
        )

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # If the disk is full, the buffered rest cannot be written either; it is no longer needed.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)


def _remove_old_partials(folder: Path) -> None:
    """Remove the partial files that killed programs have left in a folder, once in each process."""
    name = str(folder)
    if name in _cleaned:
        return
    _cleaned.add(name)
    with suppress(OSError), os.scandir(folder) as files:
        for file in files:
            with suppress(OSError):
                ours = PARTIAL_NAME.fullmatch(file.name) and file.is_file(follow_symlinks=False)
                if ours and time.time() - file.stat(follow_symlinks=False).st_mtime > MAX_PARTIAL_AGE:
                    os.unlink(file.path)  # noqa: PTH108 - the entry has its path as a text
