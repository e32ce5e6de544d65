"""A batch makes a video for each item, and running it again pays for nothing twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import segmind_ltx as ltx
from segmind_ltx_sandbox import key_of
from support.cli import PRICE, Batch, items, parse_batch


def test_batch_run_twice(batch: Batch) -> None:
    """Every item gets its video; if the batch runs again, nothing is sent but new items."""
    given = [*items("a", "b"), {"model": "ltx-video", "prompt": "c", "file": "Küste.mp4"}]
    done = batch(given)
    assert (done.exit_code, batch.posts) == (0, 3), done.output
    assert batch.names == ["0001-ltx-2-19b-t2v.mp4", "0002-ltx-2-19b-t2v.mp4", "Küste.mp4"]
    assert all(path.read_bytes()[4:8] == b"ftyp" for path in batch.videos.glob("*.mp4"))
    assert done.stdout == "3 saved, 0 failed, 0 uncertain; cost 0.89 USD\n"
    assert "[3/3]" in done.stderr
    assert [row.state for row in batch.rows()] == ["saved"] * 3
    again = batch(None)
    assert (again.exit_code, again.stdout, batch.posts, len(batch.behaviour.prompts)) == (0, done.stdout, 3, 3)
    longer = batch([*given, *items("d")])
    assert (longer.exit_code, batch.posts, len(batch.names)) == (0, 4, 4)


def test_batch_with_json(batch: Batch) -> None:
    """With --json each item is one object, whether it was made now or before, and the sums are the last one."""
    for _ in range(2):
        objects, summary = parse_batch(batch(items("a", "b"), "--json"))
        assert sorted(item["line"] for item in objects) == [1, 2]
        assert {item["state"] for item in objects} == {"saved"}
        assert {Path(item["file"]).name for item in objects} == set(batch.names)
        assert {item["request_id"] for item in objects} == {job.id for job in batch.sandbox.state.jobs}
        assert (summary["saved"], summary["failed"], summary["cost"]) == (2, 0, pytest.approx(2 * PRICE))


def test_batch_from_stdin(batch: Batch) -> None:
    """Items are read from standard input if the file is "-"; comments, empty lines and a BOM are skipped."""
    text = "\ufeff# what I want\n\n" + json.dumps(items("a")[0]) + "\r\n  \n"
    assert batch.run("-", "--out", "videos", stdin=text).exit_code == 0
    assert batch.names == ["0001-ltx-2-19b-t2v.mp4"]


def test_batch_with_local_image(batch: Batch) -> None:
    """An image file on this machine is sent as a data URI."""
    Path("boat.png").write_bytes(b"\x89PNG")
    item = {"model": "ltx-2-19b-i2v", "prompt": "boat.png", "image": "boat.png"}
    assert batch([item]).exit_code == 0
    assert batch.rows()[0].request == {"prompt": "boat.png", "image": "data:image/png;base64,iVBORw=="}


def test_batch_with_failing_items(batch: Batch) -> None:
    """A refused item and a failed job do not end the others, and are submitted again by the next run."""
    done = batch(items("a", "fail", "refuse", "b"), "--json")
    objects, summary = parse_batch(done)
    assert done.exit_code == 1
    assert {item["line"]: item["state"] for item in objects} == {1: "saved", 2: "failed", 3: "failed", 4: "saved"}
    assert {item["error"]["type"] for item in objects if item["error"]} == {"JobFailedError", "BadRequestError"}
    assert summary["cost"] == pytest.approx(2 * PRICE)
    batch.behaviour.prompts.clear()
    assert batch(None).exit_code == 1
    assert sorted(batch.behaviour.prompts) == ["fail", "refuse"]


def test_batch_with_equal_items(batch: Batch) -> None:
    """Equal items get one video each; one more of them pays for one more job."""
    assert batch(items("a", "a", "a", "fail", "fail")).exit_code == 1
    assert (batch.posts, len(batch.names)) == (5, 3)
    assert batch(items("a", "a", "a", "a")).exit_code == 0
    assert (batch.posts, len(batch.names)) == (6, 4)


def test_batch_if_file_exists(batch: Batch) -> None:
    """If a file of another program has an item's name, nothing is sent; --force replaces it."""
    batch.videos.mkdir()
    existing = batch.videos / "0002-ltx-2-19b-t2v.mp4"
    existing.write_bytes(b"mine")
    done = batch(items("a", "b"), "--json")
    assert (done.exit_code, batch.posts, existing.read_bytes()) == (2, 0, b"mine")
    (problem,) = json.loads(done.stdout)["error"]["problems"]
    assert problem.startswith("line 2: ")
    assert batch(None, "--force").exit_code == 0
    assert existing.read_bytes()[4:8] == b"ftyp"


def test_batch_with_name_of_ledger(batch: Batch) -> None:
    """A video may not have the name of one of the ledger's files, not even with --force."""
    for name in ("jobs.sqlite", "jobs.sqlite-wal"):
        assert batch(items("a", file=name), "--force").exit_code == 2
    assert batch.posts == 0


def test_batch_if_disk_fails_once(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """If one video cannot be saved, the others are; the next run fetches it for free."""
    save: Callable[..., Path] = ltx.Video.save

    def save_but_second(self: ltx.Video, path: Path, **options: Any) -> Path:
        if path.name.startswith("0002"):
            raise ltx.DownloadError("no space left", request_id=self.request_id)
        return save(self, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ltx.Video, "save", save_but_second)
        done = batch(items("a", "b", "c"))
    assert (done.exit_code, len(batch.names)) == (1, 2)
    assert "no space left" in done.stderr
    assert done.stdout == "2 saved, 0 failed, 0 uncertain, 1 unfinished; cost 1.25 USD\n"
    assert batch(None).exit_code == 0
    assert (batch.posts, len(batch.names)) == (3, 3)


@pytest.mark.parametrize("scenario", ["forbidden", "no_credits"])
def test_batch_if_key_is_refused(batch: Batch, scenario: str) -> None:
    """If the key is the cause of several errors in a row, the other items do not begin."""
    done = batch(items(*"abcdefghijklmnopqrst"), "--concurrency", "2", "--json", key=key_of(scenario))
    _, summary = parse_batch(done)
    assert (done.exit_code, batch.posts) == (1, 0)
    assert 3 <= summary["failed"] <= 5
    assert summary["not_begun"] == 20 - summary["failed"]
    assert "in a row" in summary["stopped"]
    assert batch(None).exit_code == 0


def test_batch_if_another_runs(batch: Batch) -> None:
    """Two batches cannot use one folder at the same time."""
    assert batch(items("a")).exit_code == 0
    with closing(sqlite3.connect(batch.videos / ".batch.lock", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = batch(items("a", "b"))
    assert (done.exit_code, batch.posts) == (2, 1)
    assert "another batch" in done.stderr


def test_batch_on_terminal(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal shows a bar for each item; if there are many, a bar that counts them. FORCE_COLOR alone is none."""
    assert "━" not in batch(items("z"), out="other", FORCE_COLOR="1").stderr
    monkeypatch.setattr("segmind_ltx._cli.printing.SafeConsole.interactive", True)
    few = batch(items("a", "fail"), FORCE_COLOR="1")
    assert "0001-ltx-2-19b-t2v.mp4 saved" in few.stderr
    many = batch(items("a", "fail", *"bcdefghijklmnopqrstuv"), FORCE_COLOR="1")
    assert (many.exit_code, batch.posts) == (1, 25)
    assert "23/23; " in many.stderr


def test_batch_without_key_or_folder(batch: Batch) -> None:
    """Without a key, a folder or a file of requests nothing is sent, and nothing is created."""
    assert batch(items("a"), SEGMIND_API_KEY="").exit_code == 2
    assert not batch.videos.exists()
    batch.videos.write_text("a file")
    assert batch(items("a")).exit_code == 2
    assert batch.run("no-such.jsonl", "--out", "other").exit_code == 2
    assert batch.posts == 0
