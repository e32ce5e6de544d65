"""Lock the ledger's file: writes are done later, and a submit waits for its row."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from segmind_ltx import Client, ConfigurationError
from segmind_ltx._ledger import table as ledgers
from segmind_ltx.ledger import Entry, Ledger

KEY = "SG_0123456789abcdef"
ACCEPTED = {"request_id": "r-1", "status_url": "s", "response_url": "t"}


def entries(path: Path) -> list[Entry]:
    ledger = Ledger(path)
    found = ledger.entries()
    ledger.close()
    return found


class LockedFile:
    """A connection that locks the file, as another process would."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self._file.execute("ROLLBACK")
        self._file.close()


@pytest.fixture
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(ledgers, "BUSY_TIMEOUT", 0.001)
    monkeypatch.setattr(ledgers, "CLOSE_TIMEOUT", 0.001)


@pytest.mark.usefixtures("_short_waits")
@pytest.mark.parametrize("end", ["next", "read", "close"])
def test_blocked_write_done_later(tmp_path: Path, caplog: pytest.LogCaptureFixture, end: str) -> None:
    """A write that is blocked is logged and done later."""
    path = tmp_path / "jobs.sqlite"
    ledger = Ledger(path)
    first, second = (ledger.record_submit("ltx-2-pro", {}, "b") for _ in range(2))
    locked = LockedFile(path)
    with caplog.at_level(logging.ERROR, "segmind_ltx"):
        ledger.record_outcome(first, "accepted", "r-1")
        ledger.update("r-1", "completed", cost=0.5)
    assert "r-1" in caplog.text
    locked.release()
    if end == "next":
        ledger.record_outcome(second, "accepted", "r-2")
    elif end == "read":
        assert ledger.entries()[0].state == "completed"
    else:
        ledger.close()
    entry = entries(path)[0]
    assert (entry.state, entry.request_id, entry.cost) == ("completed", "r-1", 0.5)
    ledger.close()


@pytest.mark.usefixtures("_short_waits")
def test_blocked_write_at_close_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A write that is still blocked on close is logged in full."""
    path = tmp_path / "jobs.sqlite"
    ledger = Ledger(path)
    number = ledger.record_submit("ltx-2-pro", {}, "b")
    locked = LockedFile(path)
    ledger.record_outcome(number, "accepted", "r-1")
    caplog.clear()
    ledger.close()
    locked.release()
    assert "not recorded: ('accepted', 'r-1', None, 1)" in caplog.text
    ledger.update("r-1", "saved")
    assert "Cannot operate on a closed database" in caplog.text


def test_duplicate_id_blocks_no_write(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A request id that another row has blocks no later write."""
    ledger = Ledger(tmp_path / "jobs.sqlite")
    one, other = (ledger.record_submit("ltx-2-pro", {}, "b") for _ in range(2))
    ledger.record_outcome(one, "accepted", "r-1")
    ledger.record_outcome(other, "accepted", "r-1")
    ledger.update("r-1", "saved")
    assert [(entry.state, entry.request_id) for entry in ledger.entries()] == [("saved", "r-1"), ("sending", None)]
    assert "UNIQUE" in caplog.text
    ledger.close()


class CallbackClock:
    """A clock that only sleeping advances; it calls ``then`` with the number of sleeps."""

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


@pytest.mark.usefixtures("_short_waits")
@pytest.mark.parametrize("released", [True, False])
def test_submit_waits_for_locked_ledger(tmp_path: Path, released: bool) -> None:
    """A submit waits for a locked ledger, and is not sent if the lock stays."""
    path = tmp_path / "jobs.sqlite"
    ledger = Ledger(path)
    locked, asked = LockedFile(path), list[httpx.Request]()

    def then(count: int) -> None:
        if released and count == 3:
            locked.release()

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=ACCEPTED)

    clock = CallbackClock(then)
    with Client(
        KEY, "https://api.example.test", transport=httpx.MockTransport(handler), ledger=ledger, clock=clock
    ) as api:
        if released:
            assert api.submit("ltx-2-pro", prompt="x").id == "r-1"
        else:
            with pytest.raises(ConfigurationError, match=r"locked\. Nothing was sent\.") as caught:
                api.submit("ltx-2-pro", prompt="x")
            assert type(caught.value) is ConfigurationError
            locked.release()
    assert (len(asked), len(clock.slept)) == ((1, 3) if released else (0, 60))
    assert [entry.request_id for entry in ledger.entries()] == (["r-1"] if released else [])
    ledger.close()
