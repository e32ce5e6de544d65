"""Tunnels that are not built, and responses without an end; over real sockets."""

# A step takes what the one before it gave, and asyncio's and trio's clients are run alike.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

import segmind_ltx as ltx
from support.fault_server import Fault, FaultServer, Line

KEY = "SG_0123456789abcdef"
ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"
ACCEPTED = json.dumps({"request_id": ID, "status": "QUEUED"}).encode()
SUBMIT: dict[str, Any] = {"prompt": "x"}


def proxy_that(answer: bytes | None) -> tuple[str, list[bytes]]:
    """Start a proxy that answers each request with the same bytes, or with silence; return what it was asked."""
    listener, asked = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def serve() -> None:
        while True:
            sock, _ = listener.accept()
            asked.append(sock.recv(65536))
            if answer is None:
                kept.append(sock)
                continue
            sock.sendall(answer)
            sock.close()

    kept: list[socket.socket] = []
    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", asked


PROXIES: dict[str, bytes | None] = {
    "407": b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
    "502": b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
    "FIN": b"",
    "garbage": b"hello\r\n\r\n",
    "silence": None,
    "no TLS behind it": b"HTTP/1.1 200 OK\r\n\r\nhello",
}


@pytest.mark.parametrize("answer", PROXIES)
@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_tunnel_that_is_not_built_is_not_sending(answer: str, kind: str) -> None:
    """Whatever a proxy answers to CONNECT, nothing is billed: the request did not leave."""
    url, asked = proxy_that(PROXIES[answer])
    options: Any = {"proxy": url, "timeout": 0.2, "max_submit_retries": 0}

    def submit() -> None:
        with ltx.Client(KEY, "https://api.example.test", **options) as client:
            client.submit("ltx-video", prompt="x")

    async def main() -> None:
        async with ltx.AsyncClient(KEY, "https://api.example.test", **options) as client:
            await client.submit("ltx-video", prompt="x")

    with pytest.raises(ltx.APIConnectionError) as caught:
        submit() if kind == "sync" else anyio.run(main)
    assert type(caught.value) is ltx.APIConnectionError
    assert "Nothing is billed" in str(caught.value)
    assert [request.split(b" ")[0] for request in asked] == [b"CONNECT"]


def drip_after(body: bytes) -> Fault:
    def answer(line: Line) -> None:
        line.head(200, {"content-type": "application/json"})
        line.sock.sendall(body)
        pause = threading.Event()
        while not pause.wait(0.02):  # It lasts until the client goes.
            line.sock.sendall(b" ")

    return answer


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_id_in_front_of_a_drip_is_read(faulty: FaultServer, kind: str) -> None:
    """If the whole JSON came and blanks drip after it, the job is known."""
    faulty.always["submit"] = drip_after(ACCEPTED)
    faulty.listen()

    async def main() -> str:
        async with ltx.AsyncClient(KEY, faulty.base_url, timeout=0.1) as client:
            return (await client.submit("ltx-video", prompt="x")).id

    if kind == "sync":
        with ltx.Client(KEY, faulty.base_url, timeout=0.1) as client:
            assert client.submit("ltx-video", prompt="x").id == ID
    else:
        assert anyio.run(main) == ID
    assert sum(faulty.posts.values()) == 1


def early_hints(line: Line) -> None:
    pause = threading.Event()
    while not pause.wait(0.02):
        line.sock.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")


def dripping(status: int) -> Fault:
    def answer(line: Line) -> None:
        line.head(status, {"location": "/out/a.mp4", "content-type": "text/html"})
        pause = threading.Event()
        while not pause.wait(0.02):
            line.sock.sendall(b".")

    return answer


ENDLESS: dict[str, Fault] = {"103": early_hints, "503": dripping(503), "302": dripping(302)}


@pytest.mark.parametrize("fault", ENDLESS)
@pytest.mark.parametrize("call", ["v1", "download", "status"])
@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_endless_answer_has_an_end(
    faulty: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, call: str, fault: str
) -> None:
    """Interim responses, errors and redirects that drip without end are given up, in each kind of call."""
    monkeypatch.setattr("segmind_ltx._core.submit.VIDEO_TIME", 0.0)
    faulty.always[call] = ENDLESS[fault]
    faulty.listen()
    steps: dict[str, Callable[[Any], Any]] = {
        "v1": lambda client: client.generate_blocking("ltx-video", prompt="x", timeout=0.1),
        "status": lambda client: client.job(ID).status(),
        "download": lambda client: client.job(ID).result(),
    }
    options: Any = {"timeout": 0.1, "max_retries": 0}

    def run() -> None:
        with ltx.Client(KEY, faulty.base_url, **options) as client:
            video = steps[call](client)
            if call == "download":
                video.save(tmp_path / "a.mp4")

    async def main() -> None:
        async with ltx.AsyncClient(KEY, faulty.base_url, **options) as client:
            video = await steps[call](client)
            if call == "download":
                await video.save(tmp_path / "a.mp4")

    begun = time.monotonic()
    with pytest.raises(ltx.SegmindLtxError):
        run() if kind == "sync" else anyio.run(main)
    assert time.monotonic() - begun < 10
