"""Test that no key gets into a report, and that hostile text is kept as it is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

from attrs import evolve

from segmind_ltx_conformance.har import read_recording
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.report import write_recording, write_reports
from segmind_ltx_conformance.report.redact import Redactor
from segmind_ltx_conformance.target import Keys
from support.made_up import BASE, HOSTILE, exchange, run

KEY, OTHER = "SG_0123456789abcdef", "SG_0123456789"


def _leaky() -> Recording:
    """Return a recording of a target that echoes the key in every field."""
    body = json.dumps({"you": KEY, "again": quote(KEY), "all": f"<{OTHER}>"}).encode()
    exchange_ = Exchange(
        "POST",
        f"{BASE}/v2/ltx-2-pro?x-api-key={KEY}",
        "valid",
        0.0,
        200,
        {"x-api-key": KEY, "authorization": f"Bearer {KEY}"},
        f'{{"prompt": "{KEY}"}}',
        {"x-echo": KEY, "set-cookie": "a=0123456789"},
        body,
        media={"codec": KEY},
        fault=f"cannot {OTHER}",
        probe=f"accept {KEY}",
    )
    return Recording(BASE, (exchange_,))


def _written(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())


def test_reports_have_no_key(tmp_path: Path) -> None:
    """No form of a key is in any file, even if the target echoes it everywhere."""
    redact = Redactor.of(Keys({"valid": KEY, "other": OTHER}))
    recording = redact.recording(_leaky())
    write_recording(tmp_path, recording)
    write_reports(tmp_path, evolve(run(), recording=recording))
    for key in (KEY, OTHER, base64.b64encode(KEY.encode()).decode()):
        assert key not in _written(tmp_path)
    assert "[valid key]" in _written(tmp_path)
    assert (KEY in repr(redact), read_recording(tmp_path / "recording.har").exchanges[0].key) == (False, "valid")


def test_secrets_in_another_recording_are_redacted(tmp_path: Path) -> None:
    """Secrets are recognised by the headers and parameters that contain them."""
    recording = Redactor.of(Keys(), _leaky()).recording(_leaky())
    write_recording(tmp_path, recording)
    assert (KEY in _written(tmp_path), "0123456789" in _written(tmp_path)) == (False, False)
    assert recording.exchanges[0].request_headers["authorization"].startswith("Bearer [")


def test_short_secret_is_redacted_in_its_header() -> None:
    """A short secret is removed from its header, but not searched for elsewhere."""
    exchange_ = evolve(exchange("GET", "/v2/requests/a", 200, None, {"id": "a"}), request_headers={"x-api-key": "a"})
    clean = Redactor.of(Keys(), Recording(BASE, (exchange_,))).recording(Recording(BASE, (exchange_,))).exchanges[0]
    assert (clean.request_headers["x-api-key"], clean.url, clean.body) == ("[valid key]", exchange_.url, exchange_.body)


def test_hostile_text_survives_the_recording(tmp_path: Path) -> None:
    """Hostile text is recorded unchanged."""
    write_recording(tmp_path, run().recording)
    assert read_recording(tmp_path / "recording.har").exchanges[0].json["error"] == HOSTILE
