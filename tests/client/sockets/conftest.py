"""The server that misbehaves on request."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from support.clocks import FakeClock
from support.fault_server import FaultServer


@pytest.fixture
def faulty(clock: FakeClock) -> Generator[FaultServer]:
    """A server that refuses connections until it is told to listen."""
    server = FaultServer(clock)
    yield server
    server.close()
