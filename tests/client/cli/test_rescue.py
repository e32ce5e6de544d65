"""A video that was paid for is not lost to a disk; and a script that asks for JSON gets JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import segmind_ltx as ltx
from support.cli import Cli

SMALL = ("ltx-2-19b-t2v", "--prompt", "x", "--width", "256", "--height", "256", "--num-frames", "4")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Makes a disk full once the video is there: that of the folder, or all."""
    save: Callable[..., Path] = ltx.Video.save
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))

    def fill(which: str) -> None:
        def saved(self: ltx.Video, path: Path, **options: Any) -> Path:
            if which == "all" or elsewhere not in path.parents:
                raise ltx.DownloadError(f"{path} cannot be written: No space left on device")
            return save(self, path, **options)

        monkeypatch.setattr(ltx.Video, "save", saved)

    return fill


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_a_video_in_memory_is_saved_somewhere_else(cli: Cli, full: Callable[[str], None], flag: list[str]) -> None:
    full("one")
    done = cli("generate", *SMALL, "--sync", "--out", "a.mp4", *flag)
    (saved,) = (cli.folder / "elsewhere").rglob("a.mp4")
    assert done.exit_code == 1
    assert saved.read_bytes()[4:8] == b"ftyp"
    assert "No space left" in done.stderr
    assert str(saved) in done.stderr.replace("\n", "")
    if flag:
        assert json.loads(done.stdout)["file"] == str(saved)


def test_where_no_disk_takes_it_the_error_is_that_of_the_first(cli: Cli, full: Callable[[str], None]) -> None:
    full("all")
    done = cli("generate", *SMALL, "--sync", "--out", "a.mp4", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["message"].startswith("a.mp4 cannot be written")
    assert "elsewhere either" in done.stderr


def test_a_job_is_fetched_again_and_not_rescued(cli: Cli, full: Callable[[str], None]) -> None:
    full("one")
    done = cli("generate", *SMALL, "--out", "a.mp4")
    assert done.exit_code == 1
    assert "segmind-ltx fetch" in done.stderr
    assert f"seven days at {cli.sandbox.base_url}/outputs/" in done.stderr
    assert list((cli.folder / "elsewhere").iterdir()) == []


USAGE = {
    "generate ltx-2-fast --prompt x --duration six --out a.mp4 --json": "--duration",
    "generate ltx-2-fast --json": "--prompt",
    "batch --json": "FILE",
    "nonsense --json": "nonsense",
    "--nonsense --json": "--nonsense",
    "status --json": "ID",
}


@pytest.mark.parametrize("line", USAGE)
def test_wrong_usage_is_told_in_json_where_json_is_asked_for(cli: Cli, line: str) -> None:
    done = cli(*line.split())
    assert done.exit_code == 2
    assert done.stderr
    told = json.loads(done.stdout)["error"]
    assert told["type"] == "UsageError"
    assert USAGE[line] in told["message"]


def test_wrong_usage_is_told_in_words_alone_where_it_is_not(cli: Cli) -> None:
    done = cli("generate", "ltx-2-fast", "--prompt", "x", "--duration", "six", "--out", "a.mp4")
    assert (done.exit_code, done.stdout) == (2, "")


def test_a_parameter_that_is_wrong_is_named_in_json(cli: Cli) -> None:
    done = cli("generate", "ltx-2-fast", "--prompt", "x", "--duration", "7", "--out", "a.mp4", "--json")
    (problem,) = json.loads(done.stdout)["error"]["problems"]
    assert problem.startswith("duration=7")
