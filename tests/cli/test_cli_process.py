"""The command line in trouble: interrupted, without its extras; and the demo as a whole."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import av
import pytest

from segmind_ltx_sandbox.clock import ManualClock
from segmind_ltx_sandbox.keys import VALID
from segmind_ltx_sandbox.testing import running_sandbox
from segmind_ltx_spec import expected_video, load

from .conftest import Run, environment


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_prints_the_id_and_a_command_that_goes_on(tmp_path: Path) -> None:
    clock = ManualClock()
    with running_sandbox(clock=clock) as sandbox:
        command = [sys.executable, "-m", "segmind_ltx"]
        generate = [*command, "generate", "ltx-2-fast", "--prompt", "A boat.", "--out", "clip.mp4"]
        settings = environment(sandbox.base_url, sandbox.key)
        with subprocess.Popen(generate, cwd=tmp_path, env=settings, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            # Its own word, rather than a guess at how long it takes, says that it waits now.
            said = process.stderr.readline() + process.stderr.readline()
            process.send_signal(signal.SIGINT)
            said += process.stderr.read()
            assert process.wait() == 130
        assert not (tmp_path / "clip.mp4").exists()
        resume = re.search(r"segmind-ltx (fetch \S+ --out \S+)", said)
        assert resume, said
        assert "Traceback" not in said
        clock.advance(600)
        done = subprocess.run([*command, *resume[1].split()], cwd=tmp_path, env=settings, check=False, timeout=60)
    assert done.returncode == 0
    assert (tmp_path / "clip.mp4").exists()


def test_the_demo_makes_five_videos_of_the_documented_defaults(run: Run, tmp_path: Path) -> None:
    done = run("demo", "--out", "videos", key="")
    assert done.returncode == 0, done.stderr
    for slug, model in load().models.items():
        wanted = expected_video(model, {})
        with av.open(str(tmp_path / "videos" / f"{slug}.mp4")) as container:
            video = container.streams.video[0]
            assert (video.width, video.height, video.frames) == (wanted.width, wanted.height, wanted.frames)
            assert video.average_rate == wanted.fps
            assert bool(container.streams.audio) is wanted.sound
        assert f"{slug}.mp4" in done.stdout
    assert len(list((tmp_path / "videos").iterdir())) == 5
    assert done.stdout.count("ltx-video") >= 2, "the blocking call has a row of its own"


def hidden(*modules: str, arguments: tuple[str, ...], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as if some modules were not installed."""
    program = f"""
import importlib.abc, sys

class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {set(modules)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {set(modules)!r} else real(name, package)
sys.meta_path.insert(0, Hidden())
sys.argv = ["segmind-ltx", *{arguments!r}]
from segmind_ltx.__main__ import main
main()
"""
    settings = environment("http://127.0.0.1:9", VALID)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=settings, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [
        ("typer", ("models",), "segmind-ltx[cli]"),
        ("rich", ("models",), "segmind-ltx[cli]"),
        ("starlette", ("sandbox",), "segmind-ltx[sandbox]"),
        ("av", ("demo",), "sandbox"),
    ],
)
def test_a_missing_extra_is_named(missing: str, arguments: tuple[str, ...], extra: str, tmp_path: Path) -> None:
    done = hidden(missing, arguments=arguments, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert extra in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_sandbox_the_client_s_own_commands_work(tmp_path: Path) -> None:
    done = hidden("starlette", "av", "PIL", "jsonschema", "yaml", arguments=("models",), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ltx-2-pro" in done.stdout
