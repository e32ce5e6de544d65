"""Run a server on a real socket that answers well, or misbehaves if a fault is set."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from support.clocks import FakeClock

ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 8
STAGES = ("submit", "status", "result", "download", "v1")

Fault = Callable[["Line"], None]
"""A function that answers one request badly. Its argument holds the socket and the good response."""


class Line:
    """One request, and the socket for its response."""

    def __init__(self, server: FaultServer, sock: socket.socket, stage: str, good: bytes, kind: str) -> None:
        self.server, self.sock, self.stage, self.good, self.kind = server, sock, stage, good, kind

    def answer(
        self,
        status: int = 200,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        kind: str | None = None,
    ) -> None:
        """Send a whole response."""
        body = self.good if body is None else body
        sent = {"content-type": kind or self.kind, "content-length": str(len(body)), **(headers or {})}
        self.head(status, sent)
        self.sock.sendall(body)

    def head(self, status: int, headers: dict[str, str]) -> None:
        """Send the head of a response."""
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items()), "connection: close"]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode())

    def reset(self) -> None:
        """Close the connection with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def silence_until_read(self) -> None:
        """Let the client read the bytes so far, since a reset discards unread ones."""
        self.sock.settimeout(0.03)
        with contextlib.suppress(TimeoutError):
            self.sock.recv(1)

    def silence(self) -> None:
        """Send nothing until the client disconnects or the test ends."""
        self.sock.settimeout(20)
        self.sock.recv(1)


class FaultServer:
    """Answer the API's calls and the download. ``faults`` lists the faults of the next requests of each stage."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.faults: dict[str, list[Fault]] = {stage: [] for stage in STAGES}
        self.always: dict[str, Fault] = {}
        self.posts: Counter[str] = Counter()
        self.keys: list[tuple[str, str | None]] = []
        self.elsewhere: list[bytes] = []
        self._sockets: list[socket.socket] = []
        self._listening = False
        self._listener = self._bound()
        self.port: int = self._listener.getsockname()[1]
        self._other = self._bound()
        self.other = f"http://127.0.0.1:{self._other.getsockname()[1]}"
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._start(self._other, self._note)

    def _bound(self, port: int = 0) -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        self._sockets.append(sock)
        return sock

    def listen(self) -> None:
        """Accept connections from now on; before, they are refused."""
        self._listening = True
        self._start(self._listener, self._serve)

    def refuse(self) -> None:
        """Refuse connections from now on."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def fill(self) -> None:
        """Fill the queue of connections, so that a further one times out."""
        if self._listener.fileno() < 0:
            self._listener = self._bound(self.port)
        self._listener.listen(0)
        for _ in range(3):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", self.port))
            self._sockets.append(sock)

    def listen_once(self) -> None:
        """Accept connections, if it does not yet."""
        if not self._listening:
            self.listen()

    def _start(self, sock: socket.socket, handle: Callable[[socket.socket], None]) -> None:
        sock.listen(128)

        def accept() -> None:
            while True:
                try:
                    made, _ = sock.accept()
                except OSError:
                    return
                self._sockets.append(made)
                threading.Thread(target=self._handled, args=(handle, made), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def _handled(self, handle: Callable[[socket.socket], None], sock: socket.socket) -> None:
        try:
            with sock:
                handle(sock)
        except OSError:
            return  # The client disconnected, as it may.

    def _note(self, sock: socket.socket) -> None:
        self.elsewhere.append(_request(sock))

    def _serve(self, sock: socket.socket) -> None:
        request = _request(sock)
        if not request:
            return
        head = request.partition(b"\r\n\r\n")[0].decode()
        method, path, _ = head.split("\r\n")[0].split(" ", 2)
        stage = _stage(method, path)
        if method == "POST":
            self.posts[stage] += 1
        found = [line.split(":", 1)[1].strip() for line in head.split("\r\n") if line.lower().startswith("x-api-key:")]
        self.keys.append((stage, found[0] if found else None))
        good, kind = self._good(stage)
        line = Line(self, sock, stage, good, kind)
        queue = self.faults[stage]
        fault = queue.pop(0) if queue else self.always.get(stage)
        if fault is None:
            line.answer()
        else:
            fault(line)

    def _good(self, stage: str) -> tuple[bytes, str]:
        """Return the body of a good response, and its media type."""
        own = f"{self.base_url}/v2/requests/{ID}"
        url = f"{self.base_url}/out/a.mp4"
        answers: dict[str, Any] = {
            "submit": {"request_id": ID, "status": "QUEUED", "status_url": f"{own}/status", "response_url": own},
            "status": {"request_id": ID, "status": "COMPLETED"},
            "result": {"request_id": ID, "status": "COMPLETED", "output": url, "metrics": {"cost": 0.3}},
        }
        if stage in answers:
            return json.dumps(answers[stage]).encode(), "application/json"
        return VIDEO, "video/mp4"

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()


def _request(sock: socket.socket) -> bytes:
    """Read one whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-le")), 0
    )
    while len(body) < length:
        piece = sock.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


def _stage(method: str, path: str) -> str:
    if method == "POST":
        return "v1" if path.startswith("/v1/") else "submit"
    if path.startswith("/out/"):
        return "download"
    return "status" if path.endswith("/status") else "result"
