"""Download a video whose address contains the key, and show the key nowhere."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

from pathlib import Path

import pytest
import respx

import segmind_ltx as ltx
from support.callers import BASE, KEY, Caller

OUT = f"https://out.test/{KEY}/a.mp4?signature={KEY}"
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(64)


def answer(wire: respx.MockRouter, output: str) -> None:
    done = {"request_id": "job-1", "status": "COMPLETED", "output": output}
    wire.get(f"{BASE}/v2/requests/job-1/status").respond(200, json=done)
    wire.get(f"{BASE}/v2/requests/job-1").respond(200, json=done)


def test_address_with_key_is_reached(
    caller: Caller, wire: respx.MockRouter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The download asks for the address as the service sent it; the video, its repr and the log show it without."""
    caplog.set_level("DEBUG", "segmind_ltx")
    answer(wire, OUT)
    route = wire.get(OUT).respond(200, content=VIDEO, headers={"content-type": "video/mp4"})
    shown: list[str] = []

    def show(video: ltx.Video) -> ltx.Video:
        shown.append(f"{video!r} {video.url}")
        return video

    saved = caller(lambda client: client.job("job-1"), lambda job: job.result(), show, lambda v: v.save(tmp_path / "a"))
    assert Path(saved).read_bytes() == VIDEO
    assert route.call_count == 1
    assert "x-api-key" not in route.calls.last.request.headers
    assert KEY not in shown[0]
    assert KEY not in caplog.text


def test_address_with_key_in_error(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """If it cannot be downloaded, the exception has the address without the key."""
    answer(wire, OUT)
    wire.get(OUT).respond(403)
    with pytest.raises(ltx.DownloadError) as caught:
        caller(lambda client: client.job("job-1"), lambda job: job.result(), lambda v: v.save(tmp_path / "a"))
    assert KEY not in f"{caught.value!r} {caught.value} {vars(caught.value)}"


def test_placeholder_gets_no_key(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """An address that only looks like a hidden one is asked for as it is: no answer can ask for the key."""
    address = "https://out.test/api-key/a.mp4?signature=api-key"
    answer(wire, address)
    route = wire.get(address).respond(200, content=VIDEO, headers={"content-type": "video/mp4"})
    caller(lambda client: client.job("job-1"), lambda job: job.result(), lambda v: v.save(tmp_path / "a"))
    assert str(route.calls.last.request.url) == address
