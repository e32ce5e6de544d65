"""Fixtures of all tests: a clock that needs no waiting, one way to call both clients, and no network."""

from __future__ import annotations

import signal
import socket
from collections.abc import Generator
from typing import Any

import pytest
import respx

from support.callers import BASE, Caller
from support.clocks import FakeClock

# If pytest runs in the background of a shell, it ignores SIGINT, and so do its children. Some tests interrupt theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Remove the settings of this machine, so that no test depends on them."""
    for name in ("SEGMIND_API_KEY", "SEGMIND_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def _poll_often(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Allow intervals that a service would not like, so that tests of many jobs need not wait."""
    monkeypatch.setattr("segmind_ltx._core.wait.MIN_STEP", 0.001)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Fail if a test connects to anything but loopback."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sync", "asyncio"])
def caller(request: pytest.FixtureRequest, clock: FakeClock) -> Caller:
    """Return a caller of one client; a test that uses it runs once with each."""
    return Caller(request.param, clock)


@pytest.fixture
def wire() -> Generator[respx.MockRouter]:
    """Yield a router of mock responses in place of the API."""
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router
