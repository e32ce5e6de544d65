"""Test that recordings can be written and read, including HAR files of other tools."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_conformance.recording import (
    Exchange,
    Recording,
    RecordingError,
    Skip,
    read_recording,
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
