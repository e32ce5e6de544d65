"""Every fault in front of every kind of call, over real sockets: what comes of it, with which id, after how many POSTs.

``nox -s faults`` writes ``docs/faults.md`` from what is seen here. The columns of the table below are the calls: each
is met by the fault again and again; in the waits the fault is that of the poll, or that of the fetch.
"""

# A step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
import os
import threading
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

import segmind_ltx as ltx
from support.callers import Caller
from support.clocks import FakeClock
from support.fault_server import Fault, FaultServer, Line

ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"
SHOWN = "0123456789abcdef"
RESENDS = 2
NOW = datetime.fromtimestamp(1_800_000_000, UTC)
SOON = NOW + timedelta(seconds=30)

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
"""What the table shortens; to each name belongs an "Error". A number is that of the POSTs that the server saw."""


def reset_before(line: Line) -> None:
    line.reset()


def reset_within(line: Line) -> None:
    line.head(200, {"content-type": line.kind, "content-length": str(len(line.good))})
    line.sock.sendall(line.good[: 3 * len(line.good) // 4])
    line.silence_until_read()
    line.reset()


def silence(line: Line) -> None:
    line.silence()


def drip_headers(line: Line) -> None:
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nx-slow: ")
    pause = threading.Event()
    while not pause.wait(0.05):  # It lasts until the client goes.
        line.sock.sendall(b".")


def drip_body(line: Line) -> None:
    """White space without end; a video comes in drips as well, but it comes."""
    if line.kind != "application/json":
        line.head(200, {"content-type": line.kind, "content-length": str(len(line.good))})
        for position in range(0, len(line.good), 64):
            line.server.clock.now += 0.5
            line.sock.sendall(line.good[position : position + 64])
        return
    line.head(200, {"content-type": line.kind})
    pause = threading.Event()
    while not pause.wait(0.005):  # It lasts until the client goes.
        line.server.clock.now += 0.5
        line.sock.sendall(b" ")


def answers(status: int = 200, body: bytes | None = None, kind: str | None = None, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda line: line.answer(status, body, named, kind)


def json_of(submit: Any, other: Any) -> Fault:
    """JSON that is wrong in its own way for a submit, and for the rest."""
    return lambda line: line.answer(
        body=json.dumps(submit if line.stage == "submit" else other).encode(), kind="application/json"
    )


def elsewhere(status: int) -> Fault:
    return lambda line: line.answer(status, b"", {"location": f"{line.server.other}/v2/requests/{ID}"})


def halved(line: Line) -> None:
    good = line.good if line.kind == "application/json" else b'{"output": "https://out.test/a.mp4"}'
    line.answer(body=good[: 3 * len(good) // 4], kind="application/json")


def huge(line: Line) -> None:
    """The good answer, and then white space (or, in a video, nothing but zeros) up to 100 MB."""
    filler = (b" " if line.kind == "application/json" else b"\0") * (1 << 20)
    line.head(200, {"content-type": line.kind, "content-length": str(len(line.good) + 100 * len(filler))})
    line.sock.sendall(line.good)
    for _ in range(100):
        line.sock.sendall(filler)


def lying(by: int) -> Fault:
    def answer(line: Line) -> None:
        line.head(200, {"content-type": line.kind, "content-length": str(len(line.good) + by)})
        line.sock.sendall(line.good)

    return answer


def limited(**headers: str) -> Fault:
    return answers(429, b'{"error": "too many requests"}', "application/json", **headers)


def early_hints(line: Line) -> None:
    """Interim responses without end."""
    pause = threading.Event()
    while not pause.wait(0.05):  # It lasts until the client goes.
        line.sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")


def then_blanks(line: Line) -> None:
    """The whole good answer, and blanks after it without end."""
    line.head(200, {"content-type": line.kind})
    line.sock.sendall(line.good)
    pause = threading.Event()
    while not pause.wait(0.05):
        line.sock.sendall(b" ")


def followed(line: Line) -> None:
    """The good answer, and the beginning of another one right behind it."""
    body = line.good
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {line.kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    line.sock.sendall(head.encode() + body + b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")


NAMED = json.dumps({"error": "late", "request_id": ID}).encode()
HTML = b"<html><h1>Sorry</h1></html>"
OWN = f"https://api.segmind.com/v2/requests/{ID}"
FAULTS: dict[str, Fault] = {
    "reset before the answer": reset_before,
    "reset in the body": reset_within,
    "read timeout": silence,
    "slow drip of headers": drip_headers,
    "slow drip of the body": drip_body,
    "429 reset as ISO": limited(x_rate_limit_reset_at_utc=SOON.isoformat().replace("+00:00", "Z")),
    "429 reset without zone": limited(x_rate_limit_reset_at_utc=SOON.replace(tzinfo=None).isoformat(" ")),
    "429 reset in seconds": limited(x_rate_limit_reset_at_utc=str(SOON.timestamp())),
    "429 reset in ms": limited(x_rate_limit_reset_at_utc=str(int(SOON.timestamp() * 1000))),
    "429 Retry-After: 30": limited(retry_after="30"),
    "429 Retry-After: date": limited(retry_after=format_datetime(SOON, usegmt=True)),
    "429 without a header": limited(),
    "429 reset as nonsense": limited(x_rate_limit_reset_at_utc="later", retry_after="-"),
    "500": answers(500, b'{"error": "oops"}', "application/json"),
    "502 HTML": answers(502, HTML, "text/html"),
    "503": answers(503, b"", "text/plain"),
    "504 HTML": answers(504, HTML, "text/html"),
    "520": answers(520, b"", "text/plain"),
    "302 to another host": elsewhere(302),
    "307 to another host": elsewhere(307),
    "truncated JSON": halved,
    "array": answers(body=b'["COMPLETED"]', kind="application/json"),
    "null": answers(body=b"null", kind="application/json"),
    "empty 200": answers(body=b""),
    "HTML 200": answers(body=HTML, kind="text/html"),
    "wrong content type": answers(kind="text/plain"),
    "gzip broken": answers(content_encoding="gzip"),
    "unknown status word": json_of({"request_id": ID, "status": "WARMING"}, {"request_id": ID, "status": "WARMING"}),
    "missing fields": json_of({"status": "QUEUED"}, {"request_id": ID}),
    "only the job's address": json_of({"status": "QUEUED", "status_url": f"{OWN}/status"}, {}),
    "null fields": json_of(
        dict.fromkeys(("request_id", "status", "status_url", "response_url")),
        dict.fromkeys(("request_id", "status", "output", "video", "metrics")),
    ),
    "wrong id": json_of(
        {"request_id": "a/../../v1/ltx-video", "status": "QUEUED"},
        {"request_id": "job-2", "status": "COMPLETED", "output": "https://out.test/wrong.mp4"},
    ),
    "100 MB": huge,
    "Content-Length too long": lying(50),
    "Content-Length too short": lying(-50),
}
FAULTS |= {
    "202": lambda line: line.answer(202),
    "404": answers(404, b'{"error": "no such job"}', "application/json"),
    "408": answers(408, b"", "text/plain"),
    "409": answers(409, b'{"error": "not finished"}', "application/json"),
    "429 that names a job": answers(429, NAMED, "application/json"),
    "500 that names a job": answers(500, b'[{"data": ' + NAMED + b"}]", "application/json"),
    "endless 103": early_hints,
    "id, then blanks": then_blanks,
    "id in XML": answers(body=f"<job><request_id>{ID}</request_id></job>".encode(), kind="text/xml"),
    "id as a number": json_of({"request_id": 7}, {}),
    "id in a form": answers(body=f"status=QUEUED&request_id={ID}".encode(), kind="text/plain"),
    "id in data": json_of({"data": [{"request_id": ID}]}, {}),
    "bytes after the response": followed,
}
ONLY_SUBMIT = {"only the job's address", "id, then blanks", "id as a number", "id in data"}
UNREACHABLE = ("refused", "connect timeout")
IMPATIENT = {"connect timeout", "read timeout", "slow drip of headers", "slow drip of the body"} | {
    "endless 103",
    "id, then blanks",
}

LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
CELLS = [
    (row[0], column, expected) for row in LINES[1:] for column, expected in zip(LINES[0][1:], row[1:], strict=True)
]
MET = [cell for cell in CELLS if cell[2] != "-"]


class Met:
    """What came of one call."""

    def __init__(self, server: FaultServer, caller: Caller, folder: Path) -> None:
        self.server, self.caller, self.target = server, caller, folder / "a.mp4"

    def call(self, column: str, fault: str, timeout: float = 30) -> tuple[str, str | None]:
        """The outcome's name, and the id that it carries."""
        steps: dict[str, tuple[Any, ...]] = {
            "submit": (lambda c: c.submit("ltx-2-pro", prompt="x"),),
            "v1": (lambda c: c.generate_blocking("ltx-2-pro", prompt="x", timeout=0.2 if fault in IMPATIENT else 10),),
            "status()": (lambda c: c.job(ID).status(),),
            "result()": (lambda c: c.job(ID).result(),),
            "save()": (lambda c: c.job(ID).result(), self._before_saving(fault), lambda v: v.save(self.target)),
            "wait": (lambda c: c.job(ID).wait(timeout),),
        }
        options: dict[str, Any] = {"base_url": self.server.base_url, "max_retries": RESENDS}
        options["timeout"] = 0.2 if fault in IMPATIENT else 10
        try:
            made = self.caller(*steps[column.partition(":")[0]], **options)
        except ltx.SegmindLtxError as error:
            self._keyless(error)
            return type(error).__name__.removesuffix("Error"), error.request_id
        if column == "submit":
            return "ok", made.id
        return "ok", getattr(made, "request_id", ID)

    def _before_saving(self, fault: str) -> Any:
        """The address is known by then; what cannot be reached is not reachable from here on."""

        def change(video: Any) -> Any:
            if fault in UNREACHABLE:
                self.server.refuse()
            if fault == "connect timeout":
                self.server.fill()
            return video

        return change

    def _keyless(self, error: Exception) -> None:
        assert SHOWN not in "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


@pytest.fixture
def met(faulty: FaultServer, caller: Caller, tmp_path: Path) -> Met:
    return Met(faulty, caller, tmp_path)


STAGE = {
    "wait: poll": "status",
    "wait: fetch": "result",
    "save()": "download",
    "status()": "status",
    "result()": "result",
}


@pytest.mark.parametrize(("fault", "column", "expected"), MET, ids=lambda cell: str(cell).replace(" ", "-"))
def test_a_fault_that_stays(met: Met, fault: str, column: str, expected: str) -> None:
    stage = STAGE.get(column, column)
    if fault in FAULTS:
        met.server.always[stage] = FAULTS[fault]
    if fault not in UNREACHABLE or stage == "download":
        met.server.listen()
    elif fault == "connect timeout":
        met.server.fill()
    outcome, request_id = met.call(column, fault)
    posts = sum(met.server.posts.values())
    _note(column, fault, met, outcome, request_id, posts)
    name, _, sent = expected.partition(" ")
    assert (outcome, posts) == (SHORT.get(name, name), int(sent or 0))
    if column not in {"submit", "v1"} or (column == "submit" and outcome == "ok"):
        assert request_id == ("7" if fault == "id as a number" else ID)
    _nothing_went_astray(met, stage)
    left = [file.name for file in met.target.parent.iterdir()]
    assert left == (["a.mp4"] if column == "save()" and outcome == "ok" else [])


PASSING = [*UNREACHABLE, *(name for name in FAULTS if name not in ONLY_SUBMIT)]


@pytest.mark.parametrize("stage", ["status", "result"])
@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_never_ends_a_wait(met: Met, clock: FakeClock, fault: str, stage: str) -> None:
    if fault in FAULTS:
        met.server.faults[stage] = [FAULTS[fault], FAULTS[fault]]
        met.server.listen()
    else:
        _listen_after(met.server, clock, fault)
    outcome, request_id = met.call("wait", fault, 600)
    _note(f"wait, passing: {stage}", fault, met, outcome, request_id, 0)
    assert (outcome, request_id) == ("ok", ID)
    _nothing_went_astray(met, stage)


SAVED_AFTER = [
    name for name in PASSING if name not in {"302 to another host", "307 to another host"} | set(UNREACHABLE)
]


@pytest.mark.parametrize("fault", [name for name in SAVED_AFTER if (name, "save()", "-") not in CELLS])
def test_a_fault_that_passes_leaves_no_trace_in_the_file(met: Met, fault: str) -> None:
    met.server.faults["download"] = [FAULTS[fault]]
    met.server.listen()
    outcome, _ = met.call("save()", fault)
    _note("save, passing", fault, met, outcome, ID, 0)
    assert outcome == "ok"
    assert met.target.read_bytes()[:12] == b"\0\0\0\x18ftypmp42"
    assert [file.name for file in met.target.parent.iterdir()] == ["a.mp4"]


def test_every_fault_has_a_row_and_every_row_a_fault() -> None:
    assert [row[0] for row in LINES[1:]] == [*UNREACHABLE, *_in_order()]
    assert len(MET) > 200


def _in_order() -> list[str]:
    return [row[0] for row in LINES[1:] if row[0] in FAULTS]


def _listen_after(server: FaultServer, clock: FakeClock, fault: str) -> None:
    """The server comes up while the client waits to try again."""
    if fault == "connect timeout":
        server.fill()
    sleep = clock.sleep

    def sleep_and_listen(seconds: float) -> None:
        sleep(seconds)
        server.listen_once()

    clock.sleep = sleep_and_listen  # type: ignore[method-assign]


def _nothing_went_astray(met: Met, stage: str) -> None:
    """The key went to the API alone, and only a download may lead to another host."""
    assert {key for where, key in met.server.keys if where != "download"} <= {f"SG_{SHOWN}"}
    assert {key for where, key in met.server.keys if where == "download"} <= {None}
    assert stage == "download" or met.server.elsewhere == []
    assert all(b"x-api-key" not in request.lower() for request in met.server.elsewhere)


def _note(column: str, fault: str, met: Met, outcome: str, request_id: str | None, posts: int) -> None:
    """For ``scripts/fault_table.py``."""
    path = os.environ.get("SEGMIND_LTX_FAULT_TABLE")
    if path:
        seen = {"column": column, "fault": fault, "kind": met.caller.kind, "outcome": outcome}
        line = json.dumps({**seen, "id": request_id is not None, "posts": posts}) + "\n"
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(line)
