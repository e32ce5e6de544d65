"""Run the async client over the transport of the extra `aiohttp`."""

from __future__ import annotations

import anyio
from httpx_aiohttp import AiohttpTransport

from segmind_ltx import AsyncClient
from segmind_ltx_api.models.ltx_video_request import LtxVideoRequest
from segmind_ltx_sandbox.testing import running_sandbox


def test_many_jobs_over_aiohttp() -> None:
    """Many jobs over aiohttp give their videos."""

    async def main(key: str, base_url: str) -> list[int]:
        requests = [LtxVideoRequest(prompt=f"kite {number}") for number in range(20)]
        async with (
            AsyncClient(key, base_url, transport=AiohttpTransport()) as client,
            client.generate_many(requests, concurrency=20, poll_interval=0.02) as outcomes,
        ):
            return [outcome.index async for outcome in outcomes if outcome.result().url]

    with running_sandbox(speed=400) as sandbox:
        assert sorted(anyio.run(main, sandbox.key, sandbox.base_url)) == list(range(20))
        assert len(sandbox.state.jobs) == 20
