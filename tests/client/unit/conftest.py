"""Provide a proxy that answers every request itself."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Generator

import pytest

ANSWER = b'{"request_id": "job-1", "status": "QUEUED"}'


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[bytes] = []


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        lines = iter(self.rfile.readline, b"\r\n")
        assert isinstance(self.server, _Proxy)
        self.server.asked.append(b"".join(lines))
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" + ANSWER)


@pytest.fixture
def proxy() -> Generator[tuple[str, list[bytes]]]:
    """Start a proxy; give its URL and the requests that it receives."""
    with _Proxy() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", server.asked
        server.shutdown()
