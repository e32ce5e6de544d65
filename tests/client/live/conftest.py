"""Run the client against the sandbox over real HTTP, both on one clock that no test waits for."""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest
from starlette.datastructures import Headers

from segmind_ltx_sandbox import Behaviour, ManualClock
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from support.callers import Live
from support.many import Many, PromptedService


@pytest.fixture(scope="session")
def live_sandbox() -> Generator[RunningSandbox]:
    """Run one sandbox for all tests of a process: each video is drawn once, and the clock only advances."""
    with running_sandbox(clock=ManualClock(), speed=1) as sandbox:
        yield sandbox


class OnlyJSON(Behaviour):
    """Returns JSON from blocking calls, whatever the client prefers."""

    def returns_bytes(self, headers: Headers) -> bool:  # noqa: ARG002
        """Return False."""
        return False


@pytest.fixture(scope="session")
def json_sandbox() -> Generator[RunningSandbox]:
    """Run a sandbox whose blocking calls return JSON, whatever the client prefers."""
    with running_sandbox(clock=ManualClock(), speed=1, behaviour=OnlyJSON) as sandbox:
        yield sandbox


@pytest.fixture(params=["sync", "asyncio", "trio"])
def live(request: pytest.FixtureRequest, live_sandbox: RunningSandbox) -> Live:
    return Live(live_sandbox, request.param)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def live_json(request: pytest.FixtureRequest, json_sandbox: RunningSandbox) -> Live:
    return Live(json_sandbox, request.param)


@pytest.fixture
def prompted_sandbox() -> Generator[RunningSandbox]:
    gc.freeze()  # The collection below then looks at the objects of this test alone.
    with running_sandbox(speed=1000, behaviour=PromptedService) as sandbox:
        yield sandbox
        assert isinstance(sandbox.state.behaviour, PromptedService)
        sandbox.state.behaviour.let_in.set()
    gc.collect()  # Leftovers of a test are reported now, not in the middle of the next.
    gc.unfreeze()


@pytest.fixture(params=["sync", "asyncio", "trio"])
def many(request: pytest.FixtureRequest, prompted_sandbox: RunningSandbox) -> Many:
    return Many(request.param, prompted_sandbox)
