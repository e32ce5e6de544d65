"""The command line against the sandbox, in this process and in one of its own."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from segmind_ltx._clock import SystemClock
from segmind_ltx_sandbox import ManualClock
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from support.cli import Cli


@pytest.fixture(scope="session")
def cli_sandbox() -> Generator[RunningSandbox]:
    with running_sandbox(clock=ManualClock(), speed=1) as sandbox:
        yield sandbox


@pytest.fixture
def cli(cli_sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    def now(_: SystemClock) -> float:
        return cli_sandbox.clock.now()

    def sleep(_: SystemClock, seconds: float) -> None:
        cli_sandbox.clock.advance(seconds)

    monkeypatch.setattr(SystemClock, "monotonic", now)
    monkeypatch.setattr(SystemClock, "sleep", sleep)
    monkeypatch.chdir(tmp_path)
    return Cli(cli_sandbox, tmp_path)
