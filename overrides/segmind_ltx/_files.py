"""Write a file that gets its name only when it is complete."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from segmind_ltx._core.effects import Sink
from segmind_ltx.errors import DownloadError, OutputExistsError

Progress = Callable[[int, int | None], object]
"""Called with the number of bytes that have arrived, and with the total, or None if it is unknown."""


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
        if not self.path.name or self.path.is_dir():
            raise self.error(f"{self.path} is a folder; give the name of a file")
        # A dangling link belongs to someone else as well; a device or a pipe must not be replaced by a video.
        exists = os.path.lexists(self.path)
        if exists and self.path.exists() and not self.path.is_file():
            raise self.error(f"{self.path} is not a regular file; give the name of one")
        if exists and not self._overwrite:
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
