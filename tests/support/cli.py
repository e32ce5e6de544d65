"""Run the command line against a sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner, Result

from segmind_ltx._cli.commands import app
from segmind_ltx_sandbox.testing import RunningSandbox


class Cli:
    """Runs ``segmind-ltx`` with a key and a host that lead to the sandbox. ``posts`` counts the jobs there."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.env = {"SEGMIND_API_KEY": sandbox.key, "SEGMIND_BASE_URL": sandbox.base_url, "NO_COLOR": "1"}

    @property
    def posts(self) -> int:
        return len(self.sandbox.state.jobs)

    def __call__(self, *arguments: str, **env: str) -> Result:
        """In this process, where the sandbox's clock is the client's."""
        wide = {"COLUMNS": "200", "TERMINAL_WIDTH": "200"}
        return CliRunner().invoke(app, list(arguments), env={**self.env, **wide, **env})

    def process(self, *arguments: str) -> subprocess.Popen[str]:
        """In one of its own, with real time."""
        command = [sys.executable, "-m", "segmind_ltx", *arguments]
        env = {**os.environ, **self.env, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder, env=env
        )
