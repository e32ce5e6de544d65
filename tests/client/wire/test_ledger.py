"""Check the ledger: a row before a paid call is sent, and its outcome after.

More than 250 lines, since every outcome of a call has its row here.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from segmind_ltx import Client, ConfigurationError, SegmindLtxError
from segmind_ltx.ledger import Entry, Ledger
from support.clocks import FakeClock

KEY = "SG_0123456789abcdef"
ACCEPTED = {"request_id": "r-1", "status_url": "s", "response_url": "t"}
DONE = {"status": "COMPLETED", "output": "https://images.example.test/a.mp4", "metrics": {"cost": 0.4}}

Handler = Callable[[httpx.Request], httpx.Response]
Make = Callable[[Path | Ledger, Callable[[httpx.Request], httpx.Response]], Client]


def entries(path: Path) -> list[Entry]:
    ledger = Ledger(path)
    found = ledger.entries()
    ledger.close()
    return found


@pytest.fixture
def client() -> Generator[Make]:
    """Give a factory of clients with a ledger and made-up responses, closed at the end."""
    with ExitStack() as stack:

        def make(path: Path | Ledger, handler: Handler) -> Client:
            http = stack.enter_context(httpx.Client(transport=httpx.MockTransport(handler)))
            return stack.enter_context(
                Client(KEY, "https://api.example.test", http=http, ledger=path, clock=FakeClock())
            )

        yield make


def test_row_written_before_sending(client: Make, tmp_path: Path) -> None:
    """A row is written before the request is sent."""
    path = tmp_path / "jobs.sqlite"
    seen: list[Entry] = []

    def handler(_: httpx.Request) -> httpx.Response:
        seen.extend(entries(path))
        return httpx.Response(200, json=ACCEPTED)

    client(path, handler).submit("ltx-2-pro", prompt="x", duration=6)
    (before,) = seen
    assert (before.state, before.request_id, before.ambiguous) == ("sending", None, True)
    (after,) = entries(path)
    assert (after.state, after.request_id, after.ambiguous) == ("accepted", "r-1", False)
    assert after.request == {"prompt": "x", "duration": 6}
    assert after.fetchable
    assert after.seconds_left(after.begun + 600) == pytest.approx(3000)
    assert after.seconds_left(after.begun + 4000) == 0


def refused(_: httpx.Request) -> httpx.Response:
    return httpx.Response(401, json={"error": "no"})


def unreadable(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"<html>")


def lost(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("no answer")


def interrupted(_: httpx.Request) -> httpx.Response:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("handler", "state"),
    [
        (refused, "refused"),
        (unreadable, "uncertain"),
        (lost, "uncertain"),
        (interrupted, "uncertain"),
    ],
    ids=["refused", "unreadable", "lost", "interrupted"],
)
def test_row_of_failed_submit(client: Make, handler: Handler, state: str, tmp_path: Path) -> None:
    """The row records how a failed submit ended."""
    path = tmp_path / "jobs.sqlite"
    with pytest.raises((SegmindLtxError, KeyboardInterrupt)):
        client(path, handler).submit("ltx-2-pro", prompt="x")
    (entry,) = entries(path)
    assert entry.state == state
    assert entry.detail
    assert not entry.fetchable
    assert entry.ambiguous is (state == "uncertain")


def age(path: Path, seconds: float = 7200) -> None:
    """Let all submits be so many seconds earlier."""
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE jobs SET begun = begun - ?", (seconds,))


def test_no_row_for_invalid_parameters(client: Make, tmp_path: Path) -> None:
    """A call that the client itself refuses leaves no row."""
    path = tmp_path / "jobs.sqlite"
    submit: Any = client(path, interrupted).submit
    with pytest.raises(SegmindLtxError):
        submit("ltx-2-pro", prompt="x", duration=7)
    assert entries(path) == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (httpx.Response(200, json=DONE), "completed"),
        (httpx.Response(422, json={"status": "FAILED", "error": "no"}), "failed"),
        (httpx.Response(404, json={"error": "gone"}), "gone"),
    ],
)
def test_row_of_finished_job(client: Make, answer: httpx.Response, state: str, tmp_path: Path) -> None:
    """The row records how the job ended."""
    path = tmp_path / "jobs.sqlite"

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=ACCEPTED) if request.method == "POST" else answer

    api = client(path, handler)
    job = api.submit("ltx-2-pro", prompt="x")
    if state == "gone":
        age(path)
    try:
        api.job(job.id).result()
    except SegmindLtxError:
        assert state != "completed"
    (entry,) = entries(path)
    assert entry.state == state
    assert entry.cost == (0.4 if state == "completed" else None)


def test_row_of_saved_video(client: Make, tmp_path: Path) -> None:
    """The row of a saved video names its file."""
    path, target = tmp_path / "jobs.sqlite", tmp_path / "a.mp4"

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json=ACCEPTED)
        if request.url.host == "images.example.test":
            return httpx.Response(200, content=b"\0\0\0\x18ftypisom", headers={"content-type": "video/mp4"})
        return httpx.Response(200, json=DONE)

    api = client(path, handler)
    api.submit("ltx-2-pro", prompt="x").wait(poll_interval=1).save(target)
    (entry,) = entries(path)
    assert (entry.state, entry.file, entry.cost, entry.fetchable) == ("saved", str(target), 0.4, False)


def test_row_of_blocking_call(client: Make, tmp_path: Path) -> None:
    """A blocking call has a row too."""
    path = tmp_path / "jobs.sqlite"
    video = httpx.Response(200, content=b"\0\0\0\x18ftypisom", headers={"content-type": "video/mp4"})
    client(path, lambda _: video).generate_blocking("ltx-video", prompt="x")
    (entry,) = entries(path)
    assert (entry.state, entry.ambiguous, entry.fetchable) == ("answered", False, False)


def test_unusable_ledger_refused(client: Make, tmp_path: Path) -> None:
    """A file that cannot serve as a ledger is refused before anything is paid."""
    (tmp_path / "text").write_text("not a database, and long enough to be seen as none" * 20)
    for path in (tmp_path / "text", tmp_path, tmp_path / "no" / "such" / "folder.sqlite"):
        with pytest.raises(ConfigurationError, match="ledger"):
            client(path, interrupted)


def test_write_failure_after_response(client: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """If the disk fails after the response, the job is returned and its id is logged."""
    path = tmp_path / "jobs.sqlite"

    def handler(_: httpx.Request) -> httpx.Response:
        with sqlite3.connect(path) as file:
            file.execute("DROP TABLE jobs")
        file.close()
        return httpx.Response(200, json=ACCEPTED)

    with caplog.at_level(logging.ERROR, "segmind_ltx"):
        job = client(path, handler).submit("ltx-2-pro", prompt="x")
    assert job.id == "r-1"
    assert "r-1" in caplog.text


def test_key_not_in_ledger(client: Make, tmp_path: Path) -> None:
    """The key is not in the file, even if a response quotes it."""
    path = tmp_path / "jobs.sqlite"
    echo = httpx.Response(401, json={"error": f"the key {KEY} is unknown"})
    with pytest.raises(SegmindLtxError):
        client(path, lambda _: echo).submit("ltx-2-pro", prompt="x")
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_ledger_of_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment can name a ledger."""
    path = tmp_path / "jobs.sqlite"
    monkeypatch.setenv("SEGMIND_LEDGER", str(path))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=ACCEPTED))
    with Client(KEY, "https://api.example.test", http=httpx.Client(transport=transport)) as api:
        api.submit("ltx-2-pro", prompt="x")
    assert [entry.request_id for entry in entries(path)] == ["r-1"]


def test_own_ledger_stays_open(tmp_path: Path) -> None:
    """The user's own ledger stays open if the client is closed."""
    ledger = Ledger(tmp_path / "jobs.sqlite")
    with Client(KEY, "https://api.example.test", ledger=ledger):
        pass
    assert ledger.entries() == []
    ledger.close()


def test_label_in_row(client: Make, tmp_path: Path) -> None:
    """A label is in the row, even if the response is lost."""
    path = tmp_path / "jobs.sqlite"
    ledger = Ledger(path, label="mine")
    for which, prompt in ((ledger, "x"), (path, "y")):
        with pytest.raises(SegmindLtxError):
            client(which, lost).submit("ltx-2-pro", prompt=prompt)
    assert [(entry.label, entry.request["prompt"]) for entry in ledger.entries()] == [("mine", "x"), (None, "y")]
    assert list(ledger.labelled()) == ledger.entries()[:1]
    ledger.close()


def test_labelled_without_label(tmp_path: Path) -> None:
    """A ledger without labels lists no labelled rows."""
    ledger = Ledger(tmp_path / "jobs.sqlite")
    ledger.record_submit("ltx-2-pro", {"prompt": "x"}, "https://api.example.test")
    assert list(ledger.labelled()) == []
    ledger.close()


OLD = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, state TEXT NOT NULL, model TEXT NOT NULL, request TEXT NOT NULL,
    base_url TEXT NOT NULL, begun REAL NOT NULL, request_id TEXT UNIQUE, detail TEXT, cost REAL, file TEXT
)
"""


def test_ledger_of_earlier_version(tmp_path: Path) -> None:
    """A file of an earlier version is read and extended."""
    path = tmp_path / "jobs.sqlite"
    file = sqlite3.connect(path, isolation_level=None)
    file.execute(OLD)
    file.execute("INSERT INTO jobs (state, model, request, base_url, begun) VALUES ('sending', 'm', '{}', 'b', 1.0)")
    file.close()
    # Two ledgers upgrade at once: the second finds the column, or fails to add it again.
    first, second = Ledger(path, label="mine"), Ledger(path)
    first.record_submit("ltx-2-pro", {"prompt": "x"}, "https://api.example.test")
    assert [entry.label for entry in second.entries()] == [None, "mine"]
    first.close()
    second.close()


def test_ledger_upgraded_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade succeeds if another process does the same at once."""
    path = tmp_path / "jobs.sqlite"
    Ledger(path).close()

    def none(_: sqlite3.Connection) -> set[str]:
        return set()  # As if another process had added the column in between.

    monkeypatch.setattr("segmind_ltx.ledger._columns", none)
    ledger = Ledger(path)
    assert ledger.entries() == []
    ledger.close()


def test_row_of_blocking_call_has_cost(client: Make, tmp_path: Path) -> None:
    """The row of a blocking call has its request id and cost."""
    path, headers = tmp_path / "jobs.sqlite", {"content-type": "video/mp4", "x-request-id": "r-9", "x-cost": "0.5"}
    video = httpx.Response(200, content=b"\0\0\0\x18ftypisom", headers=headers)
    made = client(path, lambda _: video).generate_blocking("ltx-video", prompt="x")
    (entry,) = entries(path)
    assert (entry.state, entry.request_id, entry.cost) == ("answered", "r-9", 0.5)
    made.save(tmp_path / "a.mp4")
    (entry,) = entries(path)
    assert (entry.state, entry.file) == ("saved", str(tmp_path / "a.mp4"))


def test_row_of_submit_that_failed(client: Make, tmp_path: Path) -> None:
    """The row is failed if the submit's own response says so."""
    path = tmp_path / "jobs.sqlite"
    answer = httpx.Response(422, json={"status": "FAILED", "error": "no", "request_id": "r-3"})
    with pytest.raises(SegmindLtxError):
        client(path, lambda _: answer).submit("ltx-2-pro", prompt="x")
    (entry,) = entries(path)
    assert (entry.state, entry.request_id) == ("failed", "r-3")
