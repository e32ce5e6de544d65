"""Fixtures: the command line against a sandbox, in this process and in its own."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import segmind_ltx as ltx
from segmind_ltx._clock import SystemClock
from segmind_ltx_sandbox import ManualClock
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from support.cli import Batch, Cli, PromptBehaviour


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


@pytest.fixture
def batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Batch]:
    """Run batches against a fast sandbox, which is polled often."""
    generate_many: Any = ltx.Client.generate_many

    def poll_often(self: ltx.Client, requests: Any, **options: Any) -> Any:
        return generate_many(self, requests, poll_interval=0.02, **options)

    monkeypatch.setattr(ltx.Client, "generate_many", poll_often)
    monkeypatch.delenv("SEGMIND_LEDGER", raising=False)
    monkeypatch.chdir(tmp_path)
    with running_sandbox(speed=1000, behaviour=PromptBehaviour) as sandbox:
        yield Batch(sandbox, tmp_path)
