"""Fixtures for the tests of programs that call the API. Load the plugin by name, so that it affects no other run.

    pytest -p segmind_ltx_sandbox.plugin

``segmind_sandbox`` is a sandbox of its own for each test, with the environment set for it. docs/testing.md has an app
and its tests.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any, Final

import anyio
import pytest
from attrs import frozen

from segmind_ltx_sandbox.http.traffic import ReceivedRequest
from segmind_ltx_sandbox.service.clock import SystemClock
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.service.scenarios import VALID, key_of
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from segmind_ltx_sandbox.video.render import render

SPEED: Final = 1000.0
"""How much faster than usual jobs run: a client that waits in real time has its video in a tenth of a second."""


class SharedClock:
    """One clock for the program and the sandbox: ``Client(clock=segmind_sandbox.clock)``. A sleep moves it at once."""

    def __init__(self, clock: SystemClock) -> None:
        """Move the sandbox's ``clock``."""
        self._clock = clock

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return self._clock.now()

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return self._clock.utc().timestamp()

    def now(self) -> datetime:
        """Return the date."""
        return self._clock.utc()

    def advance(self, seconds: float) -> None:
        """Move the clock forwards."""
        self._clock.advance(seconds)

    def sleep(self, seconds: float) -> None:
        """Move the clock forwards instead of waiting."""
        self._clock.advance(seconds)

    async def asleep(self, seconds: float) -> None:
        """Move the clock forwards instead of waiting."""
        self._clock.advance(seconds)
        await anyio.sleep(0)


@frozen
class SandboxForTests:
    """A running sandbox, and the environment of the test that uses it."""

    running: RunningSandbox
    clock: SharedClock
    _environment: pytest.MonkeyPatch

    @property
    def base_url(self) -> str:
        """The address, as in SEGMIND_BASE_URL."""
        return self.running.base_url

    @property
    def key(self) -> str:
        """The key with which everything works."""
        return VALID

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What was sent so far, oldest first."""
        return self.running.requests

    def use(self, scenario: str) -> str:
        """Put the key of a scenario into SEGMIND_API_KEY, such as "failing" or "no_credits", and return it."""
        key = key_of(scenario)
        self._environment.setenv("SEGMIND_API_KEY", key)
        return key

    def next(self, **fault: Any) -> None:
        """Choose what the next requests get: ``status=429``, ``drop=True``, ``slow=5`` or ``stuck=True``.

        ``times`` is for how many requests, ``on`` for which: any, submit, v1, status, result or output.
        """
        self.running.next(**fault)


@pytest.fixture(scope="session")
def segmind_sandbox_videos() -> VideoCache:
    """Return the videos that the sandboxes of all tests share, so that each is rendered once."""
    return VideoCache(render)


@pytest.fixture
def segmind_sandbox_options() -> dict[str, Any]:
    """Return further arguments of `running_sandbox`. Override this fixture to change them."""
    return {}


@pytest.fixture
def segmind_sandbox(
    monkeypatch: pytest.MonkeyPatch, segmind_sandbox_videos: VideoCache, segmind_sandbox_options: dict[str, Any]
) -> Generator[SandboxForTests]:
    """Yield a sandbox of the test's own, with SEGMIND_BASE_URL and SEGMIND_API_KEY set for it."""
    clock = SystemClock()
    options: dict[str, Any] = {
        "clock": clock,
        "speed": SPEED,
        "videos": segmind_sandbox_videos,
        **segmind_sandbox_options,
    }
    with running_sandbox(**options) as running:
        monkeypatch.setenv("SEGMIND_BASE_URL", running.base_url)
        monkeypatch.setenv("SEGMIND_API_KEY", VALID)
        yield SandboxForTests(running, SharedClock(clock), monkeypatch)
