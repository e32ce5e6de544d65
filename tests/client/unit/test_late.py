"""A response that arrives after its paid call was given up, and an interrupt during a paid call."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing

import pytest

import segmind_ltx as ltx
from segmind_ltx._core.effects import Call, InterruptedCall, NoResponse, Response
from segmind_ltx._core.parameters import prepare
from segmind_ltx._core.submit import submit
from segmind_ltx._http.driver import Driver
from segmind_ltx.ledger import Ledger
from support.contexts import flow_context

ID = "job-1"
LOST = NoResponse("no response within 1 s", sent=True)
ACCEPTED = Response(200, {}, b'{"request_id": "job-1"}')


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with closing(Ledger(":memory:")) as ledger:
        yield ledger


def _lost_call(ledger: Ledger) -> Call:
    """Submit, lose the response, and return the call."""
    flow = submit(flow_context(journal=ledger), prepare("ltx-video", {"prompt": "x"}))
    call = next(flow)
    assert isinstance(call, Call)
    with pytest.raises(ltx.SubmitUncertainError):
        flow.send(LOST)
    assert _rows(ledger) == [("uncertain", None)]
    return call


def _rows(ledger: Ledger) -> list[tuple[str, str | None]]:
    return [(entry.state, entry.request_id) for entry in ledger.entries()]


def _late(call: Call, response: Response) -> None:
    assert call.on_late is not None
    call.on_late(response)


@pytest.mark.parametrize("response", [ACCEPTED, Response(200, {"x-request-id": ID}, b"")], ids=["body", "header"])
def test_late_id_is_recorded(ledger: Ledger, caplog: pytest.LogCaptureFixture, response: Response) -> None:
    """The id is written to the ledger, and the log says how to take the job up again."""
    _late(_lost_call(ledger), response)
    assert _rows(ledger) == [("accepted", ID)]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "late response to a call that was given up: POST /v2/ltx-video was accepted, as job job-1; it is billed. Take "
        "it up again with client.job('job-1').wait()"
    )


def test_late_refusal_is_recorded(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    """A late refusal says that no job exists, and why."""
    _late(_lost_call(ledger), Response(406, {}, b'{"error": "no credits"}'))
    (entry,) = ledger.entries()
    assert (entry.state, entry.request_id) == ("refused", None)
    assert "no credits" in str(entry.detail)
    (record,) = caplog.records
    assert "late response to a call that was given up: POST /v2/ltx-video was answered 406" in record.getMessage()
    assert record.levelno == logging.WARNING


def test_late_limit_has_its_end(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception of a late 429 is made with the present time, like any other."""
    seen: list[BaseException] = []

    def record(_number: int, _model: str, error: BaseException) -> None:
        seen.append(error)

    call = _lost_call(ledger)
    monkeypatch.setattr(ledger, "record_failure", record)
    _late(call, Response(429, {"retry-after": "7"}, b""))
    (error,) = seen
    assert isinstance(error, ltx.RateLimitError)
    assert error.model == "ltx-video"
    assert error.reset_at is not None
    assert error.reset_at.timestamp() == 7.0


def test_late_copy_changes_nothing(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    """If the job is known already, a late response is not recorded again."""
    flow = submit(flow_context(journal=ledger), prepare("ltx-video", {"prompt": "x"}))
    call = next(flow)
    assert isinstance(call, Call)
    with pytest.raises(StopIteration):
        flow.send(ACCEPTED)
    caplog.clear()
    _late(call, Response(200, {}, b'{"request_id": "job-2"}'))
    assert _rows(ledger) == [("accepted", ID)]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("reply", "state", "note"),
    [
        (ACCEPTED, ("accepted", ID), "client.job('job-1').wait()"),
        (LOST, ("uncertain", None), "A job may exist"),
        (NoResponse("it was interrupted before that", sent=False), ("refused", None), "Nothing is billed"),
        (Response(400, {}, b'{"error": "bad prompt"}'), ("refused", None), "bad prompt"),
    ],
    ids=["accepted", "lost", "unsent", "refused"],
)
def test_interrupt_has_what_came_late(
    ledger: Ledger,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    reply: Response | NoResponse,
    state: tuple[str, str | None],
    note: str,
) -> None:
    """The interrupt that is raised says what became of the call; so do the ledger and the log."""

    def perform(*_: object) -> None:
        raise InterruptedCall(KeyboardInterrupt(), reply)

    monkeypatch.setattr(Driver, "_perform", perform)
    client = ltx.Client("SG_0123456789abcdef", "https://api.example.test", ledger=ledger)
    with client, pytest.raises(KeyboardInterrupt) as caught:
        client.submit("ltx-video", prompt="x")
    assert _rows(ledger) == [state]
    (said,) = caught.value.__notes__
    assert said.startswith("segmind-ltx: ")
    assert note in said
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in warned] == [said.removeprefix("segmind-ltx: ")]
