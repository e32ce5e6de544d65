"""A paid video survives a full disk, and --json gives JSON for every error."""

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
    """Return a function that fills the disk of the folder ("one") or every disk ("all")."""
    save: Callable[..., Path] = ltx.Video.save
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))

    def fill(which: str) -> None:
        def save_if_space(self: ltx.Video, path: Path, **options: Any) -> Path:
            if which == "all" or elsewhere not in path.parents:
                raise ltx.DownloadError(f"{path} cannot be written: No space left on device")
            return save(self, path, **options)

        monkeypatch.setattr(ltx.Video, "save", save_if_space)

    return fill


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_rescue_if_disk_is_full(cli: Cli, full: Callable[[str], None], flag: list[str]) -> None:
    """If a blocking call's video does not fit on the disk, it is saved to a temporary folder."""
    full("one")
    done = cli("generate", *SMALL, "--sync", "--out", "a.mp4", *flag)
    (saved,) = (cli.folder / "elsewhere").rglob("a.mp4")
    assert done.exit_code == 1
    assert saved.read_bytes()[4:8] == b"ftyp"
    assert "No space left" in done.stderr
    assert str(saved) in done.stderr.replace("\n", "")
    if flag:
        assert json.loads(done.stdout)["file"] == str(saved)


def test_rescue_if_all_disks_are_full(cli: Cli, full: Callable[[str], None]) -> None:
    """If the video cannot be saved anywhere, the error names the file that the user chose."""
    full("all")
    done = cli("generate", *SMALL, "--sync", "--out", "a.mp4", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["message"].startswith("a.mp4 cannot be written")
    assert "elsewhere either" in done.stderr


def test_rescue_of_job(cli: Cli, full: Callable[[str], None]) -> None:
    """A job's video is not saved elsewhere, since it can be fetched again."""
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


@pytest.mark.parametrize("arguments", USAGE)
def test_usage_error_with_json(cli: Cli, arguments: str) -> None:
    """With --json wrong usage is a JSON object as well."""
    done = cli(*arguments.split())
    assert done.exit_code == 2
    assert done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "UsageError"
    assert USAGE[arguments] in error["message"]


def test_usage_error_without_json(cli: Cli) -> None:
    """Without --json wrong usage prints nothing on standard output."""
    done = cli("generate", "ltx-2-fast", "--prompt", "x", "--duration", "six", "--out", "a.mp4")
    assert (done.exit_code, done.stdout) == (2, "")


def test_parameter_error_with_json(cli: Cli) -> None:
    """With --json the error has one problem for each invalid parameter."""
    done = cli("generate", "ltx-2-fast", "--prompt", "x", "--duration", "7", "--out", "a.mp4", "--json")
    (problem,) = json.loads(done.stdout)["error"]["problems"]
    assert problem.startswith("duration=7")
