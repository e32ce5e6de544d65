"""The video of a finished job: what the service said about it, and how to save it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Self

from attrs import field, frozen

from segmind_ltx._core.download import MAX_DURATION, download
from segmind_ltx._core.journal import EntryState, attach_request_id
from segmind_ltx._core.parameters import check_callback, check_seconds
from segmind_ltx._core.results import VideoFacts
from segmind_ltx._files import PartialFile, Progress
from segmind_ltx._http.base_driver import NOTED, BaseDriver
from segmind_ltx._http.driver import Driver
from segmind_ltx.errors import SegmindLtxError

if TYPE_CHECKING:
    from segmind_ltx._http.async_driver import AsyncDriver


@contextmanager
def _telling(request_id: str | None, driver: BaseDriver) -> Generator[None]:
    """Add the job's id to an interrupt or a cancellation, and log it: the video is paid for."""
    try:
        yield
    except BaseException as error:
        if request_id is not None and not isinstance(error, SegmindLtxError):
            attach_request_id(error, request_id)
            driver.context.log.warning(
                "the video of job %s was not saved; take it up again with client.job(%r).result()",
                request_id,
                request_id,
                extra=NOTED,
            )
        raise


@frozen(kw_only=True, slots=False)
class Video(VideoFacts):
    """A finished video."""

    _driver: Driver = field(alias="driver", repr=False, eq=False)

    @classmethod
    def of(cls, facts: VideoFacts, driver: Driver) -> Self:
        """Return a video with these facts, which downloads through ``driver``."""
        return cls(**vars(facts), driver=driver)

    def save(
        self,
        path: str | PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        timeout: float = MAX_DURATION,
    ) -> Path:
        """Save the video at ``path``, and return the path.

        The video is streamed to a temporary file beside ``path`` and then renamed, so ``path`` never holds a partial
        video. The API key is not sent. ``progress`` is called with the bytes so far and the total, or None if unknown.
        Raises `OutputExistsError` if ``path`` exists and ``overwrite`` is false, and `DownloadError` if the video
        cannot be downloaded or written, or is smaller than the service said.

        ``timeout`` bounds the whole download, in seconds; by default an hour. An attempt ends earlier if the connection
        is silent for 30 s (or the client's ``timeout``), if the headers take four times as long, or if the average is
        below 1 kB/s after one minute. If the connection breaks, the next attempt asks only for the rest.
        """
        check_seconds("timeout", timeout)
        check_callback("progress", progress)
        target = PartialFile(Path(path), overwrite=overwrite, request_id=self.request_id, url=self.url)
        with _telling(self.request_id, self._driver), target as file:
            sink = file.sink(progress)
            if self.content is not None:
                sink(self.content, len(self.content))
            elif self.url is not None:
                self._driver.run(download(self._driver.context, self.url, file, sink, self.file_size, timeout))
            saved = file.commit()
        self._driver.journal.update(self.request_id, EntryState.SAVED, file=str(saved.absolute()))
        return saved


@frozen(kw_only=True, slots=False)
class AsyncVideo(VideoFacts):
    """A finished video, of an `AsyncClient`."""

    _driver: AsyncDriver = field(alias="driver", repr=False, eq=False)

    @classmethod
    def of(cls, facts: VideoFacts, driver: AsyncDriver) -> Self:
        """Return a video with these facts, which downloads through ``driver``."""
        return cls(**vars(facts), driver=driver)

    async def save(
        self,
        path: str | PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        timeout: float = MAX_DURATION,
    ) -> Path:
        """Save the video at ``path``, and return the path; see `Video.save`."""
        check_seconds("timeout", timeout)
        check_callback("progress", progress)
        target = PartialFile(Path(path), overwrite=overwrite, request_id=self.request_id, url=self.url)
        with _telling(self.request_id, self._driver), target as file:
            sink = file.sink(progress)
            if self.content is not None:
                sink(self.content, len(self.content))
            elif self.url is not None:
                await self._driver.run(download(self._driver.context, self.url, file, sink, self.file_size, timeout))
            saved = await self._driver.in_thread(file.commit)  # It waits for the disk.
        self._driver.journal.update(self.request_id, EntryState.SAVED, file=str(saved.absolute()))
        return saved
