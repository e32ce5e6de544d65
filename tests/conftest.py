"""Provide a clock that no test waits for, and one way to call both clients."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Generator
from typing import Any

import pytest
import respx

from support.callers import BASE, CALLERS, Caller
from support.clocks import FakeClock
from support.platforms import skip_reason

# The command line keeps a ledger by itself; not in the home of who runs the tests.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="segmind-ltx-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)

# Tests start some hundred programs; without their compiled modules each takes twice as long to start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A background job of a shell ignores SIGINT, and so do its children; some tests interrupt theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Take two workers more than there are processors: many tests wait for a socket or a program."""
    return (yield) + (0 if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") else 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that this machine cannot run."""
    for item in items:
        if reason := skip_reason({mark.name for mark in item.iter_markers()}):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Remove the machine's settings."""
    for name in ("SEGMIND_API_KEY", "SEGMIND_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def _poll_often(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Allow intervals that a service would not like, so that tests of many jobs need not wait."""
    monkeypatch.setattr("segmind_ltx._core.wait.MIN_STEP", 0.001)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Fail if a test connects to another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest, clock: FakeClock) -> Caller:
    """Call each of the clients in the same way; a test that uses it runs once with each."""
    return Caller(request.param, clock)


@pytest.fixture
def wire() -> Generator[respx.MockRouter]:
    """Route the API's paths to made-up responses."""
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router
