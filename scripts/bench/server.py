"""Serve as much of the API as a benchmark needs, so cheaply that nearly all time is the client's.

The server stores no jobs: a request id contains the moment at which its job is done. It is a program of its own, so
that it shares no interpreter with a client. It prints its port, and ends if its standard input is closed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import time
from typing import Any, Final

END: Final = b"\r\n\r\n"
BYTE_INTERVAL: Final = 0.2
"""Seconds between two bytes of a response, if it is sent byte by byte."""


class Api:
    """Compute the responses, for jobs of so many seconds.

    Beside the API, ``/count`` returns the number of requests so far, and after ``/warm`` the next job is done at once.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.count, self.base = seconds, 0, ""
        self._at_once = False
        self._numbers = itertools.count()

    def answer(self, method: bytes, path: str) -> dict[str, Any]:
        """Return the body of a response with status 200."""
        if path == "/warm":
            self._at_once = True
        if not path.startswith("/v2/"):
            return {"count": self.count}
        self.count += 1
        if method == b"POST":
            return self._accepted()
        request_id, _, rest = path.removeprefix("/v2/requests/").partition("/")
        done = time.monotonic() >= int(request_id[:16], 16) / 1e6
        state = {"request_id": request_id, "status": "COMPLETED" if done else "PROCESSING"}
        return {**state, "metrics": {"queue_time": 0.0}} if rest or not done else {**state, **self._made(request_id)}

    def _accepted(self) -> dict[str, Any]:
        done = time.monotonic() + (0.0 if self._at_once else self.seconds)
        self._at_once = False
        request_id = f"{int(done * 1e6):016x}-{next(self._numbers):08x}"
        at = f"{self.base}/v2/requests/{request_id}"
        return {"request_id": request_id, "status": "QUEUED", "status_url": f"{at}/status", "response_url": at}

    def _made(self, request_id: str) -> dict[str, Any]:
        url = f"{self.base}/outputs/{request_id}.mp4"
        video = {"url": url, "content_type": "video/mp4", "file_name": f"{request_id}.mp4", "file_size": 1894012}
        times = {"queue_time": 0.0, "inference_time": self.seconds, "total_time": self.seconds}
        return {"output": url, "video": video, "metrics": {"cost": 0.36, "remaining_credits": 12.4, **times}}


class Connection(asyncio.Protocol):
    """Answer the requests of one connection in their order; a request may come in pieces."""

    def __init__(self, api: Api, latency: float, *, byte_by_byte: bool) -> None:
        self._api, self._latency, self._byte_by_byte = api, latency, byte_by_byte
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport, to which the responses are written."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server makes no other
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(END)) >= 0:
            head = self._buffer[:end]
            size = end + len(END) + _body_size(head)
            if len(self._buffer) < size:
                return
            self._buffer = self._buffer[size:]
            method, target, _ = head.split(b" ", 2)
            self._send(method, json.dumps(self._api.answer(method, target.decode())).encode())

    def _send(self, method: bytes, body: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - data comes after the connection
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        loop = asyncio.get_running_loop()
        if self._byte_by_byte and method == b"GET":
            self._transport.write(head)
            for number, byte in enumerate(body):
                loop.call_later(BYTE_INTERVAL * (number + 1), self._write_byte, bytes([byte]))
        elif self._latency:
            loop.call_later(self._latency, self._transport.write, head + body)
        else:
            self._transport.write(head + body)

    def _write_byte(self, byte: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(byte)


def _body_size(head: bytes) -> int:
    if head.startswith(b"GET"):
        return 0
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def _serve(options: argparse.Namespace) -> None:
    api, loop = Api(options.seconds), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(api, options.latency, byte_by_byte=options.byte_by_byte), "127.0.0.1", 0, backlog=4096
    )
    port = server.sockets[0].getsockname()[1]
    api.base = f"http://127.0.0.1:{port}"
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    """Serve until standard input is closed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=0.0, help="duration of a job")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each response")
    parser.add_argument("--byte-by-byte", action="store_true", help="send the responses to polls byte by byte")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
