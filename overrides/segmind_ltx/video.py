"""What a finished job gives: facts about the video, and a way to bring it to disk."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Self

import anyio
import anyio.to_thread
from attrs import field, frozen

from segmind_ltx._core.download import download
from segmind_ltx._core.journal import EntryState
from segmind_ltx._core.results import VideoFacts
from segmind_ltx._files import PartialFile, Progress
from segmind_ltx._http.async_driver import AsyncDriver
from segmind_ltx._http.driver import Driver


@frozen(kw_only=True, slots=False)
class Video(VideoFacts):
    """A finished video."""

    _driver: Driver = field(alias="driver", repr=False, eq=False)

    @classmethod
    def of(cls, facts: VideoFacts, driver: Driver) -> Self:
        """The facts, with a way to bring the video to disk."""
        return cls(**vars(facts), driver=driver)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False, progress: Progress | None = None) -> Path:
        """Bring the video to disk, and return where it lies.

        It is streamed to a temporary file beside ``path`` and renamed, so that no half of it is ever seen under
        that name. The API key is not sent. Raises `OutputExistsError` where ``path`` exists and ``overwrite`` is
        false, and `DownloadError` where the video cannot be had or written, or has fewer bytes than the service told.

        There is no deadline, since a video may be long; but a try is given up after a silence of 30 s (the client's
        ``timeout``), and where after a minute less than 1 kB/s has come on average.
        """
        with PartialFile(Path(path), overwrite=overwrite, request_id=self.request_id, url=self.url) as file:
            sink = file.sink(progress)
            if self.content is not None:
                sink(self.content, len(self.content))
            elif self.url is not None:
                self._driver.run(download(self._driver.context, self.url, file, sink, self.file_size))
            saved = file.commit()
        self._driver.journal.update(self.request_id, EntryState.SAVED, file=str(saved))
        return saved


@frozen(kw_only=True, slots=False)
class AsyncVideo(VideoFacts):
    """A finished video, of an `AsyncClient`."""

    _driver: AsyncDriver = field(alias="driver", repr=False, eq=False)

    @classmethod
    def of(cls, facts: VideoFacts, driver: AsyncDriver) -> Self:
        """The facts, with a way to bring the video to disk."""
        return cls(**vars(facts), driver=driver)

    async def save(
        self, path: str | PathLike[str], *, overwrite: bool = False, progress: Progress | None = None
    ) -> Path:
        """Bring the video to disk, and return where it lies; see `Video.save`."""
        with PartialFile(Path(path), overwrite=overwrite, request_id=self.request_id, url=self.url) as file:
            sink = file.sink(progress)
            if self.content is not None:
                sink(self.content, len(self.content))
            elif self.url is not None:
                await self._driver.run(download(self._driver.context, self.url, file, sink, self.file_size))
            # In a thread, since it waits for the disk.
            saved = await anyio.to_thread.run_sync(file.commit)
        self._driver.journal.update(self.request_id, EntryState.SAVED, file=str(saved))
        return saved
