"""The service's text is printed unchanged, and `jobs --resume` saves each video once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from rich.table import Table

import segmind_ltx as ltx
from segmind_ltx._cli.output import JobProgress, err, out
from segmind_ltx._cli.printing import printable
from segmind_ltx.ledger import Ledger
from support.cli import Cli

ODD = "it has [/INST] in it, :warning: and [red]"


def test_markup_in_ledger(cli: Cli) -> None:
    """Brackets in the ledger's details and ids are printed unchanged."""
    ledger = Ledger(cli.folder / "jobs.sqlite")
    number = ledger.record_submit("ltx-video", {"prompt": "x"}, cli.sandbox.base_url)
    ledger.record_failure(number, "ltx-video", ltx.BadRequestError(ODD))
    number = ledger.record_submit("ltx-video", {"prompt": "x"}, cli.sandbox.base_url)
    ledger.record_outcome(number, "accepted", "a[b]c")
    ledger.close()
    done = cli("jobs", "--ledger", "jobs.sqlite")
    assert done.exit_code == 0, done.output
    assert all(word in done.stdout for word in ("[/INST]", ":warning:", "[red]"))
    assert "a[b]c" in done.stdout


def test_markup_in_id(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets in an id are printed unchanged."""

    def submit(self: ltx.Client, *_: Any, **__: Any) -> ltx.Job:
        return self.job("a[b]c:key:")

    monkeypatch.setattr(ltx.Client, "submit", submit)
    done = cli("submit", "ltx-video", "--prompt", "x")
    assert done.stdout == "a[b]c:key:\n"
    assert "a[b]c:key:" in done.stderr


def test_markup_in_error(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets in the service's error are printed unchanged."""

    def submit(*_: Any, **__: Any) -> None:
        raise ltx.BadRequestError(ODD)

    monkeypatch.setattr(ltx.Client, "submit", submit)
    assert f"error: {ODD}" in cli("submit", "ltx-video", "--prompt", "x").stderr


def test_markup_beside_bar() -> None:
    """Brackets in the text beside a bar are printed unchanged."""
    progress = JobProgress()
    with err.capture() as captured, progress.shown():
        progress.describe(progress.add(ODD, None), ODD)
        err.print(progress._bars)  # pyright: ignore[reportPrivateUsage]
    assert "[/INST]" in captured.get()
    with out.capture() as captured:
        out.print(ODD)
    assert captured.get() == ODD + "\n"


def test_resume_if_killed_after_save(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a run died between saving a video and writing that down, the next one does not fetch it again."""
    update: Callable[..., None] = Ledger.update

    def update_unless_saved(self: Ledger, request_id: str, state: str, **more: Any) -> None:
        if state != "saved":
            update(self, request_id, state, **more)

    path = cli.folder / "jobs.sqlite"
    with ltx.Client(cli.sandbox.key, cli.sandbox.base_url, ledger=path) as client:
        job = client.submit("ltx-video", prompt="x")
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "update", update_unless_saved)
        assert cli("jobs", "--resume", "--ledger", str(path)).exit_code == 0
    (video,) = cli.folder.glob("*.mp4")
    for _ in range(2):
        done = cli("jobs", "--resume", "--ledger", str(path))
        assert done.exit_code == 0, done.output
    ledger = Ledger(path)
    (entry,) = ledger.entries()
    ledger.close()
    assert (entry.state, entry.file, entry.request_id) == ("saved", str(video), job.id)


def test_resume_if_file_exists(cli: Cli) -> None:
    """A file of another program is never taken for the video, and never changed."""
    path = cli.folder / "jobs.sqlite"
    with ltx.Client(cli.sandbox.key, cli.sandbox.base_url, ledger=path) as client:
        job = client.submit("ltx-video", prompt="x")
    existing = cli.folder / f"ltx-video-{job.id}.mp4"
    existing.write_bytes(b"mine")
    for _ in range(2):
        assert cli("jobs", "--resume", "--ledger", str(path)).exit_code == 1
    assert existing.read_bytes() == b"mine"
    existing.unlink()
    assert cli("jobs", "--resume", "--ledger", str(path)).exit_code == 0


@pytest.mark.parametrize(
    "change",
    [
        "request_id = '../../outside'",
        "request_id = 'a/b'",
        "request_id = x'00ff'",
        "model = '../../outside'",
        "state = 'nonsense'",
        "begun = 1e300",
        "begun = 'x'",
        "request = '['",
        "cost = 'much'",
        "detail = char(27) || ']0;title' || char(7)",
        "model = char(27) || '[2J'",
    ],
)
def test_jobs_over_damaged_ledger(cli: Cli, change: str) -> None:
    """A damaged row causes no traceback, controls no terminal, and writes no file outside the folder."""
    path, folder = cli.folder / "jobs.sqlite", cli.folder / "in" / "videos"
    folder.mkdir(parents=True)
    with ltx.Client(cli.sandbox.key, cli.sandbox.base_url, ledger=path) as client:
        client.submit("ltx-video", prompt="x")
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"UPDATE jobs SET {change}")  # noqa: S608 - the tests' own text
    for done in (
        cli("jobs", "--ledger", str(path)),
        cli("jobs", "--resume", "--out", str(folder), "--ledger", str(path)),
    ):
        assert done.exit_code in {0, 1}
        assert done.exception is None or isinstance(done.exception, SystemExit)
        assert "\x1b" not in done.output
    assert [file for file in cli.folder.rglob("*.mp4") if file.parent != folder] == []


def test_resume_of_young_gone_job(cli: Cli) -> None:
    """A job that was once unknown within its hour is asked for again."""
    path = cli.folder / "jobs.sqlite"
    with ltx.Client(cli.sandbox.key, cli.sandbox.base_url, ledger=path) as client:
        job = client.submit("ltx-video", prompt="x")
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("UPDATE jobs SET state = 'gone'")
    assert cli("jobs", "--resume", "--ledger", str(path)).exit_code == 0
    assert (cli.folder / f"ltx-video-{job.id}.mp4").is_file()


def test_escapes_never_reach_terminal() -> None:
    """No text can clear the screen, set a title or write to the clipboard; lines and tabs stay."""
    text = "a\x1b[2J\x07\x9b31m\u202eb\r\n\tc\u2028"
    assert printable(text) == "a\\x1b[2J\\x07\\x9b31m\\u202eb\\x0d\n\tc "
    table = Table()
    table.add_column("x")
    table.add_row(text)
    with out.capture() as captured:
        out.print(text)
        out.print(table)
    assert not set("\x1b\x07\x9b\u202e") & set(captured.get())
