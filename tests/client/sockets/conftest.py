"""Provide the fault server."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from support.clocks import FakeClock
from support.fault_server import FaultServer


@pytest.fixture
def faulty(clock: FakeClock) -> Generator[FaultServer]:
    """Provide a server that refuses connections until ``listen`` is called."""
    server = FaultServer(clock)
    yield server
    server.close()
