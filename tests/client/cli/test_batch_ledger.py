"""A batch keeps to its ledger, a file is the video of one job, and another host's jobs cost money too."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import segmind_ltx as ltx
from segmind_ltx._cli.batch.items import SAVED, UNFINISHED, Line
from segmind_ltx._cli.batch.plan import assign, past_of
from segmind_ltx._cli.commands import app
from segmind_ltx.ledger import Entry, Ledger
from segmind_ltx_api.contract import MODELS
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox

SMALL: dict[str, Any] = {"model": "ltx-2-19b-t2v", "width": 256, "height": 256, "num_frames": 4}

Run = Callable[..., Result]


@pytest.fixture
def sandbox() -> Generator[RunningSandbox]:
    with running_sandbox(speed=1000) as running:
        yield running


@pytest.fixture
def batch(sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``segmind-ltx batch`` with lines of these files and prompts."""
    many: Any = ltx.Client.generate_many

    def quick(self: ltx.Client, requests: Any, **options: Any) -> Any:
        return many(self, requests, poll_interval=0.02, **options)

    monkeypatch.setattr(ltx.Client, "generate_many", quick)
    monkeypatch.delenv("SEGMIND_LEDGER", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(given: dict[str, str], *more: str, out: str = "videos", **env: str) -> Result:
        text = "\n".join(json.dumps({**SMALL, "file": file, "prompt": prompt}) for file, prompt in given.items())
        env = {"SEGMIND_API_KEY": sandbox.key, "SEGMIND_BASE_URL": sandbox.base_url, "COLUMNS": "200", **env}
        return CliRunner().invoke(app, ["batch", "-", "--out", out, *more], env=env, input=text)

    return run


TWO = {"a.mp4": "a", "b.mp4": "b"}


def alter(ledger: Path, change: str) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as file:
        file.execute(f"UPDATE jobs SET {change}")  # noqa: S608 - the test's own


@pytest.mark.parametrize("noted", [True, False])
def test_another_ledger_than_that_in_the_folder_is_refused(
    batch: Run, sandbox: RunningSandbox, tmp_path: Path, noted: bool
) -> None:
    assert batch(TWO).exit_code == 0
    if not noted:  # As an earlier version left it, or one that was killed.
        (tmp_path / "videos" / ".batch.ledger").unlink()
    for file in (tmp_path / "videos").glob("*.mp4"):
        file.unlink()
    for more, env in (((), {"SEGMIND_LEDGER": "jobs.sqlite"}), (("--ledger", "jobs.sqlite"), dict[str, str]())):
        done = batch(TWO, *more, **env)
        assert (done.exit_code, len(sandbox.state.jobs)) == (2, 2)
        assert f"--ledger {tmp_path / 'videos' / 'jobs.sqlite'}" in done.stderr.replace("\n", "")
    assert not (tmp_path / "jobs.sqlite").exists()
    done = batch(TWO, "--ledger", "videos/jobs.sqlite", SEGMIND_LEDGER="jobs.sqlite")
    assert (done.exit_code, len(sandbox.state.jobs)) == (0, 2)


def test_a_ledger_that_was_chosen_first_is_kept_to(batch: Run, sandbox: RunningSandbox, tmp_path: Path) -> None:
    assert batch(TWO, SEGMIND_LEDGER="mine.sqlite").exit_code == 0
    done = batch(TWO, "--force")
    assert (done.exit_code, len(sandbox.state.jobs)) == (2, 2)
    assert f"--ledger {tmp_path / 'mine.sqlite'}" in done.stderr.replace("\n", "")
    assert not (tmp_path / "videos" / "jobs.sqlite").exists()
    (tmp_path / "videos" / ".batch.ledger").write_text("nonsense")
    assert batch(TWO, SEGMIND_LEDGER="mine.sqlite").exit_code == 2


def test_folder_and_ledger_can_be_moved_together_but_not_apart(
    batch: Run, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    assert batch(TWO, "--ledger", "here/l.sqlite", out="here/videos").exit_code == 0
    (tmp_path / "here").rename(tmp_path / "there")
    assert batch(TWO, "--ledger", "there/l.sqlite", out="there/videos").exit_code == 0
    (tmp_path / "there" / "videos").rename(tmp_path / "alone")
    apart = batch(TWO, "--ledger", "there/l.sqlite", "--force", out="alone")
    assert (apart.exit_code, len(sandbox.state.jobs)) == (2, 2)
    assert "move it back" in apart.stderr


def test_the_jobs_at_another_host_count_in_the_budget_and_are_told_of(
    batch: Run, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    assert batch(TWO).exit_code == 0
    for file in (tmp_path / "videos").glob("*.mp4"):
        file.unlink()
    alter(tmp_path / "videos" / "jobs.sqlite", "base_url = 'https://elsewhere.test'")
    done = batch(TWO, "--max-cost", "0.9")
    assert (done.exit_code, len(sandbox.state.jobs)) == (1, 2)
    assert "cost 0.83 USD" in done.stdout
    assert "2 paid calls of this batch went to https://elsewhere.test" in done.stderr


def test_a_file_that_is_another_jobs_by_now_is_not_this_lines_video(
    batch: Run, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    video = tmp_path / "videos" / "a.mp4"
    assert batch({"a.mp4": "one"}).exit_code == 0
    video.unlink()
    assert batch({"a.mp4": "two"}).exit_code == 0
    assert batch({"a.mp4": "one"}).exit_code == 2  # Something else lies there.
    done = batch({"b.mp4": "one", "a.mp4": "two"}, "--json")
    files = [Path(json.loads(line)["file"]).name for line in done.stdout.splitlines()[:-1]]
    assert (done.exit_code, sorted(files), len(sandbox.state.jobs)) == (0, ["a.mp4", "b.mp4"], 2)


def test_what_was_noted_before_the_folder_was_moved_is_taken_back_as_well(batch: Run, tmp_path: Path) -> None:
    assert batch({"a.mp4": "one"}).exit_code == 0
    (tmp_path / "videos" / "a.mp4").unlink()
    (tmp_path / "videos").rename(tmp_path / "moved")
    assert batch({"a.mp4": "two"}, "--force", out="moved").exit_code == 0
    with closing(Ledger(tmp_path / "moved" / "jobs.sqlite")) as ledger:
        assert [entry.file for entry in ledger.entries()] == [None, str(tmp_path / "moved" / "a.mp4")]


@pytest.mark.parametrize("noted", [["a.mp4", "a.mp4"], ["a.mp4", "/gone/a.mp4"], ["/gone/a.mp4", "/gone/a.mp4"]])
def test_two_lines_never_get_one_file(noted: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    model = MODELS["ltx-video"]
    lines = [Line(number, model, {}, f"{number}.mp4", str(number)) for number in (1, 2)]
    rows = [
        Entry(n, "saved", model.slug, {}, "", 0.0, f"r{n}", None, None, str(tmp_path / file))
        for n, file in enumerate(noted, 1)
    ]
    found = [past_of(row, tmp_path, 0.0) for row in rows]
    calls = [call._replace(digest=str(call.entry.number)) for call in found if call is not None]
    assert assign(lines, calls) == []
    exact = 0 if noted[1].startswith("/") and not noted[0].startswith("/") else 1
    assert [lines[exact].state, lines[1 - exact].state] == [SAVED, UNFINISHED]
    assert lines[1 - exact].file is None
