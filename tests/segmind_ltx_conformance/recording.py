"""Hold recordings, and write them as HAR 1.2: requests and responses, all that the judge needs.

The prober's own notes are in fields that begin with an underscore, as HAR allows. A recording contains no key: the name
of the key's scenario is written instead. `har` reads recordings, and HAR files from elsewhere.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from attrs import asdict, field, frozen

VERSION: Final = "1.2"
MAX_BODY_BYTES: Final = 1 << 20
"""The recorded part of a body in bytes. A video is not recorded; ``media`` holds its measurements."""


class RecordingError(ValueError):
    """The file is not a recording; the message says why."""


class Part(StrEnum):
    """A part of an exchange that a recording may not show."""

    REQUEST_BODY = "request body"
    BODY = "response body"
    KEY = "key"


@frozen
class Exchange:
    """One request and its response. Header names are in lower case.

    ``key`` is the scenario of the key that was sent, "wrong" for a key that belongs to no account, or None if no key
    was sent. ``at`` is the time of sending on the target's clock, in seconds since the recording started; it includes
    any time by which the clock was advanced. If no response arrived, ``status`` is 0 and ``fault`` says why. ``probe``
    says what the request was sent for. ``unknown`` names the parts that the recording does not show, as opposed to
    parts that were empty; nothing may be concluded from them. ``took`` is how long the response took in seconds, or
    None if that is unknown. ``real_at`` is the time of sending in seconds by the clock of this machine, which nobody
    advances, or None if it is the same as ``at``.
    """

    method: str
    url: str
    key: str | None
    at: float
    status: int
    request_headers: Mapping[str, str] = field(factory=dict[str, str])
    request_body: str | None = None
    headers: Mapping[str, str] = field(factory=dict[str, str])
    body: bytes = field(default=b"", repr=False)
    size: int = 0
    media: Mapping[str, Any] | None = None
    fault: str | None = None
    probe: str | None = None
    took: float | None = None
    unknown: frozenset[Part] = frozenset()
    real_at: float | None = field(default=None, eq=False)

    @property
    def path(self) -> str:
        """The path of the URL."""
        return urlsplit(self.url).path

    @property
    def json(self) -> Any:
        """The body as JSON, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def sent(self) -> Any:
        """The request body as JSON. Raises `ValueError` if it is not JSON."""
        return json.loads(self.request_body or "")


@frozen
class Skip:
    """Something that the prober left out, and why. ``what`` is a stage, the first word of a probe label."""

    what: str
    model: str | None
    reason: str


@frozen
class Recording:
    """The exchanges with one target, in the order in which they were sent.

    ``job_deadline`` is for how many seconds after its submit a job was polled, on the target's clock; None if no job
    was polled. ``skips`` lists what was left out. ``unread`` says which entries of a file could not be read.
    """

    base_url: str
    exchanges: tuple[Exchange, ...]
    started: datetime = field(factory=lambda: datetime.now(UTC))
    job_deadline: float | None = None
    skips: tuple[Skip, ...] = ()
    unread: tuple[str, ...] = ()

    def to_har(self) -> dict[str, Any]:
        """Return the recording as a HAR document."""
        entries = [_entry(exchange, self.started) for exchange in self.exchanges]
        creator = {"name": "segmind-ltx conformance", "version": "1"}
        notes: dict[str, Any] = {
            "_base_url": self.base_url,
            "_started": self.started.isoformat(),
            "_job_deadline": self.job_deadline,
            "_skips": [asdict(exchange) for exchange in self.skips],
        }
        if self.unread:
            notes["_unread"] = list(self.unread)
        return {"log": {"version": VERSION, "creator": creator, **notes, "entries": entries}}


def write_recording(recording: Recording, path: Path) -> None:
    """Write ``recording`` to ``path`` as HAR. The file appears only when it is complete. Raises `OSError`."""
    text = json.dumps(recording.to_har(), indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    beside = Path(name)
    try:
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123  a handle, not a path
            file.write(text)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _entry(exchange: Exchange, started: datetime) -> dict[str, Any]:
    seconds = exchange.at if exchange.real_at is None else exchange.real_at
    moment = datetime.fromtimestamp(started.timestamp() + seconds, UTC)
    milliseconds = round(1000 * (exchange.took or 0.0), 3)
    text, encoding = _text(exchange.body)
    url = _uri(exchange.url)
    content: dict[str, Any] = {"size": exchange.size, "mimeType": exchange.headers.get("content-type", "")}
    if Part.BODY not in exchange.unknown:
        content |= {"text": text, **encoding}
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "headers": _pairs(exchange.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in _query(exchange.url)],
        "cookies": [],
        "headersSize": -1,
        "bodySize": len((exchange.request_body or "").encode("utf-8", "replace")),
    }
    if exchange.request_body is not None:
        mime = exchange.request_headers.get("content-type", "application/json")
        request["postData"] = {"mimeType": mime, "text": exchange.request_body}
    response = {
        "status": exchange.status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "headers": _pairs(exchange.headers),
        "cookies": [],
        "content": content,
        "redirectURL": exchange.headers.get("location", ""),
        "headersSize": -1,
        "bodySize": exchange.size,
    }
    notes: dict[str, Any] = {
        "_key": exchange.key,
        "_at": exchange.at,
        "_media": exchange.media,
        "_fault": exchange.fault,
        "_probe": exchange.probe,
    }
    if url != exchange.url:
        notes["_url"] = exchange.url
    if exchange.unknown:
        notes["_unknown"] = sorted(exchange.unknown)
    return {
        "startedDateTime": moment.isoformat(),
        "time": milliseconds,
        "request": request,
        "response": response,
        "cache": {},
        # Only the whole is measured; HAR wants parts that add up to it.
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        **notes,
    }


def _uri(url: str) -> str:
    """Return a URL in which no character stands that a URI may not have, as other tools require of a HAR file."""
    try:
        parts = urlsplit(url)
        return parts._replace(path=_quoted(parts.path), query=_quoted(parts.query), fragment="").geturl()
    except ValueError:
        return _quoted(url)


def _quoted(text: str) -> str:
    return quote(text, safe="%/:=&?~+!$,;'@()*", errors="backslashreplace")


def _query(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return []


def _text(body: bytes) -> tuple[str, dict[str, str]]:
    try:
        return body.decode("utf-8"), {}
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), {"encoding": "base64"}


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]
