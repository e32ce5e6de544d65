"""Unusual targets for the video, interrupts, and the ledger after a crash."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import segmind_ltx as ltx
from segmind_ltx.ledger import Ledger
from segmind_ltx_sandbox import key_of
from support.cli import Cli

SMALL = ["generate", "ltx-video", "--prompt", "A boat."]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize(("kind", "sync"), [("pipe", ["--sync"]), ("link to a device", [])])
def test_target_is_no_file(cli: Cli, kind: str, sync: list[str]) -> None:
    """A pipe or device is not replaced, not even with --force, and nothing is submitted."""
    path = cli.folder / "odd"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(os.devnull)
    posts = cli.posts
    done = cli(*SMALL, "--out", str(path), "--force", *sync)
    assert done.exit_code == 2
    assert "not a regular file" in done.stderr
    assert path.is_fifo() if kind == "pipe" else path.is_symlink()
    assert cli.posts == posts


def test_target_is_broken_link(cli: Cli) -> None:
    """A link to a missing file is not changed, and nothing is submitted."""
    path = cli.folder / "link"
    path.symlink_to(cli.folder / "gone")
    posts = cli.posts
    assert cli(*SMALL, "--out", str(path)).exit_code == 2
    assert path.is_symlink()
    assert cli.posts == posts


@pytest.mark.parametrize("out", ["x" * 300 + ".mp4", "no/such/folder/a.mp4", "."])
def test_target_cannot_be_written(cli: Cli, out: str) -> None:
    """A target that cannot be written is refused before anything is submitted."""
    posts = cli.posts
    done = cli(*SMALL, "--out", str(cli.folder / out))
    assert done.exit_code == 2, done.output
    assert "--out" in done.stderr
    assert cli.posts == posts
    assert list(cli.folder.iterdir()) == []


def test_status_of_failed_job(cli: Cli) -> None:
    """The status of a failed job ends with exit status 1, and fetch prints no command to fetch it again."""
    failing = {"SEGMIND_API_KEY": key_of("failing")}
    request_id = json.loads(cli("submit", "ltx-video", "--prompt", "x", "--json", **failing).stdout)["request_id"]
    fetched = cli("fetch", request_id, "--out", str(cli.folder / "a.mp4"), **failing)
    assert fetched.exit_code == 1
    assert "segmind-ltx fetch" not in fetched.stderr
    status = cli("status", request_id, **failing)
    assert (status.exit_code, status.stdout.split(":")[0]) == (1, "FAILED")


def test_submit_interrupted(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during a paid call says that a job may exist, in words and in JSON."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("segmind_ltx._http.driver.Driver.call", interrupted)
    done = cli("submit", "ltx-video", "--prompt", "x", "--json")
    assert done.exit_code == 130
    assert "a job may exist" in done.stderr
    assert "a job may exist" in json.loads(done.stdout)["error"]["message"]


def test_jobs_after_crash(cli: Cli) -> None:
    """After a crash the ledger lists the paid calls, and --resume fetches the accepted ones."""
    path = cli.folder / "jobs.sqlite"
    with ltx.Client(cli.sandbox.key, cli.sandbox.base_url, ledger=path) as client:
        job = client.submit("ltx-video", prompt="x")
        ledger = Ledger(path)
        number = ledger.record_submit("ltx-2-pro", {"prompt": "y"}, cli.sandbox.base_url)
        ledger.record_failure(number, "ltx-2-pro", ZeroDivisionError())
        ledger.close()
    listed = cli("jobs", "--ledger", str(path))
    assert listed.exit_code == 0, listed.output
    assert job.id in listed.stdout
    assert "a job may exist" in listed.stdout
    videos = cli.folder / "videos"
    videos.mkdir()
    resumed = cli("jobs", "--resume", "--out", str(videos), "--json", SEGMIND_LEDGER=str(path))
    assert resumed.exit_code == 0, resumed.output
    states = [row["state"] for row in json.loads(resumed.stdout)]
    assert states == ["saved", "uncertain"]
    assert [file.name for file in videos.iterdir()] == [f"ltx-video-{job.id}.mp4"]


def test_resume_at_another_host(cli: Cli) -> None:
    """Jobs at another host are skipped, since it must not get the key."""
    path = cli.folder / "jobs.sqlite"
    ledger = Ledger(path)
    ledger.record_outcome(
        ledger.record_submit("ltx-video", {"prompt": "x"}, "https://elsewhere.test"), "accepted", "r-1"
    )
    ledger.close()
    done = cli("jobs", "--resume", "--out", str(cli.folder), SEGMIND_LEDGER=str(path))
    assert done.exit_code == 0, done.output
    assert "elsewhere.test" in done.stderr
    assert not list(cli.folder.glob("*.mp4"))


def test_jobs_without_ledger(cli: Cli) -> None:
    """Without a ledger that exists the exit status is 2."""
    assert cli("jobs").exit_code == 2
    assert cli("jobs", "--ledger", str(Path("no") / "such.sqlite")).exit_code == 2
