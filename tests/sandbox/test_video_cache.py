"""Test the cache of videos: each is rendered once, and the least recently used one is dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from attrs import evolve

from segmind_ltx_sandbox import ManualClock, Sandbox
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.video.spec import VideoSpec
from segmind_ltx_spec import load

SMALL = VideoSpec("some-model", "Some model", 64, 48, 6, 12, sound=False, prompt="A heron.", seed="random")


@pytest.mark.anyio
async def test_identical_requests_render_once(
    api: httpx.AsyncClient, clock: ManualClock, sandbox: Sandbox, payload: Callable[..., dict[str, Any]]
) -> None:
    """Identical requests have their own outputs and share one rendered video."""
    model = load().models["ltx-video"]
    jobs = [(await api.post(model.v2, json=payload(model))).json() for _ in range(5)]
    assert sandbox.videos.renders == 0
    clock.advance(model.seconds)
    for job in jobs:
        await api.get(job["status_url"])
    assert sandbox.videos.renders == 0
    outputs = {(await api.get(job["response_url"])).json()["output"] for job in jobs}
    assert len(outputs) == 5
    assert sandbox.videos.renders == 1


@pytest.mark.anyio
async def test_concurrent_requests_render_once() -> None:
    """If several requests need the same video at once, it is rendered once."""
    started, release = threading.Event(), threading.Event()

    def slowly(video_spec: VideoSpec) -> bytes:
        started.set()
        assert release.wait(10)
        return video_spec.slug.encode()

    cache = VideoCache(slowly)
    got: list[bytes] = []

    async def ask() -> None:
        got.append(await cache.get(SMALL))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask)
        await anyio.to_thread.run_sync(started.wait)
        release.set()
    assert got == [b"some-model"] * 5
    assert cache.renders == 1


@pytest.mark.anyio
async def test_cache_drops_least_recently_used() -> None:
    """The cache drops the least recently used video, and returns a video that is too large to keep."""
    cache = VideoCache(lambda video_spec: bytes(video_spec.frames), limit=100)
    one, two, three = (evolve(SMALL, frames=40, seed=str(n)) for n in range(3))
    for video_spec in (one, two, one, three, one):
        assert len(await cache.get(video_spec)) == 40
    assert (cache.renders, cache.size) == (3, 80)
    await cache.get(two)
    assert cache.renders == 4
    assert len(await cache.get(evolve(SMALL, frames=200))) == 200  # Too large for the cache, and returned all the same.
    assert cache.size == 0
