"""The command as a process: Ctrl-C, the demo, and missing extras."""

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
def test_generate_interrupted(cli: Cli, cli_sandbox: RunningSandbox) -> None:
    """Ctrl-C during the wait prints the command that fetches the video, without a second job."""
    small = ["--prompt", "x", "--width", "256", "--height", "256", "--num-frames", "4"]
    before = cli.posts
    with cli.process("generate", "ltx-2-19b-t2v", *small, "--out", "my clip.mp4") as process:
        assert process.stderr is not None
        assert "USD, usually" in process.stderr.readline()  # The estimate comes first.
        request_id = process.stderr.readline().split()[-1]
        process.stderr.readline()  # The first status: it waits now.
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    command = next(line for line in err.splitlines() if "segmind-ltx fetch" in line)
    assert shlex.split(command) == ["segmind-ltx", "fetch", request_id, "--out", "my clip.mp4"]
    cli_sandbox.clock.advance(600)
    with cli.process(*shlex.split(command)[1:]) as again:
        again.communicate(timeout=30)
    assert again.returncode == 0
    assert (cli.folder / "my clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert cli.posts == before + 1


def test_demo(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo makes a video with each model, of the size, length and sound that the documents state."""
    # A proxy that does not exist: the demo needs no network, so it must work anyway.
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
def test_command_without_extra(missing: list[str]) -> None:
    """Without the extra cli the command says what to install."""
    done = _run(
        f"import importlib.util as u, sys\nfind = u.find_spec\n"
        f"u.find_spec = lambda name, *rest: None if name in {missing} else find(name, *rest)\n"
        f"sys.modules.update(dict.fromkeys({missing}))\n"
        "from segmind_ltx.__main__ import main\nmain()"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"needs {' and '.join(missing)}" in done.stderr
    assert "[cli]" in done.stderr
    assert "Traceback" not in done.stderr


def test_sandbox_without_extra() -> None:
    """Without its extra the sandbox command accepts its options, and says what to install."""
    done = _run(
        "import sys\nsys.modules['starlette'] = None\n"
        "sys.argv = ['segmind-ltx', 'sandbox', '--port', '1', '--keys']\n"
        "from segmind_ltx.__main__ import main\nmain()"
    )
    assert done.returncode == 2
    assert "[sandbox]" in done.stderr
    assert "Traceback" not in done.stderr


def test_demo_without_extra(tmp_path: Path) -> None:
    """Without the sandbox the demo says what to install, and creates nothing."""
    done = _run(
        "import importlib.util as u, sys\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'av' else find(name, *rest)\n"
        f"sys.argv = ['segmind-ltx', 'demo', '--out', {str(tmp_path / 'v')!r}]\n"
        "from segmind_ltx.__main__ import main\nmain()"
    )
    assert done.returncode == 2
    assert "[cli,sandbox]" in done.stderr
    assert not (tmp_path / "v").exists()


def test_demo_if_sandbox_fails(tmp_path: Path) -> None:
    """If the sandbox does not start, the demo ends with an error, not a traceback."""
    done = _run(
        "import sys\nimport segmind_ltx._cli.demo as demo\n"
        "sys.executable = '/bin/false'\n"
        f"sys.argv = ['segmind-ltx', 'demo', '--out', {str(tmp_path / 'v')!r}]\n"
        "from segmind_ltx.__main__ import main\nmain()"
    )
    assert done.returncode == 1
    assert "did not start" in done.stderr
    assert "Traceback" not in done.stderr
