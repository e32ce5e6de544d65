"""What a careful user tries: odd places for the video, a ledger after a crash, a job that failed."""

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
@pytest.mark.parametrize("kind", ["pipe", "link to a device"])
@pytest.mark.parametrize("sync", [[], ["--sync"]])
def test_what_is_no_file_is_never_replaced_and_nothing_is_paid(cli: Cli, kind: str, sync: list[str]) -> None:
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


def test_a_link_that_leads_nowhere_is_left_alone(cli: Cli) -> None:
    path = cli.folder / "link"
    path.symlink_to(cli.folder / "gone")
    posts = cli.posts
    assert cli(*SMALL, "--out", str(path)).exit_code == 2
    assert path.is_symlink()
    assert cli.posts == posts


@pytest.mark.parametrize("out", ["x" * 300 + ".mp4", "no/such/folder/a.mp4", "."])
def test_a_place_that_cannot_be_written_is_seen_before_anything_is_paid(cli: Cli, out: str) -> None:
    posts = cli.posts
    done = cli(*SMALL, "--out", str(cli.folder / out))
    assert done.exit_code == 2, done.output
    assert "--out" in done.stderr
    assert cli.posts == posts
    assert list(cli.folder.iterdir()) == []


def test_the_status_of_a_failed_job_ends_with_1_and_offers_nothing_to_resume(cli: Cli) -> None:
    failing = {"SEGMIND_API_KEY": key_of("failing")}
    request_id = json.loads(cli("submit", "ltx-video", "--prompt", "x", "--json", **failing).stdout)["request_id"]
    fetched = cli("fetch", request_id, "--out", str(cli.folder / "a.mp4"), **failing)
    assert fetched.exit_code == 1
    assert "Take it up again" not in fetched.stderr
    status = cli("status", request_id, **failing)
    assert (status.exit_code, status.stdout.split(":")[0]) == (1, "FAILED")


def test_an_interrupt_during_a_paid_call_says_that_a_job_may_exist(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("segmind_ltx._http.driver.Driver.call", interrupted)
    done = cli("submit", "ltx-video", "--prompt", "x", "--json")
    assert done.exit_code == 130
    assert "a job may exist" in done.stderr
    assert "a job may exist" in json.loads(done.stdout)["error"]["message"]


def test_after_a_crash_the_ledger_lists_and_fetches(cli: Cli) -> None:
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


def test_a_ledger_of_another_host_does_not_get_the_key(cli: Cli) -> None:
    path = cli.folder / "jobs.sqlite"
    ledger = Ledger(path)
    ledger.record_response(
        ledger.record_submit("ltx-video", {"prompt": "x"}, "https://elsewhere.test"), "accepted", "r-1"
    )
    ledger.close()
    done = cli("jobs", "--resume", "--out", str(cli.folder), SEGMIND_LEDGER=str(path))
    assert done.exit_code == 0, done.output
    assert "elsewhere.test" in done.stderr
    assert not list(cli.folder.glob("*.mp4"))


def test_no_ledger_is_wrong_usage(cli: Cli) -> None:
    assert cli("jobs").exit_code == 2
    assert cli("jobs", "--ledger", str(Path("no") / "such.sqlite")).exit_code == 2
