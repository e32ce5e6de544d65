"""A file that appears under its name only when it is complete."""

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
"""Called with the bytes that have arrived so far, and with how many exists will be, or None."""


class PartialFile:
    """Write beside ``path``, then rename; on any error nothing is left behind. A context manager.

    Raises `OutputExistsError` where ``path`` exists and ``overwrite`` is false, before anything is fetched, and
    `DownloadError` where the disk will not have it.
    """

    def __init__(self, path: Path, *, overwrite: bool, request_id: str | None, url: str | None) -> None:
        self.path, self._overwrite, self.request_id, self._url = path, overwrite, request_id, url
        self._progress_error: Exception | None = None
        # Not of the whole name, which may be as long as the disk allows.
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
        """A sink that writes here, and tells ``progress`` how far it has come."""

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
        """Raise what ``progress`` raised: an OSError of its own is no fault of the line, to be tried again."""
        if self._progress_error is not None:
            raise self._progress_error

    def restart(self) -> None:
        """Forget what was written."""
        with self._translating_os_errors():
            self._file.seek(0)
            self._file.truncate()

    def head(self) -> bytes:
        """The first bytes of what was written."""
        with self._translating_os_errors():
            self._file.flush()
            with self._partial.open("rb") as written:
                return written.read(64)

    def commit(self) -> Path:
        """Give the complete file its name."""
        with self._translating_os_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._refuse_existing()
            if not self._link():
                self._partial.replace(self.path)
        return self.path

    def _link(self) -> bool:
        """Give the name only if nobody took it meanwhile; False where it may be taken, or the disk has no links."""
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
        """Turn what the disk says (ValueError: a name with a null in it) into our own exception."""
        try:
            yield
        except DownloadError:
            raise
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise self.error(f"{self.path} cannot be written: {why}") from None

    def error(self, message: str) -> DownloadError:
        """A `DownloadError` that knows the job and the address."""
        return DownloadError(message, request_id=self.request_id, url=self._url)

    def _refuse_existing(self) -> None:
        if not self.path.name or self.path.is_dir():
            raise self.error(f"{self.path} is a folder; give the name of a file")
        # A link that leads nowhere is somebody's as well; a device or a pipe must not become a video.
        exists = os.path.lexists(self.path)
        if exists and self.path.exists() and not self.path.is_file():
            raise self.error(f"{self.path} is no regular file; give the name of one")
        if exists and not self._overwrite:
            raise self._exists()

    def _exists(self) -> OutputExistsError:
        return OutputExistsError(
            f"{self.path} exists and was left as it is; pass overwrite=True to replace it",
            request_id=self.request_id,
            url=self._url,
        )

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # What is left in the buffer of a full disk cannot be written either, and is not wanted any more.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)
