"""A file that appears under its name only when it is complete."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from segmind_ltx._wire import Sink
from segmind_ltx.errors import DownloadError, OutputExistsError

Progress = Callable[[int, int | None], object]
"""Called with the bytes that have arrived so far, and with how many there will be, or None."""


class PartialFile:
    """Write beside ``path``, then rename; on any error nothing is left behind. A context manager.

    Raises `OutputExistsError` where ``path`` exists and ``overwrite`` is false, before anything is fetched, and
    `DownloadError` where the disk will not have it.
    """

    def __init__(self, path: Path, *, overwrite: bool, request_id: str | None, url: str | None) -> None:
        self.path, self._overwrite, self._request_id, self._url = path, overwrite, request_id, url
        self._partial = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")

    def __enter__(self) -> Self:
        self._refuse_existing()
        try:
            self._file = self._partial.open("xb")
        except OSError as error:
            raise self.error(f"{self.path} cannot be written: {error.strerror}") from None
        return self

    def write(self, chunk: bytes) -> None:
        """Append to the file."""
        try:
            self._file.write(chunk)
        except OSError as error:
            raise self.error(f"{self.path} cannot be written: {error.strerror}") from None

    def sink(self, progress: Progress | None) -> Sink:
        """A sink that writes here, and tells ``progress`` how far it has come."""

        def take(chunk: bytes, total: int | None) -> None:
            self.write(chunk)
            if progress is not None:
                progress(self._file.tell(), total)

        return take

    def restart(self) -> None:
        """Forget what was written."""
        self._file.seek(0)
        self._file.truncate()

    def commit(self) -> Path:
        """Give the complete file its name."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._refuse_existing()
            self._partial.replace(self.path)
        except OSError as error:
            if isinstance(error, OutputExistsError):
                raise
            raise self.error(f"{self.path} cannot be written: {error.strerror}") from None
        return self.path

    def error(self, message: str) -> DownloadError:
        """A `DownloadError` that knows the job and the address."""
        error = DownloadError(message, request_id=self._request_id)
        error.url = self._url
        return error

    def _refuse_existing(self) -> None:
        if self.path.is_dir():
            raise self.error(f"{self.path} is a folder; give the name of a file")
        if not self._overwrite and self.path.exists():
            error = OutputExistsError(
                f"{self.path} exists and was left as it is; pass overwrite=True to replace it",
                request_id=self._request_id,
            )
            error.url = self._url
            raise error

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)
