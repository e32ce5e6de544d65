"""A ledger whose file is deleted, replaced, held by another process, inherited by a fork, or damaged."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import segmind_ltx as ltx
from segmind_ltx._core.journal import JournalBusyError
from segmind_ltx.ledger import Entry, Ledger, read_entries

BASE = "https://api.test"


def submit(ledger: Ledger, request_id: str) -> None:
    ledger.record_outcome(ledger.record_submit("ltx-video", {"prompt": request_id}, BASE), "accepted", request_id)


@pytest.mark.parametrize("labelled", [True, False])
def test_read_entries(tmp_path: Path, labelled: bool) -> None:
    """All rows in their order, also those of a file from before there were labels."""
    path = tmp_path / "jobs.sqlite"
    with closing(Ledger(path)) as ledger:
        for name in ("a", "b"):
            number = ledger.record_submit("ltx-video", {"prompt": name}, BASE, "mine")
            ledger.record_outcome(number, "accepted", f"r-{name}")
    if not labelled:
        with closing(sqlite3.connect(path)) as file:
            file.execute("ALTER TABLE jobs DROP COLUMN label")
    found = [(entry.request_id, entry.label, entry.request["prompt"]) for entry in read_entries(path)]
    label = "mine" if labelled else None
    assert found == [("r-a", label, "a"), ("r-b", label, "b")]


def test_read_entries_of_no_ledger(tmp_path: Path) -> None:
    """The file is named, with the reason."""
    path = tmp_path / "notes.txt"
    path.write_text("No ledger, but a text that is long enough to be read as one.", encoding="utf-8")
    with pytest.raises(ltx.ConfigurationError) as caught:
        read_entries(path)
    assert str(caught.value) == f"the ledger {path} cannot be read: file is not a database"


def ids(path: Path) -> list[tuple[str | None, str]]:
    with closing(Ledger(path)) as ledger:
        return [(entry.request_id, entry.state) for entry in ledger.entries()]


@pytest.mark.skipif(os.name == "nt", reason="Windows does not delete open files")
@pytest.mark.parametrize("when", ["before a submit", "before its response"])
def test_ledger_deleted(tmp_path: Path, caplog: pytest.LogCaptureFixture, when: str) -> None:
    """If the file is deleted while it is open, all its rows are written again, and an error says so."""
    path = tmp_path / "jobs.sqlite"
    with closing(Ledger(path)) as ledger:
        submit(ledger, "r-1")
        number = ledger.record_submit("ltx-video", {"prompt": "x"}, BASE) if when == "before its response" else None
        for file in tmp_path.iterdir():
            file.unlink()
        if number is None:
            submit(ledger, "r-2")
        else:
            ledger.record_outcome(number, "accepted", "r-2")
    assert ids(path) == [("r-1", "accepted"), ("r-2", "accepted")]
    said = f"the ledger {path} was deleted while it was in use; its rows were written again"
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [said]


@pytest.mark.skipif(os.name == "nt", reason="Windows does not replace open files")
def test_ledger_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """If another ledger takes its name, this program's rows are added to that; none of the others changes."""
    path, other = tmp_path / "jobs.sqlite", tmp_path / "other.sqlite"
    with closing(Ledger(path)) as ledger:
        submit(ledger, "not this program's")
    with closing(Ledger(other)) as ledger:
        for number in range(4):
            submit(ledger, f"other-{number}")
    with closing(Ledger(path)) as ledger:
        first = ledger.record_submit("ltx-video", {"prompt": "x"}, BASE)
        other.replace(path)
        submit(ledger, "r-2")
        ledger.record_outcome(first, "accepted", "r-1")
        ledger.update("r-1", "saved", file="a.mp4")
    expected = [*((f"other-{number}", "accepted") for number in range(4)), ("r-1", "saved"), ("r-2", "accepted")]
    assert sorted(ids(path)) == sorted(expected)
    said = f"the ledger {path} was replaced while it was in use; this program's rows were written again"
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [said]


@pytest.mark.skipif(os.name == "nt", reason="Windows does not replace open files")
def test_ledger_replaced_twice(tmp_path: Path) -> None:
    """Rows that were written again are found again: those of before, and those that came in between."""
    path = tmp_path / "jobs.sqlite"

    def replace(rows: int) -> None:
        other = tmp_path / f"other-{rows}.sqlite"
        with closing(Ledger(other)) as ledger:
            for number in range(rows):
                submit(ledger, f"other-{number}")
        other.replace(path)

    with closing(Ledger(path)) as ledger:
        first, second = (ledger.record_submit("ltx-video", {"prompt": name}, BASE) for name in "ab")
        replace(3)
        third = ledger.record_submit("ltx-video", {"prompt": "c"}, BASE)
        ledger.record_outcome(second, "accepted", "r-2")
        replace(5)
        for number, request_id in ((first, "r-1"), (third, "r-3")):
            ledger.record_outcome(number, "accepted", request_id)
        ledger.update("r-2", "saved", file="b.mp4")
    found = {entry.request_id: (entry.state, entry.request["prompt"]) for entry in read_entries(path)}
    assert {request_id: found[request_id] for request_id in ("r-1", "r-2", "r-3")} == {
        "r-1": ("accepted", "a"),
        "r-2": ("saved", "b"),
        "r-3": ("accepted", "c"),
    }
    assert len(found) == 8


def test_ledger_folder_removed(tmp_path: Path) -> None:
    """If the file cannot be written again, the next submit is refused; nothing is lost as long as the program runs."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with closing(Ledger(folder / "jobs.sqlite")) as ledger:
        submit(ledger, "r-1")
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        with pytest.raises(ltx.ConfigurationError, match="cannot be used"):
            ledger.record_submit("ltx-video", {"prompt": "x"}, BASE)
        ledger.update("r-1", "completed")
        folder.mkdir()
        submit(ledger, "r-2")
    assert ids(folder / "jobs.sqlite") == [("r-1", "completed"), ("r-2", "accepted")]


@pytest.fixture
def held(tmp_path: Path) -> Generator[Path]:
    """A new file that another process has locked."""
    path = tmp_path / "jobs.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield path


def test_client_of_held_ledger(held: Path) -> None:
    """A client is made at once if the file is held; the file is looked at when it is needed."""
    begun = time.monotonic()
    client = ltx.Client("k", BASE, ledger=held)
    assert time.monotonic() < begun + 5
    with pytest.raises(JournalBusyError):
        client._driver.journal.record_submit("ltx-video", {}, BASE)  # pyright: ignore[reportPrivateUsage]
    client.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_event_loop_of_held_ledger(held: Path, backend: str) -> None:
    """While the ledger is held, other tasks go on: a submit waits for it without blocking the event loop."""
    posts: list[str] = []
    gaps: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        posts.append(request.method)
        return httpx.Response(200, json={"request_id": "r"})

    async def beat() -> None:
        while True:
            before = time.monotonic()
            await anyio.sleep(0.01)
            gaps.append(time.monotonic() - before)

    async def main() -> None:
        transport = httpx.MockTransport(handle)
        async with (
            ltx.AsyncClient("k", BASE, transport=transport, ledger=held) as client,
            anyio.create_task_group() as group,
        ):
            group.start_soon(beat)
            with anyio.move_on_after(0.7):
                await client.submit("ltx-video", prompt="x")
            group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert posts == []
    assert len(gaps) > 10
    assert sorted(gaps)[len(gaps) // 2] < 0.2


DAMAGED: dict[str, Any] = {
    "state": b"\xff",
    "model": 7,
    "request": "[1]",
    "begun": "yesterday",
    "request_id": b"r",
    "cost": "much",
    "file": 3.5,
    "label": b"x",
}


@pytest.mark.parametrize("column", DAMAGED)
def test_ledger_with_damaged_row(tmp_path: Path, column: str) -> None:
    """A value of a wrong type is dropped; the row and all others can be read."""
    path = tmp_path / "jobs.sqlite"
    with closing(Ledger(path)) as ledger:
        submit(ledger, "r-1")
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.execute(f"UPDATE jobs SET {column} = ?", (DAMAGED[column],))  # noqa: S608 - the tests' own text
        assert len(ledger.entries()) == 1
        (entry,) = read_entries(path)
    kinds = {"request": dict, "begun": float, "cost": float | None, "number": int}
    for name in Entry._fields:
        assert isinstance(getattr(entry, name), kinds.get(name, str | None))


def test_ledger_on_read_only_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows can be read if nothing can be written beside the file, also in a file of an earlier version."""
    path = tmp_path / "a b?#%.sqlite"
    with closing(Ledger(path)) as ledger:
        submit(ledger, "r-1")
    before = sorted(tmp_path.iterdir())
    assert [entry.request_id for entry in read_entries(path)] == ["r-1"]
    assert sorted(tmp_path.iterdir()) == before
    connect = sqlite3.connect

    def refuse(file: Any, *more: Any, **options: Any) -> Any:
        """As on a disk where SQLite cannot create its two files: only an immutable file can be read."""
        if "mode=ro" in str(file):
            return _Unreadable()
        return connect(file, *more, **options)

    (tmp_path / f"{path.name}-wal").touch()
    monkeypatch.setattr("segmind_ltx._ledger.sqlite_file.sqlite3.connect", refuse)
    assert [entry.request_id for entry in read_entries(path)] == ["r-1"]


class _Unreadable:
    def execute(self, *_: Any) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    def close(self) -> None:
        """Do nothing."""
