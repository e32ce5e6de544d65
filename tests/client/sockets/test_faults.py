"""Cause every fault in every kind of call over real sockets, and compare the outcome, the id and the number of POSTs.

``nox -s faults`` writes ``docs/faults.md`` from the outcomes. The columns of the table below are the calls; the fault
is permanent. The two columns of the wait have the fault in the poll or in the fetch of the result.

More than 250 lines, since the table of all outcomes is in it.
"""

# Each step takes the value of the one before it.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import segmind_ltx as ltx
from support.callers import CALLERS, Caller
from support.clocks import FakeClock
from support.fault_server import FaultServer
from support.faults import FAULTS
from support.pairwise import pairwise

# Other systems report resets and full queues of connections in other ways.
pytestmark = pytest.mark.linux_only

ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"
SHOWN = "0123456789abcdef"
RESENDS = 2

TABLE = """
fault                    | submit       | v1           | status()   | result()    | save()   | wait: poll | wait: fetch
refused                  | NoAnswer 0   | NoAnswer 0   | NoAnswer   | NoAnswer    | Download | Timeout    | -
connect timeout          | NoAnswer 0   | NoAnswer 0   | NoAnswer   | NoAnswer    | Download | Timeout    | -
reset before the answer  | Uncertain 1  | Uncertain 1  | NoAnswer   | NoAnswer    | Download | Timeout    | Timeout
reset in the body        | ok 1         | Unexpected 1 | Unexpected | Unexpected  | Download | Timeout    | Timeout
read timeout             | Uncertain 1  | Uncertain 1  | NoAnswer   | NoAnswer    | Download | Timeout    | Timeout
slow drip of headers     | Uncertain 1  | -            | NoAnswer   | NoAnswer    | -        | Timeout    | Timeout
slow drip of the body    | Unexpected 1 | ok 1         | Unexpected | Unexpected  | ok       | Timeout    | Timeout
429 reset as ISO         | Limited 3    | Limited 3    | Limited    | Limited     | Download | Timeout    | Timeout
429 reset without zone   | Limited 3    | Limited 3    | Limited    | Limited     | Download | Timeout    | Timeout
429 reset in seconds     | Limited 3    | Limited 3    | Limited    | Limited     | Download | Timeout    | Timeout
429 reset in ms          | Limited 3    | Limited 3    | Limited    | Limited     | Download | Timeout    | Timeout
429 Retry-After: 30      | Limited 3    | Limited 3    | Limited    | Limited     | Download | Timeout    | Timeout
429 Retry-After: date    | Limited 3    | Limited 3    | Limited    | Limited     | Download | Timeout    | Timeout
429 without a header     | Limited 3    | Limited 3    | Limited    | Limited     | Download | Timeout    | Timeout
429 reset as nonsense    | Limited 3    | Limited 3    | Limited    | Limited     | Download | Timeout    | Timeout
500                      | Internal 1   | Internal 1   | Internal   | Internal    | Download | Timeout    | Timeout
502 HTML                 | Bad 1        | Bad 1        | Bad        | Bad         | Download | Timeout    | Timeout
503                      | Server 1     | Server 1     | Server     | Server      | Download | Timeout    | Timeout
504 HTML                 | Gateway 1    | Gateway 1    | Gateway    | Gateway     | Download | Timeout    | Timeout
520                      | Server 1     | Server 1     | Server     | Server      | Download | Timeout    | Timeout
302 to another host      | Unexpected 1 | Unexpected 1 | Unexpected | Unexpected  | Download | Unexpected | Unexpected
307 to another host      | Unexpected 1 | Unexpected 1 | Unexpected | Unexpected  | Download | Unexpected | Unexpected
truncated JSON           | ok 1         | Unexpected 1 | Unexpected | Unexpected  | Download | Unexpected | Unexpected
array                    | Unexpected 1 | Unexpected 1 | Unexpected | Unexpected  | Download | Unexpected | Unexpected
null                     | Unexpected 1 | Unexpected 1 | Unexpected | Unexpected  | Download | Unexpected | Unexpected
empty 200                | Unexpected 1 | Unexpected 1 | Unexpected | Unexpected  | Download | Unexpected | Unexpected
HTML 200                 | Unexpected 1 | Unexpected 1 | Unexpected | Unexpected  | Download | Unexpected | Unexpected
wrong content type       | ok 1         | Unexpected 1 | ok         | ok          | Download | ok         | ok
gzip broken              | Unexpected 1 | Unexpected 1 | Unexpected | Unexpected  | Download | Timeout    | Timeout
unknown status word      | ok 1         | Unexpected 1 | ok         | NotFinished | -        | Timeout    | Timeout
missing fields           | Unexpected 1 | Unexpected 1 | Unexpected | Unexpected  | -        | Unexpected | Unexpected
only the job's address   | ok 1         | -            | -          | -           | -        | -          | -
null fields              | Unexpected 1 | Unexpected 1 | Unexpected | Unexpected  | -        | Unexpected | Unexpected
wrong id                 | Unexpected 1 | -            | Unexpected | Unexpected  | -        | Unexpected | Unexpected
100 MB                   | ok 1         | ok 1         | Unexpected | Unexpected  | ok       | Timeout    | Timeout
Content-Length too long  | ok 1         | Unexpected 1 | Unexpected | Unexpected  | Download | Timeout    | Timeout
Content-Length too short | ok 1         | -            | Unexpected | Unexpected  | -        | Unexpected | Unexpected
202                      | ok 1         | ok 1         | ok         | ok          | -        | ok         | ok
404                      | NotFound 1   | NotFound 1   | NotFound   | NotFound    | Download | Timeout    | Timeout
408                      | APIStatus 1  | APIStatus 1  | APIStatus  | APIStatus   | -        | Timeout    | Timeout
409                      | APIStatus 1  | APIStatus 1  | APIStatus  | APIStatus   | -        | Timeout    | Timeout
429 that names a job     | Limited 1    | Limited 1    | Limited    | Limited     | Download | Timeout    | Timeout
500 that names a job     | Internal 1   | Internal 1   | Internal   | Internal    | Download | Timeout    | Timeout
endless 103              | Uncertain 1  | -            | NoAnswer   | NoAnswer    | Download | Timeout    | Timeout
id, then blanks          | ok 1         | -            | -          | -           | -        | -          | -
id in XML                | ok 1         | Unexpected 1 | Unexpected | Unexpected  | Download | Unexpected | Unexpected
id as a number           | ok 1         | -            | -          | -           | -        | -          | -
id in a form             | ok 1         | Unexpected 1 | Unexpected | Unexpected  | Download | Unexpected | Unexpected
id in data               | ok 1         | -            | -          | -           | -        | -          | -
bytes after the response | ok 1         | ok 1         | ok         | ok          | ok       | ok         | ok
QUEUED again             | ok 1         | Unexpected 1 | ok         | NotFinished | -        | Timeout    | Timeout
output as a path         | -            | ok 1         | ok         | ok          | -        | ok         | ok
output in a list         | -            | ok 1         | ok         | ok          | -        | ok         | ok
output in an object      | -            | ok 1         | ok         | ok          | -        | ok         | ok
"""
SHORT = {
    "Bad": "BadGateway",
    "Gateway": "GatewayTimeout",
    "Internal": "InternalServer",
    "Limited": "RateLimit",
    "NotFinished": "JobNotFinished",
    "Timeout": "WaitTimeout",
    "Uncertain": "SubmitUncertain",
    "NoAnswer": "APIConnection",
    "APIStatus": "APIStatus",
    "Unexpected": "UnexpectedResponse",
}
"""Abbreviations in the table, without "Error". A number is the count of POSTs that the server saw."""


ONLY_SUBMIT = {"only the job's address", "id, then blanks", "id as a number", "id in data"}
UNREACHABLE = ("refused", "connect timeout")
SHORT_TIMEOUT = {"connect timeout", "read timeout", "slow drip of headers", "slow drip of the body"} | {
    "endless 103",
    "id, then blanks",
}

LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
CELLS = [
    (row[0], column, expected) for row in LINES[1:] for column, expected in zip(LINES[0][1:], row[1:], strict=True)
]
APPLICABLE = [cell for cell in CELLS if cell[2] != "-"]
PAGE = os.environ.get("SEGMIND_LTX_FAULT_TABLE")
"""The file to which ``nox -s faults`` wants the outcomes; it runs each case with both clients."""
SLOW = {*SHORT_TIMEOUT, "100 MB"}
"""Faults that take real time or much work at each attempt."""


def with_clients(cases: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the cases with a client before each: both in turn, or both for each case if the page is written."""
    if PAGE:
        return [(kind, *case) for case in cases for kind in CALLERS]
    return [(CALLERS[number % 2], *case) for number, case in enumerate(cases)]


class FaultRun:
    """One call against the fault server, and its outcome."""

    def __init__(self, server: FaultServer, caller: Caller, folder: Path) -> None:
        self.server, self.caller, self.target = server, caller, folder / "a.mp4"

    def call(self, column: str, fault: str, timeout: float = 30) -> tuple[str, str | None]:
        """Return the outcome's name and its request id."""
        steps: dict[str, tuple[Any, ...]] = {
            "submit": (lambda c: c.submit("ltx-2-pro", prompt="x"),),
            "v1": (
                lambda c: c.generate_blocking("ltx-2-pro", prompt="x", timeout=0.2 if fault in SHORT_TIMEOUT else 10),
            ),
            "status()": (lambda c: c.job(ID).status(),),
            "result()": (lambda c: c.job(ID).result(),),
            "save()": (lambda c: c.job(ID).result(), self._before_saving(fault), lambda v: v.save(self.target)),
            "wait": (lambda c: c.job(ID).wait(timeout),),
        }
        options: dict[str, Any] = {"base_url": self.server.base_url, "max_retries": RESENDS}
        options["timeout"] = 0.2 if fault in SHORT_TIMEOUT else 10
        try:
            made = self.caller(*steps[column.partition(":")[0]], **options)
        except ltx.SegmindLtxError as error:
            self._assert_no_key(error)
            return type(error).__name__.removesuffix("Error"), error.request_id
        if column == "submit":
            return "ok", made.id
        return "ok", getattr(made, "request_id", ID)

    def _before_saving(self, fault: str) -> Any:
        """Make the server unreachable now that the video's URL is known."""

        def change(video: Any) -> Any:
            if fault in UNREACHABLE:
                self.server.refuse()
            if fault == "connect timeout":
                self.server.fill()
            return video

        return change

    def _assert_no_key(self, error: Exception) -> None:
        assert SHOWN not in "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


@pytest.fixture
def run(faulty: FaultServer, caller: Caller, tmp_path: Path) -> FaultRun:
    return FaultRun(faulty, caller, tmp_path)


STAGE = {
    "wait: poll": "status",
    "wait: fetch": "result",
    "save()": "download",
    "status()": "status",
    "result()": "result",
}


@pytest.mark.parametrize(
    ("caller", "fault", "column", "expected"),
    with_clients(APPLICABLE),
    indirect=["caller"],
    ids=lambda cell: str(cell).replace(" ", "-"),
)
def test_permanent_fault(run: FaultRun, fault: str, column: str, expected: str) -> None:
    """A permanent fault ends in the outcome of its cell, after that many POSTs."""
    stage = STAGE.get(column, column)
    if fault in FAULTS:
        run.server.always[stage] = FAULTS[fault]
    if fault not in UNREACHABLE or stage == "download":
        run.server.listen()
    elif fault == "connect timeout":
        run.server.fill()
    outcome, request_id = run.call(column, fault, 5 if fault in SLOW else 30)
    posts = sum(run.server.posts.values())
    _record(column, fault, run, outcome, request_id, posts)
    name, _, sent = expected.partition(" ")
    assert (outcome, posts) == (SHORT.get(name, name), int(sent or 0))
    if column not in {"submit", "v1"} or (column == "submit" and outcome == "ok"):
        assert request_id == ("7" if fault == "id as a number" else ID)
    _assert_key_only_to_api(run, stage)
    left = [file.name for file in run.target.parent.iterdir()]
    assert left == (["a.mp4"] if column == "save()" and outcome == "ok" else [])


PASSING = [*UNREACHABLE, *(name for name in FAULTS if name not in ONLY_SUBMIT)]


@pytest.mark.parametrize(
    ("caller", "fault", "stage"),
    list(product(CALLERS, PASSING, ("status", "result"))) if PAGE else pairwise(CALLERS, PASSING, ("status", "result")),
    indirect=["caller"],
)
def test_transient_fault_in_wait(run: FaultRun, clock: FakeClock, fault: str, stage: str) -> None:
    """A fault that passes never ends a wait."""
    if fault in FAULTS:
        run.server.faults[stage] = [FAULTS[fault], FAULTS[fault]]
        run.server.listen()
    else:
        _listen_after(run.server, clock, fault)
    outcome, request_id = run.call("wait", fault, 600)
    _record(f"wait, passing: {stage}", fault, run, outcome, request_id, 0)
    assert (outcome, request_id) == ("ok", ID)
    _assert_key_only_to_api(run, stage)


SAVED_AFTER = [
    name for name in PASSING if name not in {"302 to another host", "307 to another host"} | set(UNREACHABLE)
]


@pytest.mark.parametrize(
    ("caller", "fault"),
    with_clients([(name,) for name in SAVED_AFTER if (name, "save()", "-") not in CELLS]),
    indirect=["caller"],
)
def test_transient_fault_in_download(run: FaultRun, fault: str) -> None:
    """A fault that passes in a download leaves a whole file."""
    run.server.faults["download"] = [FAULTS[fault]]
    run.server.listen()
    outcome, _ = run.call("save()", fault)
    _record("save, passing", fault, run, outcome, ID, 0)
    assert outcome == "ok"
    assert run.target.read_bytes()[:12] == b"\0\0\0\x18ftypmp42"
    assert [file.name for file in run.target.parent.iterdir()] == ["a.mp4"]


def test_table_is_complete() -> None:
    """Every fault has a row, and every row a fault."""
    assert [row[0] for row in LINES[1:]] == [*UNREACHABLE, *_in_order()]
    assert len(APPLICABLE) > 200


def _in_order() -> list[str]:
    return [row[0] for row in LINES[1:] if row[0] in FAULTS]


def _listen_after(server: FaultServer, clock: FakeClock, fault: str) -> None:
    """Start the server while the client sleeps before a retry."""
    if fault == "connect timeout":
        server.fill()
    sleep = clock.sleep

    def sleep_and_listen(seconds: float) -> None:
        sleep(seconds)
        server.listen_once()

    clock.sleep = sleep_and_listen  # type: ignore[method-assign]


def _assert_key_only_to_api(run: FaultRun, stage: str) -> None:
    """Check that the key went to the API alone, and that only a download reached another host."""
    assert {key for where, key in run.server.keys if where != "download"} <= {f"SG_{SHOWN}"}
    assert {key for where, key in run.server.keys if where == "download"} <= {None}
    assert stage == "download" or run.server.elsewhere == []
    assert all(b"x-api-key" not in request.lower() for request in run.server.elsewhere)


def _record(column: str, fault: str, run: FaultRun, outcome: str, request_id: str | None, posts: int) -> None:
    """Append the outcome to the file from which ``scripts/faults.py`` writes its page."""
    if PAGE:
        seen = {"column": column, "fault": fault, "kind": run.caller.kind, "outcome": outcome}
        line = json.dumps({**seen, "id": request_id is not None, "posts": posts}) + "\n"
        with Path(PAGE).open("a", encoding="utf-8") as file:
            file.write(line)
