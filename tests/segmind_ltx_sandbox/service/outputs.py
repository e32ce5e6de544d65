"""Render videos on demand, cache them, and keep the open locations from which they are downloaded."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from anyio.to_thread import run_sync

from segmind_ltx_sandbox.video.spec import VideoSpec

CACHE_BYTES: Final = 256 * 1024 * 1024
"""Bytes of video that are kept in memory."""

Render = Callable[[VideoSpec], bytes]


class VideoCache:
    """A cache of videos, bounded by their bytes. The least recently used video is dropped first."""

    def __init__(self, render: Render, limit: int = CACHE_BYTES) -> None:
        """Render videos with ``render`` and keep ``limit`` bytes of them."""
        self._render = render
        self._limit = limit
        self._videos: OrderedDict[VideoSpec, bytes] = OrderedDict()
        self._lock = threading.Lock()
        # One video at a time: the encoder uses every core, so two at once would take as long. If two requests ask for
        # the same video, the second finds it in the cache.
        self._rendering = threading.Lock()
        self.size = 0
        self.renders = 0

    async def get(self, video_spec: VideoSpec) -> bytes:
        """Return the video from memory, or render it in a worker thread."""
        kept = self._cached(video_spec)
        return await run_sync(self._get_or_render, video_spec) if kept is None else kept

    def clear(self) -> None:
        """Drop every video; each is rendered again when it is next requested."""
        with self._lock:
            self._videos.clear()
            self.size = 0

    def _cached(self, video_spec: VideoSpec) -> bytes | None:
        with self._lock:
            video = self._videos.get(video_spec)
            if video is not None:
                self._videos.move_to_end(video_spec)
            return video

    def _get_or_render(self, video_spec: VideoSpec) -> bytes:
        with self._rendering:
            video = self._cached(video_spec)
            if video is None:
                video = self._render(video_spec)
                self._store(video_spec, video)
            return video

    def _store(self, video_spec: VideoSpec, video: bytes) -> None:
        with self._lock:
            self.renders += 1
            self._videos[video_spec] = video
            self.size += len(video)
            while self.size > self._limit and self._videos:
                _, dropped = self._videos.popitem(last=False)
                self.size -= len(dropped)


class Outputs:
    """The open locations of videos. A location exists once a response has named it."""

    def __init__(self, cache: VideoCache, retention: float) -> None:
        """Serve the videos of ``cache``, each for ``retention`` seconds after its job ended."""
        self.cache = cache
        self.retention = retention
        self._secret = secrets.token_bytes(16)
        self._open: dict[str, tuple[VideoSpec, float]] = {}

    def __len__(self) -> int:
        """Return how many locations are open."""
        return len(self._open)

    def name(self, request_id: str) -> str:
        """Return the file name of a request's video: stable, and not to be guessed from the id."""
        return hashlib.blake2b(request_id.encode(), digest_size=16, key=self._secret).hexdigest() + ".mp4"

    def open(self, request_id: str, video_spec: VideoSpec, made: float, now: float) -> str:
        """Open the location of a request's video and return its file name."""
        self._close(now)
        name = self.name(request_id)
        self._open.setdefault(name, (video_spec, made + self.retention))
        return name

    def find(self, name: str, now: float) -> VideoSpec | None:
        """Return the spec of the video at an open location, or None if there is none or it has closed."""
        video_spec, closes = self._open.get(name, (None, 0.0))
        return video_spec if now <= closes else None

    def _close(self, now: float) -> None:
        # Locations are in the order of opening. If one closes out of order, `find` hides it until it is deleted here.
        while self._open:
            first = next(iter(self._open))
            if now <= self._open[first][1]:
                return
            del self._open[first]


def video_file(origin: str, name: str, size: int) -> Mapping[str, Any]:
    """Return the description of a video for a result."""
    return {
        "url": f"{origin}/outputs/{name}",
        "content_type": "video/mp4",
        "file_name": name,
        "file_size": size,
    }
