"""A batch that is interrupted or killed at any moment pays for no item twice.

The default run kills it a few times; ``SEGMIND_LTX_KILLS=200`` kills it more often.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx.ledger import Ledger
from segmind_ltx_sandbox import Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox

KILLS = int(os.environ.get("SEGMIND_LTX_KILLS", "5"))
COUNT = 12
SLOW_START = 60.0


@contextmanager
def started(sandbox: RunningSandbox, folder: Path, *more: str) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "segmind_ltx", "batch", "jobs.jsonl", "--out", "videos", "--json", *more]
    env = {**os.environ, "SEGMIND_BASE_URL": sandbox.base_url, "SEGMIND_API_KEY": sandbox.key, "COLUMNS": "500"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env=env, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()  # If it does not end by itself, the test fails instead of waiting for it.


def write(folder: Path, count: int) -> None:
    # Some are equal, so only their number can be checked.
    small = {"model": "ltx-2-19b-t2v", "width": 256, "height": 256, "num_frames": 4}
    items = [{**small, "prompt": "same" if number % 3 == 0 else str(number)} for number in range(count)]
    (folder / "jobs.jsonl").write_text("\n".join(map(json.dumps, items)))


def summary(out: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(out.splitlines()[-1])["summary"]
    return result


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_batch_killed_at_random(tmp_path: Path) -> None:
    """However often a batch is killed, it pays for no item twice, and every job is in the ledger or uncertain."""
    write(tmp_path, COUNT)
    times = random.Random(7)  # noqa: S311 - not a secret
    with running_sandbox(speed=200) as sandbox:
        for _ in range(KILLS):
            with started(sandbox, tmp_path) as process:
                # Real time on purpose: the result must not depend on when the kill comes.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(times.uniform(0.2, 2.0))
                process.send_signal(signal.SIGKILL)
        with started(sandbox, tmp_path) as process:
            out, err = process.communicate(timeout=SLOW_START)
        result = summary(out)
        jobs = {job.id: job.video_spec.prompt for job in sandbox.state.jobs}
    assert result["saved"] + result["uncertain"] == COUNT, err
    assert process.returncode == (1 if result["uncertain"] else 0)
    counts = Counter(jobs.values())
    assert all(count <= (COUNT // 3 if prompt == "same" else 1) for prompt, count in counts.items()), counts
    with closing(Ledger(tmp_path / "videos" / "jobs.sqlite")) as ledger:
        entries = ledger.entries()
    unknown = set(jobs) - {entry.request_id for entry in entries}
    assert len(unknown) <= result["uncertain"] == sum(entry.ambiguous for entry in entries)
    assert len(list((tmp_path / "videos").glob("*.mp4"))) == result["saved"]


class Held(Behaviour):
    """Keep all jobs in progress until ``released`` is set."""

    released = False

    def state(self, job: Job, now: float) -> State:
        return super().state(job, now) if self.released else State.PROCESSING


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process there")
def test_batch_interrupted(tmp_path: Path) -> None:
    """Ctrl-C prints the ids of the jobs in flight; the next run fetches them and makes the rest."""
    write(tmp_path, 5)
    with running_sandbox(speed=1000, behaviour=Held) as sandbox:
        with started(sandbox, tmp_path, "--concurrency", "2") as process:
            assert process.stderr is not None
            assert process.stderr.readline() == "5 of 5 videos are to be made: about 2.08 USD\n"
            for _ in range(2):
                assert "is PROCESSING" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=SLOW_START)
        ids = {job.id for job in sandbox.state.jobs}
        assert (process.returncode, len(ids)) == (130, 2)
        assert "Traceback" not in err
        message, command = err.splitlines()
        assert message.startswith("interrupted. ")
        assert all(id_ in message for id_ in ids)
        assert "client.job" not in message
        assert command == "  segmind-ltx batch jobs.jsonl --out videos --json --concurrency 2"
        states = Counter(json.loads(line)["state"] for line in out.splitlines()[:-1])
        assert states == {"unfinished": 2, "not begun": 3}
        assert summary(out)["interrupted"] is True
        assert isinstance(sandbox.state.behaviour, Held)
        sandbox.state.behaviour.released = True
        with started(sandbox, tmp_path) as process:
            out, err = process.communicate(timeout=SLOW_START)
        assert (process.returncode, len(sandbox.state.jobs)) == (0, 5), err
        assert summary(out)["saved"] == 5
