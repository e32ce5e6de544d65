"""Memory and open files stay flat over many calls with faults in between. ``nox -s soak`` makes 100,000."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import segmind_ltx as ltx
from support.clocks import FakeClock

# Both figures come from Linux's /proc.
pytestmark = pytest.mark.linux_only

CALLS = int(os.environ.get("SEGMIND_LTX_CALLS", "800"))
GROWTH = 4 << 20
"""Bytes by which the memory of a process may differ: its allocator keeps a reserve."""
SILENT = logging.Logger("silent", logging.CRITICAL)
"""pytest keeps each record that is logged, and a retry logs one."""
OPTIONS: dict[str, Any] = {"api_key": "SG_0123456789abcdef", "max_retries": 1}
SERVER = """
import itertools, socketserver
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
count = itertools.count(1)
class Handler(BaseHTTPRequestHandler):
    protocol_version, wbufsize = "HTTP/1.1", 65536
    def do_GET(self):
        number = next(count)
        if number % 31 == 0:
            self.close_connection = True  # No answer at all.
            return
        status, body = (502, b"<html>") if number % 7 == 0 else (200, b'{"request_id": "a", "status": "PROCESSING"}')
        if number % 13 == 0:
            body = body[:20]  # Cut off, which no length shows.
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
ThreadingHTTPServer.request_queue_size = 256
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


class Waitless(FakeClock):
    """Forgets how long it slept."""

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def address() -> Iterator[str]:
    """Run a server with faults in a process of its own, so that its memory does not count."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.kill()


def use() -> tuple[int, int]:
    """Return the bytes of memory and the number of open files of this process."""
    gc.collect()
    resident = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert resident is not None
    return 1024 * int(resident[1]), len(list(Path("/proc/self/fd").iterdir()))


def flat(between: Callable[[int], None]) -> None:
    """Make a quarter of the calls as a warm-up, then the others; memory may not grow, and one connection is open."""
    _, files = use()
    between(CALLS // 4)
    memory, _ = use()
    between(CALLS - CALLS // 4)
    more, left = use()
    assert more - memory < GROWTH
    assert left <= files + 1


def test_sync_calls_leave_nothing(address: str) -> None:
    """One client reads a job again and again; some calls fail, others are made again."""
    with ltx.Client(base_url=address, clock=Waitless(), logger=SILENT, **OPTIONS) as client:
        job = client.job("a")
        outcomes: dict[str, int] = {}

        def between(calls: int) -> None:
            for _ in range(calls):
                try:
                    outcome = job.status().state
                except ltx.SegmindLtxError as error:
                    outcome = type(error).__name__
                outcomes[outcome] = outcomes.get(outcome, 0) + 1

        flat(between)
    assert outcomes["PROCESSING"] > CALLS / 2
    assert len(outcomes) > 1


def test_async_calls_leave_nothing(address: str) -> None:
    """The same with the async client, a hundred calls at once."""

    async def main() -> None:
        async with ltx.AsyncClient(base_url=address, clock=Waitless(), logger=SILENT, **OPTIONS) as client:
            job = client.job("a")

            async def read(calls: int) -> None:
                for _ in range(calls // 100):
                    await asyncio.gather(*(job.status() for _ in range(100)), return_exceptions=True)

            _, files = use()
            await read(CALLS // 4)
            memory, _ = use()
            await read(CALLS - CALLS // 4)
            more, left = use()
            assert more - memory < GROWTH
            # A connection for each call at once; how many a fault has closed at the moment varies.
            assert left <= files + 100

    asyncio.run(main())
