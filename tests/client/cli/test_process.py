"""The command as a process: an interrupt, the demo, and what it says where an extra is missing."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import av
import pytest

from segmind_ltx_api.contract import MODELS
from segmind_ltx_sandbox.testing import RunningSandbox
from segmind_ltx_spec import expected_video, load
from support.cli import Cli


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process there")
def test_ctrl_c_while_waiting_prints_the_id_and_a_command_that_goes_on(cli: Cli, cli_sandbox: RunningSandbox) -> None:
    small = ["--prompt", "x", "--width", "256", "--height", "256", "--num-frames", "4"]
    before = cli.posts
    with cli.process("generate", "ltx-2-19b-t2v", *small, "--out", "my clip.mp4") as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        request_id = first.split()[-1]
        process.stderr.readline()  # It says the state: it is waiting now.
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    line = next(line for line in err.splitlines() if "segmind-ltx fetch" in line)
    assert shlex.split(line) == ["segmind-ltx", "fetch", request_id, "--out", "my clip.mp4"]
    cli_sandbox.clock.advance(600)
    with cli.process(*shlex.split(line)[1:]) as again:
        again.communicate(timeout=30)
    assert again.returncode == 0
    assert (cli.folder / "my clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert cli.posts == before + 1


def test_the_demo_makes_a_video_with_each_model(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    # A proxy that leads nowhere: the demo needs no network, so it must not matter.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with cli.process("demo", "--speed", "1000") as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    files = {path.stem: path for path in Path(cli.folder, "demo-videos").glob("*")}
    assert set(files) == set(MODELS)
    assert all(path.suffix == ".mp4" for path in files.values())
    for slug, path in files.items():
        parameters = MODELS[slug].parameters.values()
        payload = {p.name: "https://example.com/a.png" if p.uri else "x" for p in parameters if p.required}
        expected = expected_video(load().models[slug], payload)
        with av.open(path) as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height) == (expected.width, expected.height)
            assert sum(1 for packet in container.demux(stream) if packet.size) == expected.frames
            assert bool(container.streams.audio) == expected.sound
        assert slug in out


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("missing", [["typer"], ["rich"], ["typer", "rich"]])
def test_without_its_extra_the_command_says_what_to_install(missing: list[str]) -> None:
    done = _run(
        f"import importlib.util as u, sys\nfind = u.find_spec\n"
        f"u.find_spec = lambda name, *rest: None if name in {missing} else find(name, *rest)\n"
        f"sys.modules.update(dict.fromkeys({missing}))\n"
        "from segmind_ltx.__main__ import main\nmain()"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"needs {' and '.join(missing)}" in done.stderr
    assert "segmind-ltx[cli]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_of_a_missing_extra_takes_its_options_and_says_what_to_install() -> None:
    done = _run(
        "import sys\nsys.modules['starlette'] = None\n"
        "sys.argv = ['segmind-ltx', 'sandbox', '--port', '1', '--keys']\n"
        "from segmind_ltx.__main__ import main\nmain()"
    )
    assert done.returncode == 2
    assert "segmind-ltx[sandbox]" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_sandbox_the_demo_says_what_to_install(tmp_path: Path) -> None:
    done = _run(
        "import importlib.util as u, sys\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'av' else find(name, *rest)\n"
        f"sys.argv = ['segmind-ltx', 'demo', '--out', {str(tmp_path / 'v')!r}]\n"
        "from segmind_ltx.__main__ import main\nmain()"
    )
    assert done.returncode == 2
    assert "segmind-ltx[cli,sandbox]" in done.stderr
    assert not (tmp_path / "v").exists()


def test_a_sandbox_that_does_not_start_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    done = _run(
        "import sys\nimport segmind_ltx._cli.demo as demo\n"
        "sys.executable = '/bin/false'\n"
        f"sys.argv = ['segmind-ltx', 'demo', '--out', {str(tmp_path / 'v')!r}]\n"
        "from segmind_ltx.__main__ import main\nmain()"
    )
    assert done.returncode == 1
    assert "did not start" in done.stderr
    assert "Traceback" not in done.stderr
