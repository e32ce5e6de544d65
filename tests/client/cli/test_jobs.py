"""What the service says is printed as it came, and what `jobs --resume` has saved it knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import segmind_ltx as ltx
from segmind_ltx._cli.output import JobProgress, err, out
from segmind_ltx.ledger import Ledger
from support.cli import Cli

ODD = "it has [/INST] in it, :warning: and [red]"


def test_a_bracket_in_the_services_words_is_one(cli: Cli) -> None:
    ledger = Ledger(cli.folder / "jobs.sqlite")
    number = ledger.record_submit("ltx-video", {"prompt": "x"}, cli.sandbox.base_url)
    ledger.record_failure(number, "ltx-video", ltx.BadRequestError(ODD))
    number = ledger.record_submit("ltx-video", {"prompt": "x"}, cli.sandbox.base_url)
    ledger.record_response(number, "accepted", "a[b]c")
    ledger.close()
    done = cli("jobs", "--ledger", "jobs.sqlite")
    assert done.exit_code == 0, done.output
    assert ODD in done.stdout
    assert "a[b]c" in done.stdout


def test_an_id_is_printed_as_it_came(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(self: ltx.Client, *_: Any, **__: Any) -> ltx.Job:
        return self.job("a[b]c:key:")

    monkeypatch.setattr(ltx.Client, "submit", submit)
    done = cli("submit", "ltx-video", "--prompt", "x")
    assert done.stdout == "a[b]c:key:\n"
    assert "a[b]c:key:" in done.stderr


def test_an_error_is_printed_as_it_came(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(*_: Any, **__: Any) -> None:
        raise ltx.BadRequestError(ODD)

    monkeypatch.setattr(ltx.Client, "submit", submit)
    assert f"error: {ODD}" in cli("submit", "ltx-video", "--prompt", "x").stderr


def test_a_state_beside_a_bar_is_printed_as_it_came() -> None:
    waiting = JobProgress()
    with err.capture() as captured, waiting.shown():
        waiting.describe(waiting.add(ODD, None), ODD)
        err.print(waiting._bars)  # pyright: ignore[reportPrivateUsage]
    assert "[/INST]" in captured.get()
    with out.capture() as captured:
        out.print(ODD)
    assert captured.get() == ODD + "\n"


def test_a_video_that_was_saved_just_before_the_end_is_not_fetched_again(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    note: Callable[..., None] = Ledger.update

    def killed(self: Ledger, request_id: str, state: str, **more: Any) -> None:
        if state != "saved":
            note(self, request_id, state, **more)

    path = cli.folder / "jobs.sqlite"
    with ltx.Client(cli.sandbox.key, cli.sandbox.base_url, ledger=path) as client:
        job = client.submit("ltx-video", prompt="x")
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "update", killed)
        assert cli("jobs", "--resume", "--ledger", str(path)).exit_code == 0
    (video,) = cli.folder.glob("*.mp4")
    for _ in range(2):
        done = cli("jobs", "--resume", "--ledger", str(path))
        assert done.exit_code == 0, done.output
    ledger = Ledger(path)
    (entry,) = ledger.entries()
    ledger.close()
    assert (entry.state, entry.file, entry.request_id) == ("saved", str(video), job.id)


def test_a_file_of_somebody_else_is_not_taken_for_the_video(cli: Cli) -> None:
    path = cli.folder / "jobs.sqlite"
    with ltx.Client(cli.sandbox.key, cli.sandbox.base_url, ledger=path) as client:
        job = client.submit("ltx-video", prompt="x")
    mine = cli.folder / f"ltx-video-{job.id}.mp4"
    mine.write_bytes(b"mine")
    for _ in range(2):
        assert cli("jobs", "--resume", "--ledger", str(path)).exit_code == 1
    assert mine.read_bytes() == b"mine"
    mine.unlink()
    assert cli("jobs", "--resume", "--ledger", str(path)).exit_code == 0
