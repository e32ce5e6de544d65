"""Test that a failing output stream changes neither the exit status nor the reports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from segmind_ltx_conformance.recording import write_recording
from support.made_up import HOSTILE, exchange, recording

REPORTS = {"report.json", "junit.xml", "report.html", "summary.svg"}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="closes streams as POSIX shells do")


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Return a recording of a server that breaks clauses, longer than a pipe holds."""
    broken = exchange(
        "POST", "/v2/ltx-2-pro", 200, {"prompt": "凧", "duration": 7}, {"request_id": "b", "error": HOSTILE}
    )
    path = tmp_path / "trace.har"
    write_recording(evolve(recording(), exchanges=(*recording().exchanges, broken)), path)
    return path


@pytest.fixture
def good_trace(tmp_path: Path) -> Path:
    """Return a recording of a server that keeps the clause that was tested, so that the exit status is 0."""
    refused = exchange("POST", "/v2/no-such-model", 404, {"prompt": "x"}, {"error": "no such model"})
    path = tmp_path / "good.har"
    write_recording(evolve(recording(), exchanges=(refused,)), path)
    return path


STREAMS = {
    "first line only": "| head -1",
    "nothing read": "| true",
    "closed": ">&-",
    "both closed": ">&- 2>&-",
    "full": ">/dev/full",
    "both full": ">/dev/full 2>/dev/full",
}


@pytest.mark.parametrize("kind", STREAMS)
def test_failing_stream_changes_nothing(good_trace: Path, tmp_path: Path, kind: str) -> None:
    """Whatever becomes of the output, the exit status is that of the verdict and all reports are there."""
    judge = f'"{sys.executable}" -m segmind_ltx_conformance judge "{good_trace}" --report "{tmp_path / "out"}"'
    # A pipe's status is that of its last command, so the command writes its own to a file.
    script = f'{{ {judge}; echo $? >"{tmp_path / "status"}"; }} {STREAMS[kind]}'
    subprocess.run(["/bin/sh", "-c", script], check=False, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert (tmp_path / "status").read_text().strip() == "0"
    assert {path.name for path in (tmp_path / "out").iterdir()} == REPORTS


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_code_page_without_a_character(trace: Path, tmp_path: Path, encoding: str) -> None:
    """A character that the code page lacks is printed as its escape."""
    done = subprocess.run(
        [sys.executable, "-m", "segmind_ltx_conformance", "judge", str(trace), "--report", str(tmp_path / "out")],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"does not conform" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == REPORTS
