"""Run the command line against a sandbox."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from segmind_ltx._cli.commands import app
from segmind_ltx.ledger import Entry, Ledger
from segmind_ltx_sandbox import Behaviour
from segmind_ltx_sandbox.messages import ApiResponse, error
from segmind_ltx_sandbox.service.jobs import Job
from segmind_ltx_sandbox.testing import RunningSandbox
from segmind_ltx_spec import Contract, Model

SMALL: dict[str, Any] = {"model": "ltx-2-19b-t2v", "width": 256, "height": 256, "num_frames": 4}
"""An item without its prompt; the sandbox draws it fast."""
PRICE = 0.416
"""The cost of one such item, in USD."""
WIDE = {"COLUMNS": "200", "TERMINAL_WIDTH": "200"}
"""A terminal wide enough that no message is wrapped."""


class Cli:
    """Run ``segmind-ltx`` against the sandbox. ``posts`` counts the jobs there."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.env = {"SEGMIND_API_KEY": sandbox.key, "SEGMIND_BASE_URL": sandbox.base_url, "NO_COLOR": "1"}
        self.env["XDG_STATE_HOME"] = str(folder.parent / f"{folder.name}-state")

    @property
    def posts(self) -> int:
        return len(self.sandbox.state.jobs)

    def __call__(self, *arguments: str, **env: str) -> Result:
        """Run it in this process, which shares the sandbox's clock."""
        return CliRunner().invoke(app, list(arguments), env={**self.env, **WIDE, **env})

    def process(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it in its own process, with real time."""
        command = [sys.executable, "-m", "segmind_ltx", *arguments]
        env = {**os.environ, **self.env, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder, env=env
        )


class PromptBehaviour(Behaviour):
    """Refuse the prompt "refuse", fail the prompt "fail", and keep the prompt of every submit."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self.prompts: list[str] = []

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        self.prompts.append(payload["prompt"])
        if payload["prompt"] == "refuse":
            return error("refused", 400, "the prompt is refused")
        return super().invalid(model, payload)

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        job.fails |= job.video_spec.prompt == "fail"
        return super().accepted(job, origin)


def items(*prompts: str, **more: Any) -> list[dict[str, Any]]:
    """Return an item for each prompt."""
    return [{**SMALL, "prompt": prompt, **more} for prompt in prompts]


def named_items(prompts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return an item for each file name and prompt."""
    return [{**SMALL, "file": file, "prompt": prompt} for file, prompt in prompts.items()]


def parse_batch(done: Result) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return what ``batch --json`` printed: the object of each item, and the summary."""
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    return objects[:-1], objects[-1]["summary"]


class Batch:
    """Run ``segmind-ltx batch jobs.jsonl --out videos``, with these items if they are given."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        assert isinstance(sandbox.state.behaviour, PromptBehaviour)
        self.sandbox, self.behaviour, self.folder = sandbox, sandbox.state.behaviour, folder
        self.videos = folder / "videos"
        self.ledger = self.videos / "jobs.sqlite"

    def __call__(
        self,
        given: Sequence[Mapping[str, Any]] | None,
        *more: str,
        out: str = "videos",
        key: str | None = None,
        **env: str,
    ) -> Result:
        if given is not None:
            text = "".join(json.dumps(item) + "\n" for item in given)
            (self.folder / "jobs.jsonl").write_text(text, encoding="utf-8")
        return self.run("jobs.jsonl", "--out", out, *more, key=key, **env)

    def run(self, *arguments: str, key: str | None = None, stdin: str | None = None, **env: str) -> Result:
        access = {"SEGMIND_API_KEY": key or self.sandbox.key, "SEGMIND_BASE_URL": self.sandbox.base_url}
        return CliRunner().invoke(app, ["batch", *arguments], env={**access, **WIDE, **env}, input=stdin)

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.videos.glob("*.mp4"))

    @property
    def posts(self) -> int:
        return len(self.sandbox.state.jobs)

    def rows(self) -> list[Entry]:
        with closing(Ledger(self.ledger)) as ledger:
            return ledger.entries()

    def alter(self, change: str, ledger: Path | None = None) -> None:
        """Change rows of the ledger by hand."""
        with closing(sqlite3.connect(ledger or self.ledger, isolation_level=None)) as file:
            file.execute(f"UPDATE jobs SET {change}")  # noqa: S608 - the tests' own text
