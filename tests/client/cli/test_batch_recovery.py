"""A batch recovers what earlier runs paid for, and pays twice only if the user says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import segmind_ltx as ltx
from segmind_ltx.ledger import Ledger
from support.cli import Batch, items, parse_batch


def submit_and_die(batch: Batch, *prompts: str, old: bool = False) -> list[str]:
    """Leave what a run leaves that died after its submits; return the ids.

    An ``old`` run wrote rows with the label of the batch only, and no note.
    """
    assert batch(items(*prompts)).exit_code == 0
    for path in batch.videos.glob("*.mp4"):
        path.unlink()
    batch.alter("state = 'accepted', file = NULL, cost = NULL")
    if old:
        batch.alter("label = 'batch .'")
        (batch.videos / ".batch.ledger").unlink()
    rows = sorted(batch.rows(), key=lambda row: prompts.index(row.request["prompt"]))
    return [str(row.request_id) for row in rows]


def test_recovery_from_old_ledger(batch: Batch) -> None:
    """Rows of an earlier version, which do not name their item, are matched by their request and paid only once."""
    submit_and_die(batch, "a", "b", "b", old=True)
    for given in (items("b", "a", "b", "c"), items("c", "b", "b", "a")):  # Old rows only, then old and new ones.
        assert batch(given).exit_code == 0
        assert (batch.posts, len(batch.names)) == (4, 4)
    assert [row.label == "batch ." for row in batch.rows()] == [True, True, True, False]


@pytest.mark.parametrize("old", [False, True])
def test_recovery_of_accepted_jobs(batch: Batch, old: bool) -> None:
    """The jobs of an earlier run are fetched for the items that asked for them; only new items are submitted."""
    ids = submit_and_die(batch, "a", "b", "b", old=old)
    objects, summary = parse_batch(batch(items("b", "a", "b", "c"), "--json"))
    assert (batch.posts, summary["saved"]) == (4, 4)
    ids_by_line = {item["line"]: item["request_id"] for item in objects}
    assert ids_by_line[2] == ids[0]
    assert {ids_by_line[1], ids_by_line[3]} == set(ids[1:])


@pytest.mark.parametrize("old", [False, True])
def test_recovery_of_uncertain_submits(batch: Batch, old: bool) -> None:
    """If a job may exist without a known id, only --resubmit uncertain submits the item again."""
    submit_and_die(batch, "a", "b", "c", old=old)
    batch.alter("state = 'sending', request_id = NULL WHERE number = 1")
    batch.alter("state = 'uncertain', request_id = NULL, detail = 'lost' WHERE number = 2")
    for _ in range(2):
        done = batch(items("a", "b", "c"))
        assert (done.exit_code, batch.posts, len(batch.names)) == (1, 3, 1)
        assert "1 saved, 0 failed, 2 uncertain; cost 0.42 USD, and up to 0.83 USD in doubt" in done.stdout
        assert "--resubmit uncertain" in done.stderr
    assert batch(None, "--max-cost", "1.2", "--resubmit", "uncertain").exit_code == 1
    assert batch.posts == 3  # Each of the two counts with its highest price, so no other fits.
    objects, _ = parse_batch(batch(None, "--resubmit", "uncertain", "--json"))
    assert sorted((item["line"], item["state"]) for item in objects) == [(1, "saved"), (2, "saved"), (3, "saved")]
    assert (batch.posts, batch(None).exit_code) == (5, 0)


def test_recovery_of_young_unknown_jobs(batch: Batch) -> None:
    """If a job is not known within its hour, it is not given up, and no advice pays for it again."""
    submit_and_die(batch, "a", "b")
    batch.alter("request_id = 'r' || number, begun = begun - 1800")
    for _ in range(2):
        done = batch(items("a", "b"), "--timeout", "0.5", "--resubmit", "gone")
        assert (done.exit_code, batch.posts, batch.names) == (1, 2, [])
        assert "2 unfinished" in done.stdout
        assert "--resubmit gone" not in done.stderr


def test_recovery_of_gone_jobs(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the service no longer knows a job after its hour, only --resubmit gone submits the item again."""
    monkeypatch.setattr("segmind_ltx._core.reads.GONE_AFTER", 0.0)  # Saves a minute of polls.
    submit_and_die(batch, "a", "b")
    batch.alter("request_id = 'r' || number, begun = begun - 7200")
    for _ in range(2):
        done = batch(items("a", "b"))
        assert (done.exit_code, batch.posts, batch.names) == (1, 2, [])
        assert "2 gone" in done.stdout
        assert [row.state for row in batch.rows()] == ["gone", "gone"]
    objects, _ = parse_batch(batch(None, "--resubmit", "gone", "--resubmit", "uncertain", "--json"))
    assert sorted((item["line"], item["state"]) for item in objects) == [(1, "saved"), (2, "saved")]
    assert (batch.posts, len(batch.names)) == (4, 2)
    assert batch(None).exit_code == 0


def test_recovery_if_killed_after_save(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a run dies between saving a video and writing that down, the next one finds the video."""
    update: Callable[..., None] = Ledger.update

    def update_unless_saved(self: Ledger, request_id: str, state: str, **more: Any) -> None:
        if state != "saved":
            update(self, request_id, state, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "update", update_unless_saved)
        assert batch(items("a")).exit_code == 0
    batch.alter("request_id = 'unknown' WHERE state = 'completed'")
    assert batch(None).exit_code == 0
    assert len(batch.behaviour.prompts) == 1


def test_recovery_if_file_appears_during_save(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program creates just before the save is never taken for the video."""
    save: Callable[..., Path] = ltx.Video.save

    def save_too_late(self: ltx.Video, path: Path, **options: Any) -> Path:
        path.write_bytes(b"mine")
        return save(self, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ltx.Video, "save", save_too_late)
        assert batch(items("a")).exit_code == 1
    assert batch(None).exit_code == 2
    assert [path.read_bytes() for path in batch.videos.glob("*.mp4")] == [b"mine"]
    assert (batch(None, "--force").exit_code, batch.posts) == (0, 1)


def test_recovery_of_deleted_video(batch: Batch) -> None:
    """If a video was deleted, it is fetched again for free."""
    assert batch(items("a")).exit_code == 0
    (batch.videos / batch.names[0]).unlink()
    assert batch(None).exit_code == 0
    assert (batch.posts, len(batch.names)) == (1, 1)


def test_recovery_after_reorder_and_move(batch: Batch) -> None:
    """Items keep their videos if they change order, and if the folder is moved."""
    assert batch(items("a", "b")).exit_code == 0
    assert batch(items("b", "a")).exit_code == 0
    batch.videos.rename(batch.folder / "moved")
    assert batch(None, out="moved").exit_code == 0
    inserted = batch(items("new", "a", "b"), "--force", out="moved")
    assert inserted.exit_code == 2
    assert "is the video of line" in inserted.stderr
    assert batch([*items("new", file="new.mp4"), *items("a", "b")], out="moved").exit_code == 0
    assert batch.posts == 3


def test_recovery_of_removed_item(batch: Batch) -> None:
    """If a paid job matches no item any more, its id is printed with the command that fetches it."""
    (request_id,) = submit_and_die(batch, "a")
    done = batch(items("b"))
    assert done.exit_code == 0
    assert "jobs --resume" in done.stderr
    assert request_id in done.stderr


def test_recovery_in_shared_ledger(batch: Batch) -> None:
    """Two folders may share a ledger: neither takes the other's jobs, nor those of another host.

    The label of one folder's rows may begin with that of the other's.
    """
    shared = batch.folder / "all.sqlite"
    assert batch(items("a"), SEGMIND_LEDGER=str(shared)).exit_code == 0
    assert batch(None, "--ledger", str(shared), out="videos2").exit_code == 0
    assert batch.posts == 2
    assert batch(items("a", "a"), "--ledger", str(shared)).exit_code == 0
    assert batch.posts == 3
    batch.alter("base_url = 'https://elsewhere.test'", shared)
    done = batch(items("a"), "--ledger", str(shared), out="videos2")
    assert (done.exit_code, batch.posts) == (2, 3)  # The existing file is not known to be this item's.


def test_recovery_at_another_host(batch: Batch) -> None:
    """Jobs at another host are named, and count in the budget, since they may be billed to the same account."""
    assert batch(items("a", "b")).exit_code == 0
    for file in batch.videos.glob("*.mp4"):
        file.unlink()
    batch.alter("base_url = 'https://elsewhere.test'")
    done = batch(None, "--max-cost", "0.9", "--json")
    assert (done.exit_code, batch.posts) == (1, 2)
    assert json.loads(done.stdout.splitlines()[-1])["summary"]["cost"] == pytest.approx(0.832)
    assert "2 paid calls of this batch went to https://elsewhere.test" in done.stderr
