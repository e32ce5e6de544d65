"""Run many jobs with one of the clients. Each function imports its own client, so a process loads only one."""

from __future__ import annotations

import argparse
import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from bench.harness import KEY, PROMPT

TIMEOUT: Final = 3600.0
"""Seconds, so long that no job reaches its deadline."""

Errors = Counter[str]
Run = Callable[[], Errors]


def segmind(options: argparse.Namespace) -> Run:
    """Share one client of the vendor's SDK between threads; each thread runs one job after another."""
    client = _sdk(options)
    return _in_threads(options, lambda: client)


def segmind_each(options: argparse.Namespace) -> Run:
    """Give each thread a client of its own. They are made before the measurement, because making them costs a lot."""
    clients = [_sdk(options) for _ in range(options.at_once)]
    own = threading.local()

    def client() -> Any:
        if not hasattr(own, "client"):
            own.client = clients.pop()
        return own.client

    return _in_threads(options, client)


def _sdk(options: argparse.Namespace) -> Any:
    from segmind import SegmindClient  # pyright: ignore[reportMissingTypeStubs]

    made: Any = SegmindClient(api_key=KEY, base_url=f"{options.url}/v1")  # Its own types are partial.
    return made


def _in_threads(options: argparse.Namespace, client: Callable[[], Any]) -> Run:
    chosen = {} if options.interval is None else {"interval": options.interval}

    def one(_: int) -> str | None:
        try:
            client().submit_async(options.model, prompt=PROMPT).wait(timeout=TIMEOUT, **chosen)["output"]
        except Exception as error:  # Any exception counts: the job was paid for, and gave no video.
            return type(error).__name__
        return None

    def run() -> Errors:
        with ThreadPoolExecutor(options.at_once) as pool:
            return Counter(name for name in pool.map(one, range(options.jobs)) if name)

    return run


def ours(options: argparse.Namespace) -> Run:
    """Use `Client.generate_many`."""
    from segmind_ltx import Client

    client = Client(KEY, options.url)

    def run() -> Errors:
        outcomes = client.generate_many(
            _requests(options), concurrency=options.at_once, timeout=TIMEOUT, poll_interval=options.interval
        )
        return Counter(type(outcome.error).__name__ for outcome in outcomes if outcome.video is None)

    return run


def ours_async(options: argparse.Namespace, transport: Any = None) -> Run:
    """Use `AsyncClient.generate_many`, under asyncio."""
    from segmind_ltx import AsyncClient

    async def arun() -> Errors:
        errors = Errors()
        async with (
            AsyncClient(KEY, options.url, transport=transport) as client,
            client.generate_many(
                _requests(options), concurrency=options.at_once, timeout=TIMEOUT, poll_interval=options.interval
            ) as outcomes,
        ):
            async for outcome in outcomes:
                if outcome.video is None:
                    errors[type(outcome.error).__name__] += 1
        return errors

    return lambda: asyncio.run(arun())


def ours_aiohttp(options: argparse.Namespace) -> Run:
    """Use `AsyncClient.generate_many` over aiohttp's transport."""
    from httpx_aiohttp import AiohttpTransport

    return ours_async(options, AiohttpTransport())


def _requests(options: argparse.Namespace) -> list[Any]:
    from segmind_ltx_api.contract import MODELS

    return [MODELS[options.model].request(prompt=PROMPT) for _ in range(options.jobs)]


CLIENTS: Final[dict[str, Callable[[argparse.Namespace], Run]]] = {
    "segmind": segmind,
    "segmind-each": segmind_each,
    "ours": ours,
    "ours-async": ours_async,
    "ours-aiohttp": ours_aiohttp,
}
