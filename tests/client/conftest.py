"""The client against the sandbox over real HTTP, both under one clock that nobody waits for."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import anyio
import pytest

from segmind_ltx import AsyncClient, Client
from segmind_ltx_sandbox import ManualClock
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox

Step = Callable[[Any], Any]


class LinkedClock:
    """The client's clock, made of the sandbox's: where the client sleeps, the sandbox's jobs go on."""

    def __init__(self, other: ManualClock) -> None:
        self._other = other

    def monotonic(self) -> float:
        return self._other.now()

    def time(self) -> float:
        return self._other.utc().timestamp()

    def sleep(self, seconds: float) -> None:
        self._other.advance(seconds)

    def asleep(self, seconds: float) -> Awaitable[None]:
        self.sleep(seconds)
        return anyio.sleep(0)


class Live:
    """Runs the same steps with either client against a sandbox: each step takes what the one before it gave."""

    def __init__(self, sandbox: RunningSandbox, kind: str) -> None:
        self.sandbox, self.kind = sandbox, kind
        assert isinstance(sandbox.clock, ManualClock)
        self.clock = LinkedClock(sandbox.clock)

    def __call__(self, *steps: Step, key: str | None = None) -> Any:
        options: dict[str, Any] = {"base_url": self.sandbox.base_url, "clock": self.clock}
        options["api_key"] = key or self.sandbox.key
        if self.kind == "sync":
            with Client(**options) as client:
                value: Any = client
                for step in steps:
                    value = step(value)
                return value

        async def main() -> Any:
            async with AsyncClient(**options) as client:
                value: Any = client
                for step in steps:
                    value = step(value)
                    if inspect.isawaitable(value):
                        value = await value
                return value

        return anyio.run(main, backend=self.kind)


@pytest.fixture(scope="session")
def live_sandbox() -> Generator[RunningSandbox]:
    """One for all tests of a process, so that each video is drawn once. Its clock only ever goes on."""
    with running_sandbox(clock=ManualClock(), speed=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def json_sandbox() -> Generator[RunningSandbox]:
    """One whose blocking calls answer JSON."""
    with running_sandbox(clock=ManualClock(), speed=1, v1_json=True) as sandbox:
        yield sandbox


@pytest.fixture(params=["sync", "asyncio", "trio"])
def live(request: pytest.FixtureRequest, live_sandbox: RunningSandbox) -> Live:
    return Live(live_sandbox, request.param)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def live_json(request: pytest.FixtureRequest, json_sandbox: RunningSandbox) -> Live:
    return Live(json_sandbox, request.param)
