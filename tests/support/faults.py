"""The faults of the table: each answers one request of the fault server badly, in its own way."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from support.fault_server import ID, Fault, Line

NOW = datetime.fromtimestamp(1_800_000_000, UTC)
SOON = NOW + timedelta(seconds=30)


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
    while not pause.wait(0.05):  # It lasts until the client disconnects.
        line.sock.sendall(b".")


def drip_body(line: Line) -> None:
    """Send endless white space; a video drips as well, but completely."""
    if line.kind != "application/json":
        line.head(200, {"content-type": line.kind, "content-length": str(len(line.good))})
        for position in range(0, len(line.good), 64):
            line.server.clock.now += 0.5
            line.sock.sendall(line.good[position : position + 64])
        return
    line.head(200, {"content-type": line.kind})
    pause = threading.Event()
    while not pause.wait(0.005):  # It lasts until the client disconnects.
        line.server.clock.now += 0.5
        line.sock.sendall(b" ")


def answers(status: int = 200, body: bytes | None = None, kind: str | None = None, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda line: line.answer(status, body, named, kind)


def json_of(submit: Any, other: Any) -> Fault:
    """Answer with one body for a submit and another for the other calls."""
    return lambda line: line.answer(
        body=json.dumps(submit if line.stage == "submit" else other).encode(), kind="application/json"
    )


def elsewhere(status: int) -> Fault:
    return lambda line: line.answer(status, b"", {"location": f"{line.server.other}/v2/requests/{ID}"})


def halved(line: Line) -> None:
    good = line.good if line.kind == "application/json" else b'{"output": "https://out.test/a.mp4"}'
    line.answer(body=good[: 3 * len(good) // 4], kind="application/json")


def huge(line: Line) -> None:
    """Send the good response, then 100 MB of white space, or of zeros in a video."""
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
    """Send interim responses without end."""
    pause = threading.Event()
    while not pause.wait(0.05):  # It lasts until the client disconnects.
        line.sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")


def then_blanks(line: Line) -> None:
    """Send the whole good response, and blanks after it without end."""
    line.head(200, {"content-type": line.kind})
    line.sock.sendall(line.good)
    pause = threading.Event()
    while not pause.wait(0.05):
        line.sock.sendall(b" ")


def followed(line: Line) -> None:
    """Send the good response, and the beginning of another one right behind it."""
    body = line.good
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {line.kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    line.sock.sendall(head.encode() + body + b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")


NAMED = json.dumps({"error": "late", "request_id": ID}).encode()
HTML = b"<html><h1>Sorry</h1></html>"
OWN = f"https://api.segmind.com/v2/requests/{ID}"
DONE = {"request_id": ID, "status": "COMPLETED"}
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
    "QUEUED again": json_of({"request_id": ID, "status": "QUEUED"}, {"request_id": ID, "status": "QUEUED"}),
    "output as a path": json_of({}, {**DONE, "output": "/outputs/a.mp4"}),
    "output in a list": json_of({}, {**DONE, "output": ["https://out.test/a.mp4"]}),
    "output in an object": json_of({}, {**DONE, "output": {"url": "https://out.test/a.mp4"}}),
}
