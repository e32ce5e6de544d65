"""The command line as a user meets it: what it prints, writes and ends with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segmind_ltx.cli import app
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture(scope="session")
def sandbox() -> Generator[RunningSandbox]:
    """Fast enough that a job is over when it is first polled."""
    with running_sandbox(speed=500.0) as running:
        yield running


def environment(base_url: str, key: str) -> dict[str, str]:
    return {**os.environ, "SEGMIND_BASE_URL": base_url, "SEGMIND_API_KEY": key, "COLUMNS": "200", "NO_COLOR": "1"}


@pytest.fixture
def run(sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``segmind-ltx`` in a folder of its own, against the sandbox; in this process, which is ten times quicker."""
    monkeypatch.chdir(tmp_path)

    def start(*arguments: str, key: str = sandbox.key) -> Done:
        result = CliRunner().invoke(app, arguments, env=environment(sandbox.base_url, key))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(arguments, result.exit_code, result.stdout, result.stderr)

    return start
