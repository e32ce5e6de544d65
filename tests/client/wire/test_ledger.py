"""The ledger: a row before a paid call leaves, and what came of it after."""

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
from segmind_ltx import ledger as ledgers
from segmind_ltx.ledger import Entry, Ledger

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
    """Makes a client with a ledger and made-up answers; it is closed at the end."""
    with ExitStack() as stack:

        def make(path: Path | Ledger, handler: Handler) -> Client:
            http = stack.enter_context(httpx.Client(transport=httpx.MockTransport(handler)))
            return stack.enter_context(Client(KEY, "https://api.example.test", http=http, ledger=path))

        yield make


def test_the_row_is_there_before_the_request_leaves(client: Make, tmp_path: Path) -> None:
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
def test_what_came_of_a_submit_is_written_down(client: Make, handler: Handler, state: str, tmp_path: Path) -> None:
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


def test_what_is_refused_here_was_no_paid_call(client: Make, tmp_path: Path) -> None:
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
def test_how_a_job_ended_is_written_down(client: Make, answer: httpx.Response, state: str, tmp_path: Path) -> None:
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


def test_a_saved_video_is_written_down_with_its_file(client: Make, tmp_path: Path) -> None:
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


def test_a_blocking_call_is_a_paid_call_as_well(client: Make, tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    video = httpx.Response(200, content=b"\0\0\0\x18ftypisom", headers={"content-type": "video/mp4"})
    client(path, lambda _: video).generate_blocking("ltx-video", prompt="x")
    (entry,) = entries(path)
    assert (entry.state, entry.ambiguous, entry.fetchable) == ("answered", False, False)


def test_a_file_that_cannot_be_used_is_told_before_anything_is_paid(client: Make, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, and long enough to be seen as none" * 20)
    for path in (tmp_path / "text", tmp_path, tmp_path / "no" / "such" / "folder.sqlite"):
        with pytest.raises(ConfigurationError, match="ledger"):
            client(path, interrupted)


def test_a_disk_that_fails_after_the_answer_does_not_cost_the_id(
    client: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
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


def test_the_key_is_not_in_the_file(client: Make, tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    echo = httpx.Response(401, json={"error": f"the key {KEY} is unknown"})
    with pytest.raises(SegmindLtxError):
        client(path, lambda _: echo).submit("ltx-2-pro", prompt="x")
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_the_environment_names_a_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "jobs.sqlite"
    monkeypatch.setenv("SEGMIND_LEDGER", str(path))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=ACCEPTED))
    with Client(KEY, "https://api.example.test", http=httpx.Client(transport=transport)) as api:
        api.submit("ltx-2-pro", prompt="x")
    assert [entry.request_id for entry in entries(path)] == ["r-1"]


def test_a_ledger_of_ones_own_is_not_closed_with_the_client(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    with Client(KEY, "https://api.example.test", ledger=ledger):
        pass
    assert ledger.entries() == []
    ledger.close()


def test_a_label_is_written_down_before_the_request_leaves(client: Make, tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    ledger = Ledger(path, label="mine")
    for which, prompt in ((ledger, "x"), (path, "y")):
        with pytest.raises(SegmindLtxError):
            client(which, lost).submit("ltx-2-pro", prompt=prompt)
    assert [(entry.label, entry.request["prompt"]) for entry in ledger.entries()] == [("mine", "x"), (None, "y")]
    assert list(ledger.labelled()) == ledger.entries()[:1]
    ledger.close()


def test_without_a_label_there_is_nothing_labelled(tmp_path: Path) -> None:
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


def test_a_file_of_an_earlier_version_is_read_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    file = sqlite3.connect(path, isolation_level=None)
    file.execute(OLD)
    file.execute("INSERT INTO jobs (state, model, request, base_url, begun) VALUES ('sending', 'm', '{}', 'b', 1.0)")
    file.close()
    # Two that are opened at once: the second finds the work done, or does it again in vain.
    first, second = Ledger(path, label="mine"), Ledger(path)
    first.record_submit("ltx-2-pro", {"prompt": "x"}, "https://api.example.test")
    assert [entry.label for entry in second.entries()] == [None, "mine"]
    first.close()
    second.close()


def test_two_that_bring_a_file_up_to_date_at_once_do_not_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "jobs.sqlite"
    Ledger(path).close()

    def none(_: sqlite3.Connection) -> set[str]:
        return set()  # As if the column had come between the look and the change.

    monkeypatch.setattr("segmind_ltx.ledger._columns", none)
    ledger = Ledger(path)
    assert ledger.entries() == []
    ledger.close()


class Held:
    """Another process that holds the file."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self._file.execute("ROLLBACK")
        self._file.close()


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(ledgers, "BUSY_TIMEOUT", 0.001)
    monkeypatch.setattr(ledgers, "CLOSE_TIMEOUT", 0.001)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("end", ["next", "read", "close"])
def test_what_cannot_be_written_now_is_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, end: str
) -> None:
    path = tmp_path / "jobs.sqlite"
    ledger = Ledger(path)
    first, second = (ledger.record_submit("ltx-2-pro", {}, "b") for _ in range(2))
    held = Held(path)
    with caplog.at_level(logging.ERROR, "segmind_ltx"):
        ledger.record_response(first, "accepted", "r-1")
        ledger.update("r-1", "completed", cost=0.5)
    assert "r-1" in caplog.text
    held.release()
    if end == "next":
        ledger.record_response(second, "accepted", "r-2")
    elif end == "read":
        assert ledger.entries()[0].state == "completed"
    else:
        ledger.close()
    entry = entries(path)[0]
    assert (entry.state, entry.request_id, entry.cost) == ("completed", "r-1", 0.5)
    ledger.close()


@pytest.mark.usefixtures("_impatient")
def test_what_cannot_be_written_at_the_end_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "jobs.sqlite"
    ledger = Ledger(path)
    number = ledger.record_submit("ltx-2-pro", {}, "b")
    held = Held(path)
    ledger.record_response(number, "accepted", "r-1")
    caplog.clear()
    ledger.close()
    held.release()
    assert "not recorded: ('accepted', 'r-1', None, 1)" in caplog.text
    ledger.update("r-1", "saved")
    assert "Cannot operate on a closed database" in caplog.text


def test_an_id_that_another_row_has_does_not_hold_up_the_rest(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    one, other = (ledger.record_submit("ltx-2-pro", {}, "b") for _ in range(2))
    ledger.record_response(one, "accepted", "r-1")
    ledger.record_response(other, "accepted", "r-1")
    ledger.update("r-1", "saved")
    assert [(entry.state, entry.request_id) for entry in ledger.entries()] == [("saved", "r-1"), ("sending", None)]
    assert "UNIQUE" in caplog.text
    ledger.close()


class Clock:
    """Time that passes only where somebody sleeps; and what happens after so many sleeps."""

    def __init__(self, then: Callable[[int], object]) -> None:
        self.slept: list[float] = []
        self._then = then

    def monotonic(self) -> float:
        return sum(self.slept)

    def time(self) -> float:
        return 1e9 + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._then(len(self.slept))

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("released", [True, False])
def test_a_submit_waits_for_a_file_that_is_held_and_is_not_sent_before(tmp_path: Path, released: bool) -> None:
    path = tmp_path / "jobs.sqlite"
    ledger = Ledger(path)
    held, asked = Held(path), list[httpx.Request]()

    def then(count: int) -> None:
        if released and count == 3:
            held.release()

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=ACCEPTED)

    clock = Clock(then)
    with Client(
        KEY, "https://api.example.test", transport=httpx.MockTransport(handler), ledger=ledger, clock=clock
    ) as api:
        if released:
            assert api.submit("ltx-2-pro", prompt="x").id == "r-1"
        else:
            with pytest.raises(ConfigurationError, match=r"locked\. Nothing was sent\.") as caught:
                api.submit("ltx-2-pro", prompt="x")
            assert type(caught.value) is ConfigurationError
            held.release()
    assert (len(asked), len(clock.slept)) == ((1, 3) if released else (0, 60))
    assert [entry.request_id for entry in ledger.entries()] == (["r-1"] if released else [])
    ledger.close()


def test_a_blocking_call_is_known_by_its_id_and_its_cost(client: Make, tmp_path: Path) -> None:
    path, headers = tmp_path / "jobs.sqlite", {"content-type": "video/mp4", "x-request-id": "r-9", "x-cost": "0.5"}
    video = httpx.Response(200, content=b"\0\0\0\x18ftypisom", headers=headers)
    made = client(path, lambda _: video).generate_blocking("ltx-video", prompt="x")
    (entry,) = entries(path)
    assert (entry.state, entry.request_id, entry.cost) == ("answered", "r-9", 0.5)
    made.save(tmp_path / "a.mp4")
    (entry,) = entries(path)
    assert (entry.state, entry.file) == ("saved", str(tmp_path / "a.mp4"))


def test_a_submit_that_is_told_to_have_failed_is_a_job_that_failed(client: Make, tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    answer = httpx.Response(422, json={"status": "FAILED", "error": "no", "request_id": "r-3"})
    with pytest.raises(SegmindLtxError):
        client(path, lambda _: answer).submit("ltx-2-pro", prompt="x")
    (entry,) = entries(path)
    assert (entry.state, entry.request_id) == ("failed", "r-3")
