"""Measure how many submits a second the sandbox takes, beside prism with the same contract."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import urlsplit

import _npm
from bench.harness import KEY, PROMPT, BenchError, Row, Section, paired, say
from segmind_ltx._cli.demo import sandbox
from segmind_ltx_spec import OPENAPI_PATH

AT_LEAST: Final = 1.0
CONNECTIONS: Final = 8
TOOLS: Final = Path(__file__).resolve().parents[1] / "check_spec"
"""Where prism is pinned."""
BODY: Final = f'{{"prompt": "{PROMPT}"}}'.encode()

TEXT: Final = """\
Both take the same submits over {connections} connections for {seconds:g} s, in turn, {rounds} times; the figures are
medians. prism {version} checks each body against openapi.yaml and answers with the example; the sandbox checks it, and
keeps a job.
"""


def measure(*, quick: bool) -> Section:
    """Compare the submits a second of the two servers."""
    rounds, seconds = (1, 1.0) if quick else (5, 3.0)
    try:
        _npm.install(TOOLS, *_npm.SPEC_TOOLS)
    except _npm.UnavailableError as error:
        raise BenchError(f"prism cannot be had: {error}") from None
    ours: list[float] = []
    others: list[float] = []
    with sandbox(1000) as here, _prism() as there:
        for number in range(rounds):
            say(f"submits to the sandbox and to prism: round {number + 1} of {rounds}")
            ours.append(asyncio.run(_submits(here, seconds)))
            others.append(asyncio.run(_submits(there, seconds)))
    ratio = paired(ours, others)
    here, there = (f"{median(figures):.0f}/s" for figures in (ours, others))
    held = None if quick else ratio >= AT_LEAST
    row = Row("submits to the sandbox, beside prism", here, there, ratio, f"≥ {AT_LEAST:g}", held)
    version = _npm.version(TOOLS, "@stoplight/prism-cli")
    text = TEXT.format(connections=CONNECTIONS, seconds=seconds, rounds=rounds, version=version)
    return Section("The sandbox as a mock server", text, [row])


async def _submits(base_url: str, seconds: float) -> float:
    """Return the accepted submits a second, over plain sockets, so that the client costs next to nothing."""
    address = urlsplit(base_url)
    head = (
        f"POST /v2/ltx-video HTTP/1.1\r\nhost: {address.netloc}\r\nx-api-key: {KEY}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n"
    )
    request = head.encode() + BODY
    began = time.perf_counter()

    async def submit() -> int:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        count = 0
        while time.perf_counter() - began < seconds:
            writer.write(request)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            if not answer.startswith("http/1.1 200"):
                raise BenchError(f"{base_url} answered a submit with {answer.splitlines()[0]}")
            length = next(line for line in answer.split("\r\n") if line.startswith("content-length:"))
            await reader.readexactly(int(length.partition(":")[2]))
            count += 1
        writer.close()
        return count

    counts = await asyncio.gather(*(submit() for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - began)


@contextmanager
def _prism() -> Generator[str]:
    """Run prism on a free loopback port. Yield its address as soon as it listens."""
    with tempfile.TemporaryFile("w") as log, _npm.prism(TOOLS, OPENAPI_PATH, log) as (url, _):
        _wait_for(urlsplit(url).port)
        yield url


def _wait_for(port: int | None) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise BenchError("prism did not start within 30 seconds") from None
            time.sleep(0.1)
        else:
            return
