"""Kill a process at random moments: no paid job is lost, and none is paid twice.

``SEGMIND_LTX_KILLS=200`` kills more often than the few times of the default run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from segmind_ltx.ledger import Ledger
from segmind_ltx_sandbox.testing import running_sandbox

KILLS = int(os.environ.get("SEGMIND_LTX_KILLS", "6"))

PROGRAM = """
import sys
from segmind_ltx import Client
client = Client(ledger=sys.argv[1])
client.submit("ltx-2-pro", prompt=f"{sys.argv[2]}-first")  # What it imports takes longer than it is let live.
print("ready", flush=True)
for number in range(10_000):
    client.submit("ltx-2-pro", prompt=f"{sys.argv[2]}-{number}")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_process_loses_no_job(tmp_path: Path) -> None:
    """If a process is killed, each accepted job has a row and none is submitted twice."""
    path = tmp_path / "jobs.sqlite"
    die = random.Random(11)  # noqa: S311 - moments, not secrets
    with running_sandbox() as sandbox:
        settings = {**os.environ, "SEGMIND_BASE_URL": sandbox.base_url, "SEGMIND_API_KEY": sandbox.key}
        for run in range(KILLS):
            command = [sys.executable, "-c", PROGRAM, str(path), str(run)]
            with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
                # Real time is intended here: the moment must not matter.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(die.uniform(0, 0.25))
                process.send_signal(signal.SIGKILL)
        jobs = {job.id: job.video_spec.prompt for job in sandbox.state.jobs}
    ledger = Ledger(path)
    entries = ledger.entries()
    ledger.close()
    assert jobs, "nothing was submitted at all"
    assert max(Counter(jobs.values()).values()) == 1, "a job was submitted twice"
    assert set(jobs.values()) <= {entry.request["prompt"] for entry in entries}
    known = {entry.request_id for entry in entries}
    unknown = {prompt for id_, prompt in jobs.items() if id_ not in known}
    ambiguous = {entry.request["prompt"] for entry in entries if entry.ambiguous}
    assert unknown <= ambiguous, "an accepted job is not told apart from one that never was"
    assert len(ambiguous) <= KILLS
