"""The client against the sandbox over real HTTP, both under one clock that nobody waits for."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from starlette.datastructures import Headers

from segmind_ltx_sandbox import Behaviour, ManualClock
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from support.callers import Live


@pytest.fixture(scope="session")
def live_sandbox() -> Generator[RunningSandbox]:
    """One for all tests of a process, so that each video is drawn once. Its clock only ever goes on."""
    with running_sandbox(clock=ManualClock(), speed=1) as sandbox:
        yield sandbox


class OnlyJSON(Behaviour):
    """Returns JSON from blocking calls, whatever the client prefers."""

    def returns_bytes(self, headers: Headers) -> bool:  # noqa: ARG002
        """Return False."""
        return False


@pytest.fixture(scope="session")
def json_sandbox() -> Generator[RunningSandbox]:
    """One whose blocking calls answer JSON, whatever the client prefers."""
    with running_sandbox(clock=ManualClock(), speed=1, behaviour=OnlyJSON) as sandbox:
        yield sandbox


@pytest.fixture(params=["sync", "asyncio", "trio"])
def live(request: pytest.FixtureRequest, live_sandbox: RunningSandbox) -> Live:
    return Live(live_sandbox, request.param)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def live_json(request: pytest.FixtureRequest, json_sandbox: RunningSandbox) -> Live:
    return Live(json_sandbox, request.param)
