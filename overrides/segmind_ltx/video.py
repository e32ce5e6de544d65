"""What a finished job gives: facts about the video, and a way to bring it to disk."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.to_thread
from attrs import field, frozen

from segmind_ltx._download import download
from segmind_ltx._files import PartialFile, Progress
from segmind_ltx._notes import SAVED

if TYPE_CHECKING:
    from segmind_ltx._drive import AsyncDriver, Driver


@frozen
class JobStatus:
    """A job's state at one moment. Times are in seconds, None where the service did not say.

    ``state`` is QUEUED, PROCESSING, COMPLETED or FAILED by the documents; another word is passed on as it came.
    ``detail`` says why a job FAILED.
    """

    request_id: str
    state: str
    detail: str | None = None
    queue_time: float | None = None
    inference_time: float | None = None
    total_time: float | None = None
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)

    @property
    def finished(self) -> bool:
        """Whether the job has ended, well or badly."""
        return self.state in {"COMPLETED", "FAILED"}


@frozen(kw_only=True, slots=False)
class VideoFacts:
    """What the service said of a video. Prices in USD, times in seconds, sizes in bytes; None where it did not say.

    ``url`` is on another host, needs no key, and dies after seven days (from the vendor's other pages).
    ``content`` is the video itself where a v1 call answered with it. ``raw`` is the JSON answer as it came.
    """

    request_id: str | None
    model: str | None
    url: str | None
    content: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    file_name: str | None = None
    file_size: int | None = None
    cost: float | None = None
    remaining_credits: float | None = None
    queue_time: float | None = None
    inference_time: float | None = None
    total_time: float | None = None
    seed: int | None = None
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)

    def _repr_html_(self) -> str:
        """A player, in a notebook."""
        source = self.url
        if self.content is not None:
            source = f"data:{self.content_type or 'video/mp4'};base64,{base64.b64encode(self.content).decode()}"
        return f'<video controls width="480" src="{html.escape(source or "")}"></video>'


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
                self._driver.run(download(self._driver.env, self.url, file, sink, self.file_size))
            saved = file.commit()
        self._driver.notes.note(self.request_id, SAVED, file=str(saved))
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
                await self._driver.run(download(self._driver.env, self.url, file, sink, self.file_size))
            # In a thread, since it waits for the disk.
            saved = await anyio.to_thread.run_sync(file.commit)
        self._driver.notes.note(self.request_id, SAVED, file=str(saved))
        return saved
