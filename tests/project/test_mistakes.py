"""Six mistakes that a type checker must see, each in both spellings of a call, and none where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import segmind_ltx
import segmind_ltx_api

RIGHT = """
from pathlib import Path

from segmind_ltx import AsyncClient, Client, Job, JobStatus, Ltx2ProRequest, Ltx219BI2VRequest, SegmindLtxError, Video

client = Client("SG_1")


def told(status: JobStatus) -> None:
    print(status.state, status.finished)


job: Job = client.submit("ltx-2-pro", prompt="x", duration=6, resolution="4k", generate_audio=False)
video: Video = client.generate("ltx-video", prompt="x", image=None, cfg=3, timeout=5, on_status=told)
other: Video = client.generate_blocking(Ltx219BI2VRequest(prompt="x", image="https://a.test/a.png", fps=30), timeout=9.5)
again: Job = client.submit(Ltx2ProRequest(prompt="x", duration=10))
path: Path = job.wait(timeout=5, poll_interval=1, on_status=told).save("a.mp4", overwrite=True)


async def main() -> None:
    async with AsyncClient() as aclient:
        ajob = await aclient.submit("ltx-2-fast", prompt="x", image=None)
        saved: Path = await (await ajob.wait(on_status=told)).save(Path("a.mp4"))
        print(saved)
    try:
        print(client.job("a", "ltx-2-pro").result().cost)
    except SegmindLtxError as error:
        print(error.request_id)
"""
HEAD = """
from segmind_ltx import AsyncClient, Client, Ltx2ProRequest, Ltx219BI2VRequest


client, aclient = Client("SG_1"), AsyncClient("SG_1")
"""
MISTAKES = {
    "wrong type": ['client.submit("ltx-2-19b-t2v", prompt="x", width="512")', "Ltx2ProRequest(prompt=7)"],
    "misspelled parameter": [
        'client.submit("ltx-2-pro", prompt="x", duraton=6)',
        'Ltx2ProRequest(prompt="x", duraton=6)',
    ],
    "value not allowed": [
        'client.submit("ltx-2-pro", prompt="x", duration=7)',
        'Ltx2ProRequest(prompt="x", duration=7)',
    ],
    "missing prompt": ['client.submit("ltx-2-pro", duration=6)', "Ltx2ProRequest(duration=6)"],
    "missing image": ['client.generate("ltx-2-19b-i2v", prompt="x")', 'Ltx219BI2VRequest(prompt="x")'],
    "wrong model name": ['client.generate_blocking("ltx-2-prp", prompt="x")', 'client.job("a", "ltx-2-prp")'],
    "another model's parameter": [
        'client.submit("ltx-2-pro", prompt="x", fps=24)',
        'aclient.submit("ltx-2-pro", fps=2)',
    ],
    "null where none is documented": ['client.submit("ltx-2-pro", prompt="x", image=None)', "aclient.job(None)"],
}
SOURCES = [str(Path(package.__file__ or "").parents[1]) for package in (segmind_ltx, segmind_ltx_api)]


def _mypy(folder: Path) -> set[int]:
    pytest.importorskip("mypy", reason="mypy is not installed here")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--cache-dir", "cache", "use.py"]
    env = {**os.environ, "MYPYPATH": os.pathsep.join(SOURCES)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return {
        int(line.split(":")[1])
        for line in done.stdout.splitlines()
        if line.startswith("use.py:") and ": error:" in line
    }


def _pyright(folder: Path) -> set[int]:
    pytest.importorskip("pyright", reason="pyright is not installed here")
    config = {
        "typeCheckingMode": "strict",
        "extraPaths": SOURCES,
        "include": ["use.py"],
        "reportUnusedCoroutine": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    told = json.loads(done.stdout)
    assert told["summary"]["filesAnalyzed"] == 1
    return {one["range"]["start"]["line"] + 1 for one in told["generalDiagnostics"] if one["severity"] == "error"}


@pytest.mark.parametrize("checker", [_mypy, _pyright])
def test_code_that_is_right_has_no_errors_and_each_mistake_has_its_own(
    tmp_path: Path, checker: Callable[[Path], set[int]]
) -> None:
    lines = [*RIGHT.splitlines(), *HEAD.splitlines()]
    expected = {len(lines) + number: call for number, call in enumerate((c for m in MISTAKES.values() for c in m), 1)}
    lines += expected.values()
    (tmp_path / "use.py").write_text("\n".join(lines) + "\n")
    seen = checker(tmp_path)
    assert [call for line, call in expected.items() if line not in seen] == []
    assert [lines[line - 1] for line in seen - set(expected)] == []


@pytest.mark.parametrize("mistake", list(MISTAKES)[:6])
def test_each_of_the_six_is_stopped_before_the_network_as_well(mistake: str) -> None:
    client = segmind_ltx.Client("SG_1", "http://127.0.0.1:9")
    with pytest.raises(segmind_ltx.ParameterError):
        eval(MISTAKES[mistake][0], {"client": client})  # noqa: S307 - a line of ours
