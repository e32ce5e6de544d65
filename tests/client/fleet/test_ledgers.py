"""One ledger with two databases: the same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from segmind_ltx import Client, ConfigurationError, SegmindLtxError
from segmind_ltx._core.journal import JournalBusyError
from segmind_ltx._ledger.table import TableLedger
from segmind_ltx._postgres.journals import open_journal
from segmind_ltx._postgres.ledger import PostgresLedger
from segmind_ltx.ledger import Entry, Ledger
from support.clocks import FakeClock
from support.forks import in_new_process, record_in_child
from support.postgres import Postgres

from .conftest import BASE, LedgerUnderTest

KEY = "SG_0123456789abcdef"
ACCEPTED = {"request_id": "r-1", "status_url": "s", "response_url": "t"}
DONE = {"status": "COMPLETED", "output": "https://images.example.test/a.mp4", "metrics": {"cost": 0.4}}
VIDEO = httpx.Response(200, content=b"\0\0\0\x18ftypisom", headers={"content-type": "video/mp4"})
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty ledger, of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "jobs.sqlite")
    found: LedgerUnderTest = request.getfixturevalue("ledger")
    return found.url


@pytest.fixture
def client(address: str) -> Generator[Callable[[Handler], Client]]:
    """Give a factory of clients with that ledger and made-up responses."""
    with ExitStack() as stack:

        def make(handler: Handler) -> Client:
            http = stack.enter_context(httpx.Client(transport=httpx.MockTransport(handler)))
            base = "https://api.example.test"
            return stack.enter_context(Client(KEY, base, http=http, ledger=address, clock=FakeClock()))

        yield make


def opened(address: str, label: str | None = None) -> TableLedger:
    """Open a ledger by its address."""
    if label is not None:
        return PostgresLedger(address, label=label) if "://" in address else Ledger(address, label=label)
    journal = open_journal(address)
    assert isinstance(journal, TableLedger)
    return journal


def entries(address: str) -> list[Entry]:
    """Read the rows."""
    ledger = opened(address)
    found = ledger.entries()
    ledger.close()
    return found


def test_row_is_there_before_the_submit(client: Callable[[Handler], Client], address: str) -> None:
    """The row is written before the request is sent, and gets the id."""
    seen: list[Entry] = []

    def handler(_: httpx.Request) -> httpx.Response:
        seen.extend(entries(address))
        return httpx.Response(200, json=ACCEPTED)

    client(handler).submit("ltx-2-pro", prompt="x", duration=6)
    assert [(entry.state, entry.request_id, entry.ambiguous) for entry in seen] == [("sending", None, True)]
    (after,) = entries(address)
    assert (after.state, after.request_id, after.request) == ("accepted", "r-1", {"prompt": "x", "duration": 6})


@pytest.mark.parametrize(
    ("answer", "state"), [(httpx.Response(401, json={"error": "no"}), "refused"), (httpx.Response(200), "uncertain")]
)
def test_row_says_how_a_submit_failed(
    client: Callable[[Handler], Client], address: str, answer: httpx.Response, state: str
) -> None:
    """A refusal leaves no job, an answer that cannot be read leaves a doubt."""
    with pytest.raises(SegmindLtxError):
        client(lambda _: answer).submit("ltx-2-pro", prompt="x")
    (entry,) = entries(address)
    assert (entry.state, bool(entry.detail)) == (state, True)


def test_row_has_cost_and_file(client: Callable[[Handler], Client], address: str, tmp_path: Path) -> None:
    """A saved job has its cost and its file; another job that takes the file takes it from the row."""
    ids = iter(("r-1", "r-2"))

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={**ACCEPTED, "request_id": next(ids)})
        return VIDEO if request.url.host == "images.example.test" else httpx.Response(200, json=DONE)

    api, target = client(handler), tmp_path / "a.mp4"
    for _ in range(2):
        api.submit("ltx-2-pro", prompt="x").wait(poll_interval=1).save(target, overwrite=True)
    assert [(entry.state, entry.cost, entry.file) for entry in entries(address)] == [
        ("saved", 0.4, None),
        ("saved", 0.4, str(target)),
    ]


@pytest.mark.parametrize(("status", "state"), [(422, "failed"), (404, "gone")])
def test_row_says_how_a_job_ended(client: Callable[[Handler], Client], address: str, status: int, state: str) -> None:
    """A job that failed or has expired is told apart from one that can be fetched."""
    body = {"status": "FAILED", "error": "no"} if status == 422 else {"error": "gone"}

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=ACCEPTED) if request.method == "POST" else httpx.Response(status, json=body)

    job = client(handler).submit("ltx-2-pro", prompt="x")
    with pytest.raises(SegmindLtxError):
        job.wait(poll_interval=1)
    assert [entry.state for entry in entries(address)] == [state]


def test_labels_are_found_by_prefix(address: str) -> None:
    """Rows are found by the ledger's label, or by a beginning."""
    ledger = opened(address, "run-7")
    for label in (None, "run-7//a", "run-8//b"):
        ledger.record_submit("ltx-2-pro", {"prompt": "ü%s?"}, "https://api.example.test", label)
    assert [entry.label for entry in ledger.labelled()] == ["run-7"]
    assert [entry.label for entry in ledger.labelled("run-7//")] == ["run-7//a"]
    assert [entry.request["prompt"] for entry in ledger.entries()] == ["ü%s?"] * 3
    ledger.close()


def test_key_is_in_no_row(client: Callable[[Handler], Client], address: str) -> None:
    """The API key is never written."""
    client(lambda _: httpx.Response(401, json={"error": f"the key {KEY} is wrong"})).generate_many([])
    assert KEY not in json.dumps([entry._asdict() for entry in entries(address)])


def test_file_of_today_is_still_read(tmp_path: Path) -> None:
    """A SQLite ledger that an earlier version wrote, without labels, opens and goes on."""
    path = tmp_path / "old.sqlite"
    with sqlite3.connect(path) as file:
        file.execute(
            "CREATE TABLE jobs (number INTEGER PRIMARY KEY, state TEXT NOT NULL, model TEXT NOT NULL, request TEXT NOT "
            "NULL, base_url TEXT NOT NULL, begun REAL NOT NULL, request_id TEXT UNIQUE, detail TEXT, cost REAL, "
            "file TEXT)"
        )
        file.execute("INSERT INTO jobs (state, model, request, base_url, begun) VALUES ('refused', 'm', '{}', 'b', 1)")
    file.close()
    assert [(entry.state, entry.label) for entry in entries(str(path))] == [("refused", None)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_forked_process_connects_anew(address: str) -> None:
    """After a fork, even one in the middle of a statement, both processes write, each over its own connection."""
    assert in_new_process(record_in_child, address, BASE) == 0
    assert [entry.request["prompt"] for entry in entries(address)] == ["before", "child", "parent"]


@pytest.mark.postgres
def test_change_is_kept_while_the_server_is_away(postgres: Postgres, ledger: LedgerUnderTest) -> None:
    """While PostgreSQL is away no call is submitted; an id that is known is written when it is back."""
    if not postgres.ours:
        pytest.skip("the server is not ours to stop")
    journal = opened(ledger.url)
    number = journal.record_submit("ltx-2-pro", {"prompt": "x"}, "https://api.example.test")
    postgres.crash()
    try:
        journal.record_outcome(number, "accepted", "the-id")
        with pytest.raises(JournalBusyError):
            journal.record_submit("ltx-2-pro", {"prompt": "y"}, "https://api.example.test")
    finally:
        postgres.start()
    journal.close()
    assert [(entry.state, entry.request_id) for entry in entries(ledger.url)] == [("accepted", "the-id")]


@pytest.mark.postgres
def test_event_loop_of_silent_server(ledger: LedgerUnderTest) -> None:
    """If a new connection gets no answer, a statement gives up at once: an event loop must not stand still for it."""
    if not ledger.url.startswith("postgresql://"):
        pytest.skip("a file has no server")
    journal: Any = opened(ledger.url)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        journal._connection.close()
        journal._url = f"postgresql://ltx@127.0.0.1:{silent.getsockname()[1]}/none"
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(JournalBusyError):
                journal.record_submit("ltx-2-pro", {"prompt": "x"}, "https://api.example.test")
        assert time.monotonic() - began < 2, "each attempt to connect may take five seconds"
        journal._url = ledger.url
    journal.close()


def test_password_is_in_no_message() -> None:
    """A ledger that cannot be reached is refused without its password."""
    with pytest.raises(ConfigurationError) as caught:
        open_journal("postgresql://ltx:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(caught.value)
