"""A folder keeps to one ledger, and a file is the video of one job."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from segmind_ltx._cli.batch.items import BatchItem, ItemState
from segmind_ltx._cli.batch.plan import match, prior_call
from segmind_ltx.ledger import Entry, Ledger
from segmind_ltx_api.contract import MODELS
from support.cli import Batch, items, named_items, parse_batch


@pytest.mark.parametrize("has_note", [True, False])
def test_other_ledger_if_folder_has_one(batch: Batch, has_note: bool) -> None:
    """Another ledger than the folder's own is refused, since with it every item would be paid for again."""
    given = items("a", "b")
    assert batch(given).exit_code == 0
    if not has_note:  # As after a crash, or after an earlier version.
        (batch.videos / ".batch.ledger").unlink()
    for file in batch.videos.glob("*.mp4"):
        file.unlink()
    for done in (batch(None, SEGMIND_LEDGER="jobs.sqlite"), batch(None, "--ledger", "jobs.sqlite")):
        assert (done.exit_code, batch.posts) == (2, 2)
        assert f"--ledger {batch.ledger}" in done.stderr.replace("\n", "")
    assert not (batch.folder / "jobs.sqlite").exists()
    done = batch(None, "--ledger", "videos/jobs.sqlite", SEGMIND_LEDGER="jobs.sqlite")
    assert (done.exit_code, batch.posts) == (0, 2)


def test_default_ledger_after_chosen_one(batch: Batch) -> None:
    """If the first run chose a ledger, a later run must choose it too; an unreadable note ends the run."""
    assert batch(items("a", "b"), SEGMIND_LEDGER="mine.sqlite").exit_code == 0
    done = batch(None, "--force")
    assert (done.exit_code, batch.posts) == (2, 2)
    assert f"--ledger {batch.folder / 'mine.sqlite'}" in done.stderr.replace("\n", "")
    assert not batch.ledger.exists()
    (batch.videos / ".batch.ledger").write_text("nonsense")
    assert batch(None, SEGMIND_LEDGER="mine.sqlite").exit_code == 2


def test_ledger_and_folder_moved(batch: Batch) -> None:
    """Folder and ledger may be moved together; a folder moved alone is refused."""
    (batch.folder / "here").mkdir()
    assert batch(items("a", "b"), "--ledger", "here/l.sqlite", out="here/videos").exit_code == 0
    (batch.folder / "here").rename(batch.folder / "there")
    assert batch(None, "--ledger", "there/l.sqlite", out="there/videos").exit_code == 0
    (batch.folder / "there" / "videos").rename(batch.folder / "alone")
    done = batch(None, "--ledger", "there/l.sqlite", "--force", out="alone")
    assert (done.exit_code, batch.posts) == (2, 2)
    assert "move it back" in done.stderr


def test_file_claimed_by_newer_job(batch: Batch) -> None:
    """If a newer job has written to a file, the older job's item does not take it for its video."""
    assert batch(named_items({"a.mp4": "one"})).exit_code == 0
    (batch.videos / "a.mp4").unlink()
    assert batch(named_items({"a.mp4": "two"})).exit_code == 0
    assert batch(named_items({"a.mp4": "one"})).exit_code == 2  # The file is the video of "two".
    done = batch(named_items({"b.mp4": "one", "a.mp4": "two"}), "--json")
    files = [Path(item["file"]).name for item in parse_batch(done)[0]]
    assert (done.exit_code, sorted(files), batch.posts) == (0, ["a.mp4", "b.mp4"], 2)


def test_file_claimed_after_move(batch: Batch) -> None:
    """If the folder was moved, a new job also claims a file that an older row names by its old path."""
    assert batch(named_items({"a.mp4": "one"})).exit_code == 0
    (batch.videos / "a.mp4").unlink()
    moved = batch.folder / "moved"
    batch.videos.rename(moved)
    assert batch(named_items({"a.mp4": "two"}), "--force", out="moved").exit_code == 0
    with closing(Ledger(moved / "jobs.sqlite")) as ledger:
        assert [entry.file for entry in ledger.entries()] == [None, str(moved / "a.mp4")]


@pytest.mark.parametrize("paths", [["a.mp4", "a.mp4"], ["a.mp4", "/gone/a.mp4"], ["/gone/a.mp4", "/gone/a.mp4"]])
def test_file_in_two_rows(paths: list[str], tmp_path: Path) -> None:
    """If two rows name one file, it is the video of the row with its very path, else of the latest."""
    (tmp_path / "a.mp4").write_bytes(b"video")
    model = MODELS["ltx-video"]
    both = [BatchItem(number, model, {}, f"{number}.mp4", str(number)) for number in (1, 2)]
    rows = [
        Entry(n, "saved", model.slug, {}, "", 0.0, f"r{n}", None, None, str(tmp_path / file))
        for n, file in enumerate(paths, 1)
    ]
    calls = [prior_call(row, str(row.number), tmp_path, 0.0) for row in rows]
    assert match(both, [call for call in calls if call is not None]) == []
    owner = 0 if paths[1].startswith("/") and not paths[0].startswith("/") else 1
    assert [both[owner].state, both[1 - owner].state] == [ItemState.SAVED, ItemState.UNFINISHED]
    assert both[1 - owner].file is None
