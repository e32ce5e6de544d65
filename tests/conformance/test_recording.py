"""Test that recordings can be written and read, including HAR files of other tools.

More than 250 lines, since the files of other tools are in it.
"""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import tracemalloc
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from segmind_ltx_conformance.har import read_recording
from segmind_ltx_conformance.recording import (
    MAX_BODY_BYTES,
    Exchange,
    Part,
    Recording,
    RecordingError,
    Skip,
    write_recording,
)

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def a_recording() -> Recording:
    sent = Exchange(
        method="POST",
        url="http://t/v2/ltx-2-pro",
        key="valid",
        at=1.5,
        status=200,
        request_headers={"x-api-key": "[valid key]"},
        request_body='{"prompt": "凧"}',
        headers={"content-type": "application/json"},
        body=b'{"request_id": "1"}',
        size=19,
        probe="accept v2 ltx-2-pro #1",
    )
    lost = Exchange("GET", "http://t/v2/requests/1", None, 3700.25, 0, fault="ReadTimeout: no answer")
    video = Exchange("GET", "http://o/1.mp4", None, 2.0, 200, media={"kind": "video", "width": 2}, size=900)
    raw = Exchange("GET", "http://t/v2/requests/2", "wrong", 2.5, 404, body=b"\xff\x00", size=2)
    return Recording("http://t", (sent, lost, video, raw), STARTED, 60.0, (Skip("download", None, "switched off"),))


def test_recording_round_trip(tmp_path: Path) -> None:
    """A written recording reads back equal, and no temporary file is left."""
    path = tmp_path / "new" / "run.har"
    write_recording(a_recording(), path)
    assert read_recording(path) == a_recording()
    assert [one.name for one in path.parent.iterdir()] == ["run.har"]


def test_failed_write_keeps_the_old_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the new recording cannot be written, the old file stays."""
    path = tmp_path / "run.har"
    path.write_text("old")

    def broken(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="no space"):
        write_recording(a_recording(), path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["run.har"]


def test_har_of_another_tool_is_read(tmp_path: Path) -> None:
    """A HAR file without our own fields is read, sorted or not."""
    entry: dict[str, Any] = {
        "startedDateTime": "2026-01-02T03:04:05Z",
        "request": {
            "method": "post",
            "url": "https://api.example.com/v1/ltx-video",
            "headers": [{"name": "X-Api-Key", "value": "secret"}],
            "postData": {"text": "{}"},
        },
        "response": {"status": 400, "headers": [], "content": {"text": "no"}},
    }
    later = {**entry, "startedDateTime": "2026-01-02T03:04:09.5"}
    path = tmp_path / "theirs.har"
    path.write_text(json.dumps({"log": {"entries": [later, entry]}}))
    read = read_recording(path)
    assert (read.base_url, read.started, read.job_deadline, read.skips) == (
        "https://api.example.com",
        STARTED,
        None,
        (),
    )
    assert [(one.method, one.key, one.at) for one in read.exchanges] == [
        ("POST", "unknown", 4.5),
        ("POST", "unknown", 0.0),
    ]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"log": {"entries": 1}}', '{"log": {"entries": []}}'])
def test_other_files_are_not_recordings(tmp_path: Path, text: str) -> None:
    """A missing file, or one that is not HAR, raises `RecordingError`."""
    path = tmp_path / "x.har"
    path.write_text(text)
    with pytest.raises(RecordingError, match="no HAR"):
        read_recording(path)
    with pytest.raises(RecordingError, match="nothing"):
        read_recording(tmp_path / "nothing.har")


API = "https://api.example.com"


def entry(path: str = "/v2/requests/a/status", method: str = "GET", **more: Any) -> dict[str, Any]:
    """Return an entry as another tool writes it; ``request`` and ``response`` among ``more`` are merged into it."""
    request = {"method": method, "url": f"{API}{path}", "headers": [{"name": "X-Api-Key", "value": "secret"}]}
    response: dict[str, Any] = {
        "status": 200,
        "headers": [],
        "content": {"size": 2, "mimeType": "application/json", "text": "{}"},
    }
    return {
        "startedDateTime": "2026-01-02T03:04:05Z",
        "request": {**request, **more.get("request", {})},
        "response": {**response, **more.get("response", {})},
    }


def read(tmp_path: Path, *entries: Any, encoding: str = "utf-8") -> Recording:
    """Write entries to a HAR file and read it."""
    path = tmp_path / "theirs.har"
    path.write_text(json.dumps({"log": {"entries": entries}}), encoding=encoding)
    return read_recording(path)


def test_missing_response_text_is_unknown(tmp_path: Path) -> None:
    """A response without ``content.text`` has an unknown body, unless its size says that it was empty."""
    contents: list[tuple[Any, bool]] = [
        ({"size": 40, "mimeType": "application/json"}, True),
        ({"mimeType": "application/json"}, True),
        ({"size": -1, "text": None}, True),
        ({"size": 40, "text": ""}, True),
        (None, True),
        ({"size": 0, "mimeType": ""}, False),
        ({"size": 0, "text": ""}, False),
        ({"size": 2, "text": "{}"}, False),
    ]
    exchanges = read(tmp_path, *(entry(response={"content": content}) for content, _ in contents)).exchanges
    assert [Part.BODY in one.unknown for one in exchanges] == [unknown for _, unknown in contents]
    nothing = read(tmp_path, entry(response={"status": 204, "content": {}}), entry(response={"status": 0}))
    assert [one.unknown for one in nothing.exchanges] == [frozenset(), frozenset()]


def test_missing_post_data_is_unknown(tmp_path: Path) -> None:
    """A POST without ``postData`` has an unknown body, unless its size says that it was empty."""
    encoded = base64.b64encode(b'{"prompt": "x"}').decode()
    requests: list[tuple[dict[str, Any], str | None, bool]] = [
        ({}, None, True),
        ({"bodySize": -1}, None, True),
        ({"bodySize": 15, "postData": {"mimeType": "application/json", "text": ""}}, None, True),
        ({"bodySize": 15, "postData": {"params": [{"name": "a"}]}}, None, True),
        ({"bodySize": 0}, None, False),
        ({"postData": {"text": '{"prompt": "x"}'}}, '{"prompt": "x"}', False),
        ({"postData": {"text": encoded, "encoding": "base64"}}, '{"prompt": "x"}', False),
        ({"bodySize": 15, "postData": {"text": encoded}}, '{"prompt": "x"}', False),
        ({"postData": {"text": encoded}}, '{"prompt": "x"}', True),
        ({"postData": {"text": "prompt=x"}}, "prompt=x", False),
    ]
    exchanges = read(tmp_path, *(entry("/v1/ltx-video", "POST", request=given) for given, _, _ in requests)).exchanges
    assert [(one.request_body, Part.REQUEST_BODY in one.unknown) for one in exchanges] == [
        (body, unknown) for _, body, unknown in requests
    ]


def test_missing_key_header_is_unknown(tmp_path: Path) -> None:
    """A key's header that is missing proves nothing; only if none is shown, an accepted request had a working key."""
    bare: dict[str, Any] = {"headers": []}
    accepted, refused = entry(request=bare), entry(request=bare, response={"status": 401})
    keys = [one.key for one in read(tmp_path, accepted, refused).exchanges]
    assert keys == ["unknown", "unrecorded"]
    shown = read(tmp_path, accepted, refused, entry(), entry(response={"status": 403})).exchanges
    assert [one.key for one in shown] == ["unrecorded", "unrecorded", "unknown", "unrecorded"]
    assert [one.key for one in read(tmp_path, entry(), entry("/out/a.mp4", request=bare)).exchanges] == [
        "unknown",
        None,
    ]


def test_second_key_is_unrecorded(tmp_path: Path) -> None:
    """Of a second key nothing is known: it may be another account's, which need not see the jobs of the first."""
    other = entry(request={"headers": [{"name": "x-api-key", "value": "another"}]}, response={"status": 404})
    assert [one.key for one in read(tmp_path, other, entry(), entry()).exchanges] == [
        "unrecorded",
        "unknown",
        "unknown",
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_is_read(tmp_path: Path, encoding: str) -> None:
    """A HAR file with a byte order mark is read."""
    assert len(read(tmp_path, entry(), encoding=encoding).exchanges) == 1


ODD: dict[str, Any] = {
    "nothing": None,
    "a list": [],
    "no request": {"startedDateTime": "2026-01-02T03:04:05Z"},
    "no response": {"startedDateTime": "2026-01-02T03:04:05Z", "request": {"method": "GET", "url": API, "headers": []}},
    "no time": {**entry(), "startedDateTime": None},
    "an odd time": {**entry(), "startedDateTime": "yesterday"},
    "no method": {**entry(), "request": {"url": API, "headers": []}},
    "a URL that is none": entry(request={"url": "http://[::1/v2/requests/a"}),
    "a number for a URL": entry(request={"url": 7}),
    "headers that are text": entry(request={"headers": "x-api-key: secret"}),
    "a status that is a word": entry(response={"status": "ok"}),
    "content that is a list": entry(response={"content": [1]}),
    "broken base64": entry(response={"content": {"text": "a", "encoding": "base64"}}),
    "a lone surrogate": entry(response={"content": {"text": "\ud800"}}),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("first", [True, False])
def test_odd_entry_is_left_out(tmp_path: Path, kind: str, *, first: bool) -> None:
    """One entry that cannot be read is counted, and the others are read."""
    entries = [ODD[kind], entry()] if first else [entry(), ODD[kind]]
    found = read(tmp_path, *entries)
    assert [one.path for one in found.exchanges] == ["/v2/requests/a/status"]
    assert [one.partition(":")[0] for one in found.unread] == [f"entry {1 if first else 2}"]
    write_recording(found, tmp_path / "ours.har")
    assert read_recording(tmp_path / "ours.har") == found


@pytest.mark.parametrize(
    "given",
    [
        {"headers": None},
        {"status": None},
        {"status": -1},
        {"content": None},
        {"headers": [{"name": "a", "value": None}, {"name": "b"}]},
    ],
)
def test_lax_entry_is_read(tmp_path: Path, given: dict[str, Any]) -> None:
    """What tools write for nothing (null, -1) is read as nothing."""
    assert read(tmp_path, entry(response=given)).unread == ()


def test_packed_bodies_are_limited(tmp_path: Path) -> None:
    """A body that a tool recorded as it came is unpacked, layer by layer, up to the limit and no further."""
    bomb = gzip.compress(gzip.compress(bytes(100 * MAX_BODY_BYTES), 9), 9)
    bodies: list[tuple[bytes, str, bytes, bool]] = [
        (gzip.compress(b"{}"), "gzip", b"{}", False),
        (gzip.compress(gzip.compress(b"{}")), "gzip, gzip", b"{}", False),
        (zlib.compress(b"{}"), "deflate", b"{}", False),
        (b"{}", "gzip", b"{}", False),
        (b"{}", "br", b"{}", False),
        (b"\x1f\x8bnone", "gzip", b"", True),
        (b"\x8b\xff", "br", b"", True),
        (bomb, "gzip, gzip", b"", True),
        (gzip.compress(bytes(2 * MAX_BODY_BYTES)), "gzip", b"", True),
    ]
    entries = [
        entry(
            response={
                "headers": [{"name": "Content-Encoding", "value": coding}],
                "content": {"text": base64.b64encode(body).decode(), "encoding": "base64"},
            }
        )
        for body, coding, _, _ in bodies
    ]
    tracemalloc.start()
    exchanges = read(tmp_path, *entries).exchanges
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(one.body, Part.BODY in one.unknown) for one in exchanges] == [(body, gone) for _, _, body, gone in bodies]
    assert peak < 20 * MAX_BODY_BYTES


def test_unknown_parts_round_trip(tmp_path: Path) -> None:
    """What a recording does not show stays unknown when it is written and read again."""
    found = read(tmp_path, entry(request={"headers": []}, response={"status": 401, "content": {}}))
    assert found.exchanges[0].unknown == {Part.BODY, Part.KEY}
    write_recording(found, tmp_path / "ours.har")
    assert read_recording(tmp_path / "ours.har").exchanges == found.exchanges


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Of that tool.
def test_har_is_read_by_another_tool() -> None:
    """A reader that knows nothing of this project finds every exchange, with its time, and addresses without blanks."""
    recording = a_recording()
    odd = evolve(recording.exchanges[0], url="http://t/v2/ltx-video?key=[valid key]&n=1", took=0.25)
    haralyzer: Any = importlib.import_module("haralyzer")  # It has no types.
    parsed = haralyzer.HarParser(evolve(recording, exchanges=(*recording.exchanges, odd)).to_har())
    entries = [haralyzer.HarEntry(entry) for entry in parsed.har_data["entries"]]
    assert len(entries) == len(recording.exchanges) + 1
    last = entries[-1]
    assert (last.request.method, last.status, last.time) == ("POST", odd.status, 250)
    assert last.request.url == "http://t/v2/ltx-video?key=%5Bvalid%20key%5D&n=1"
    assert last.request.queryString == [{"name": "key", "value": "[valid key]"}, {"name": "n", "value": "1"}]
    assert last.startTime.year == STARTED.year
