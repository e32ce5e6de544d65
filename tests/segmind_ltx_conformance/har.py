"""Read HAR files: our own recordings, and those of browsers, proxies and other tools.

Another tool may leave out a body or a key's header, or record something that is no HTTP exchange. What a file does not
show is unknown, not empty: `Exchange.unknown` names it, so that the judge does not judge it. An entry that cannot be
read is left out and counted; it does not spoil the others.

More than 250 lines, since it covers what other tools leave out or add, case by case.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from segmind_ltx_conformance.media import can_measure, measure
from segmind_ltx_conformance.recording import MAX_BODY_BYTES, Exchange, Part, Recording, RecordingError, Skip

KEY_HEADER: Final = "x-api-key"
UNRECORDED: Final = "unrecorded"
"""The key of an exchange in another tool's file, if it cannot be known whether a working key was sent."""
REFUSALS_OF_KEYS: Final = frozenset({401, 403, 406})
"""Statuses that depend on the key. With a key of which nothing is known, any of them may be right."""
_MAX_LAYERS: Final = 4
"""Content codings of one body; more are left packed."""
_BROKEN: Final = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


def read_recording(path: Path, base_url: str | None = None) -> Recording:
    """Read the HAR file at ``path``; pass ``base_url`` if another tool wrote it. Raises `RecordingError`."""
    try:
        # From bytes, since a file from Windows may begin with a byte order mark or be UTF-16.
        log: dict[str, Any] = json.loads(path.read_bytes())["log"]
        entries, unread = _entries(log["entries"])
        unread += map(str, log.get("_unread", ()))
        origin = base_url or log.get("_base_url") or _origin(entries)
        started = _started(log, entries)
        main_key = _main_key(entries.values())
        exchanges: list[Exchange] = []
        for number, entry in entries.items():
            try:
                exchanges.append(_exchange(entry, started, main_key=main_key))
            except _BROKEN as error:
                unread.append(f"entry {number}: {type(error).__name__}")
        if not exchanges and unread:
            raise ValueError(f"none of its entries can be read; {unread[0]}")
        skips = tuple(Skip(skip["what"], skip["model"], skip["reason"]) for skip in log.get("_skips", ()))
        deadline = log.get("_job_deadline")
        return Recording(
            origin, tuple(exchanges), started, None if deadline is None else float(deadline), skips, tuple(unread)
        )
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from None
    except _BROKEN as error:
        raise RecordingError(f"{path} is no HAR recording: {type(error).__name__}: {error}") from None


def _entries(given: Sequence[Any]) -> tuple[dict[int, dict[str, Any]], list[str]]:
    """Return the entries that have a request with a URL and a time, by number, and what is wrong with the others."""
    good: dict[int, dict[str, Any]] = {}
    unread: list[str] = []
    for number, entry in enumerate(given, 1):
        try:
            urlsplit(entry["request"]["url"])
            _time(entry)
            _headers(entry["request"])
            good[number] = entry
        except _BROKEN as error:
            unread.append(f"entry {number}: {type(error).__name__}")
    return good, unread


def _started(log: Mapping[str, Any], entries: Mapping[int, Mapping[str, Any]]) -> datetime:
    """Return the recorded start, or else the time of the first request."""
    if noted := log.get("_started"):
        return _moment(noted)
    return min((_time(entry) for entry in entries.values()), default=datetime.now(UTC))


def _origin(entries: Mapping[int, Mapping[str, Any]]) -> str:
    """Return the origin of the first call to a path of this API."""
    for entry in entries.values():
        parts = urlsplit(str(entry["request"]["url"]))
        if parts.path.startswith(("/v1/", "/v2/")):
            return f"{parts.scheme}://{parts.netloc}"
    raise ValueError("no request in it is to a path of this API")


def _exchange(entry: Mapping[str, Any], started: datetime, *, main_key: str | None) -> Exchange:
    request, response = entry["request"], entry["response"]
    request_headers, headers = _headers(request), _headers(response)
    status = max(0, int(response["status"] or 0))
    method = str(request["method"]).upper()
    content: dict[str, Any] = response.get("content") or {}
    own = "_at" in entry
    request_body, request_is_whole = _request_body(method, request, request_headers, own=own)
    body, body_is_whole = _response_body(method, status, content, headers, own=own)
    length = len(body)
    media: Mapping[str, Any] | None = entry.get("_media")
    if not own and status == 200 and body and not _is_text(body):
        # A video is judged by its measures, as in a recording of our own.
        media, body = (measure(body) if can_measure() else None), b""
    key = entry["_key"] if "_key" in entry else _key(request["url"], status, request_headers, main_key)
    unknown = {
        Part.REQUEST_BODY: not request_is_whole,
        Part.BODY: not body_is_whole,
        Part.KEY: key == UNRECORDED and KEY_HEADER not in request_headers,
    }
    noted = {Part(part) for part in entry.get("_unknown", ())}
    size = content.get("size")
    return Exchange(
        method=method,
        url=entry.get("_url", request["url"]),
        key=key,
        at=float(entry["_at"]) if own else (_time(entry) - started).total_seconds(),
        status=status,
        request_headers=request_headers,
        request_body=request_body,
        headers=headers,
        body=body,
        size=size if isinstance(size, int) and size >= 0 else length,
        media=media,
        fault=entry.get("_fault"),
        probe=entry.get("_probe"),
        took=_took(entry.get("time")),
        unknown=frozenset(part for part, missing in unknown.items() if missing or part in noted),
        real_at=(_time(entry) - started).total_seconds() if own else None,
    )


def _main_key(entries: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the key that most of the requests carry; None if none shows its key."""
    found = Counter(key for entry in entries if (key := _headers(entry["request"]).get(KEY_HEADER, "").strip()))
    return found.most_common(1)[0][0] if found else None


def _key(url: str, status: int, sent: Mapping[str, str], main_key: str | None) -> str | None:
    """Return what is known of the key in another tool's recording: "unknown" for one that works, or `UNRECORDED`.

    Tools and people remove the header, so its absence proves nothing. A second key may be another account's, which
    need not see the jobs of the first.
    """
    if not urlsplit(url).path.startswith(("/v1/", "/v2/")) and KEY_HEADER not in sent:
        return None
    worked = 200 <= status < 300
    shown = sent.get(KEY_HEADER, "").strip()
    if shown:
        return "unknown" if shown == main_key and status not in REFUSALS_OF_KEYS else UNRECORDED
    return "unknown" if worked and main_key is None else UNRECORDED


def _request_body(
    method: str, request: Mapping[str, Any], headers: Mapping[str, str], *, own: bool
) -> tuple[str | None, bool]:
    """Return the body of a request, and whether the file shows it."""
    posted: Mapping[str, Any] = request.get("postData") or {}
    text, size = posted.get("text"), _size(request.get("bodySize"), headers)
    if own or (not text and (method in {"GET", "HEAD"} or size == 0)):
        return text, True
    if not isinstance(text, str) or not text:
        return None, False
    if "base64" in {posted.get("encoding"), posted.get("_encoding")}:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace"), True
    if _is_json(text):
        return text, True
    # Some tools write base64 without saying so. Then the text is longer than what was sent.
    try:
        decoded = base64.b64decode(text, validate=True).decode("utf-8")
    except ValueError:
        return text, size is None or len(text.encode("utf-8", "replace")) >= size
    if not _is_json(decoded):
        return text, True
    return decoded, size == len(decoded.encode())


def _response_body(
    method: str, status: int, content: Mapping[str, Any], headers: Mapping[str, str], *, own: bool
) -> tuple[bytes, bool]:
    """Return the body of a response, and whether the file shows all of it."""
    text = content.get("text")
    if not isinstance(text, str):
        known_size = _size(content.get("size"), headers)
        return b"", own or method == "HEAD" or status in {0, 204, 304} or known_size == 0
    body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
    if own:
        return body, True
    size = content.get("size")
    if not text and isinstance(size, int) and size > 0:
        return b"", False
    return _unpacked(body, headers)


def _unpacked(body: bytes, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Return a body without its content codings, and whether that is all of it.

    Most tools record a body unpacked, and a few as it came. No layer is unpacked further than the limit, so a small
    body that stands for gigabytes costs nothing.
    """
    codings = [coding.strip().lower() for coding in headers.get("content-encoding", "").split(",") if coding.strip()]
    for coding in reversed(codings[-_MAX_LAYERS:]):
        if coding not in {"gzip", "x-gzip", "deflate"}:
            # Nothing here unpacks br or zstd. Text shows that the tool did.
            if coding != "identity" and not _is_text(body):
                return b"", False
            continue
        if coding != "deflate" and not body.startswith(b"\x1f\x8b"):
            continue
        unpacker = zlib.decompressobj(wbits=47 if coding != "deflate" else 15)
        try:
            body = unpacker.decompress(body, MAX_BODY_BYTES)
        except zlib.error:
            return (body, True) if coding == "deflate" else (b"", False)
        if not unpacker.eof:
            return b"", False
    return body, len(codings) <= _MAX_LAYERS


def _size(stated: object, headers: Mapping[str, str]) -> int | None:
    """Return the size of a body as the file states it, or else as the header does; None if neither does."""
    if isinstance(stated, int) and stated >= 0:
        return stated
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _headers(message: Mapping[str, Any]) -> dict[str, str]:
    pairs = cast("Sequence[Mapping[str, Any]]", message.get("headers") or ())
    return {str(pair["name"]).lower(): str(pair.get("value") or "") for pair in pairs}


def _took(milliseconds: object) -> float | None:
    """Return a duration in seconds; tools write 0 or -1 if they do not know it."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or milliseconds <= 0:
        return None
    return milliseconds / 1000


def _time(entry: Mapping[str, Any]) -> datetime:
    return _moment(entry["startedDateTime"])


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
