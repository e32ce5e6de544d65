"""Run plain `schemathesis run`, with all checks and phases, against one sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from attrs import asdict, frozen

from deviations.results import PLAIN
from segmind_ltx_sandbox import VALID, ManualClock
from segmind_ltx_sandbox.deviations import find
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.testing import running_sandbox
from segmind_ltx_sandbox.video.spec import VideoSpec

COMMAND: Final = (
    *("-m", "schemathesis.cli", "run", "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"),
    *("--seed", "0", "--generation-database", "none", "--no-color", "--warnings", "off"),
    *("-H", f"x-api-key: {VALID}"),
)
TIMEOUT: Final = 300


@frozen
class Baseline:
    """The result of schemathesis: whether it failed, and how long it took."""

    name: str
    failed: bool
    seconds: float


def run(name: str) -> Baseline:
    """Run schemathesis once.

    In its favour, no job takes time (it would give up on v1 after ten seconds), and no video is rendered.
    """
    deviation = None if name == PLAIN else find(name)
    options: dict[str, Any] = {}
    if deviation is not None:
        options = {**deviation.options, "behaviour": deviation.behaviour}
    began = time.monotonic()
    with running_sandbox(clock=ManualClock(), videos=VideoCache(_card), **options) as sandbox:
        with tempfile.TemporaryDirectory() as empty:
            command = [sys.executable, *COMMAND, f"{sandbox.base_url}/openapi.json"]
            try:
                done = subprocess.run(command, cwd=empty, capture_output=True, text=True, timeout=TIMEOUT, check=False)
            except subprocess.TimeoutExpired:
                return Baseline(name, False, TIMEOUT)
        if done.returncode not in {0, 1}:
            raise RuntimeError(f"schemathesis ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return Baseline(name, done.returncode == 1, round(time.monotonic() - began, 2))


def _card(video_spec: VideoSpec) -> bytes:
    return repr(video_spec).encode()


def save(path: Path, rows: list[Baseline]) -> None:
    """Save the results for the page."""
    path.write_text(json.dumps([asdict(row) for row in rows], indent=0) + "\n", encoding="utf-8")


def saved(path: Path) -> list[Baseline]:
    """Load the saved results; empty if there are none."""
    if not path.exists():
        return []
    return [Baseline(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
