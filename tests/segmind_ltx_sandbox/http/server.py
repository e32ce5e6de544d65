"""Serve the sandbox on a port."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Generator

import uvicorn
from starlette.types import ASGIApp


class ListenError(Exception):
    """The server cannot listen on an address; the message says why."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address; port 0 takes any free port. Raise `ListenError` if that fails."""
    if not 0 <= port <= 65535:
        raise ListenError(f"{port} is not a port; it must be from 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"cannot listen on {host}: {error}") from error
    try:
        if sys.platform != "win32":  # On Windows it would let two servers share the port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(2048)
    except OSError as error:
        sock.close()
        raise ListenError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
    return sock


def url_of(sock: socket.socket) -> str:
    """Return the address of a bound socket as a URL."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """A uvicorn server that calls back once it accepts connections."""

    def __init__(self, app: ASGIApp, started: Callable[[], None]) -> None:
        """Serve ``app``; call ``started`` once it accepts connections."""
        # A blocking call in real time would delay the shutdown by minutes, so wait one second at most.
        config = uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            date_header=False,  # The application dates its responses by the sandbox's clock.
        )
        super().__init__(config)
        self._on_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call back."""
        await super().startup(sockets=sockets)
        self._on_started()


def serve(app: ASGIApp, sock: socket.socket, started: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then return. ``started`` is called with the URL."""
    with sock, _signals_end_quietly():
        Server(app, lambda: started(url_of(sock))).run(sockets=[sock])


@contextlib.contextmanager
def _signals_end_quietly() -> Generator[None]:
    # uvicorn stops at a signal and then raises it again. Ignore the second one: the server has stopped, and the
    # process exits with 0.
    before = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except _Stopped:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Stopped(BaseException):
    """A signal asked the server to stop."""


def _stop(_number: int, _frame: object) -> None:
    raise _Stopped
