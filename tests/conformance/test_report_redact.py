"""Test that no key gets into a report, and that hostile text is kept as it is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from attrs import evolve

from segmind_ltx_conformance.har import read_recording
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.report import write_recording, write_reports
from segmind_ltx_conformance.report.redact import Redactor
from segmind_ltx_conformance.report.text import curl
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


CLEAN = {"valid": KEY}
ESCAPED = {
    "plain": KEY,
    "JSON": "".join(f"\\u{ord(c):04x}" for c in KEY),
    "JSON, one character": KEY.replace("G", "\\u0047"),
    "JSON in JSON": KEY.replace("_", "\\\\u005F"),
    "URL": "".join(f"%{ord(c):02X}" for c in KEY),
    "HTML": "".join(f"&#{ord(c)};" for c in KEY),
    "HTML, hexadecimal": "".join(f"&#x{ord(c):x};" for c in KEY),
}


@pytest.mark.parametrize("form", ESCAPED)
@pytest.mark.parametrize("keys", [CLEAN, {}], ids=["known", "another tool's"])
def test_key_with_escapes_is_found(form: str, keys: dict[str, str]) -> None:
    """A 401 that quotes the key, however it is escaped, does not show it."""
    body = f'{{"error": "{ESCAPED[form]} is not valid"}}'.encode()
    sent = evolve(exchange("GET", "/v2/requests/a", 401), request_headers={"x-api-key": KEY}, body=body)
    recording = Recording(BASE, (sent,))
    clean = Redactor.of(Keys(keys), recording).recording(recording).exchanges[0]
    assert clean.json["error"] in {"[valid key] is not valid", "[unknown key] is not valid"}
    assert Keys({"valid": KEY}).redact_bytes(body) != body


@pytest.mark.parametrize(
    "name", ["x-auth-token", "x-amz-security-token", "x-goog-signature", "x-anything", "x-vercel-id", "cf-ray", "x-pin"]
)
def test_unknown_header_is_masked(name: str) -> None:
    """A header that is not known to be harmless is masked in requests and responses, whatever its value."""
    for value in ("hunter2", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"):
        sent = evolve(exchange("GET", "/v2/requests/a", 200), request_headers={name: value}, headers={name: value})
        recording = Recording(BASE, (sent,))
        clean = Redactor.of(Keys(), recording).recording(recording).exchanges[0]
        assert value not in f"{clean.request_headers} {clean.headers} {curl(clean, BASE)}"


@pytest.mark.parametrize(
    "query", ["sig=a1b2", "password=hunter2", "X-Amz-Signature=00ff", "se=2026z&sp=abcdef", "q=hunter2"]
)
def test_unknown_parameter_is_masked(query: str) -> None:
    """A query parameter that is not known to be harmless is masked in URLs, also in those within a body."""
    url = f"{BASE}/out/a.mp4?{query}"
    sent = evolve(
        exchange("GET", "/v2/requests/a", 200, None, {"status": "COMPLETED", "output": url, "video": {"url": url}}),
        url=url,
        fault=f"cannot read {url}",
        headers={"location": url},
    )
    recording = Recording(BASE, (sent,))
    clean = Redactor.of(Keys(), recording).recording(recording).exchanges[0]
    for secret in query.replace("=", "&").split("&")[1::2]:
        assert secret not in f"{clean.url} {clean.body!r} {clean.fault} {clean.headers}"
    # What was equal stays equal, so that a download can still be found.
    assert clean.json["output"] == clean.json["video"]["url"] == clean.url


def test_different_values_stay_different() -> None:
    """Two values that are masked are told apart, so that no two downloads become one."""
    exchanges = tuple(exchange("GET", f"/out?id={number}", 200) for number in (1, 2, 1))
    urls = [one.url for one in Redactor.of(Keys()).recording(Recording(BASE, exchanges)).exchanges]
    assert urls[0] == urls[2] != urls[1]


BODIES = [
    ('{"password": "hunter2"}', "hunter2"),
    ('{"prompt": "x", "user": {"pin": 4711}}', "4711"),
    ('{"list": ["hunter2", {"a": "b"}, "hunter3"]}', "hunter3"),
    ('{"request_id": "a", "session": "hunter2', "hunter2"),
    ('{"error": "password=hunter2 is wrong"}', "hunter2"),
    ('{"error": "Authorization: Bearer abcdefghijkl"}', "abcdefghijkl"),
    ('{"error": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}', "eyJ"),
    ("user=kim&password=hunter2", "hunter2"),
    ("<p>token: hunter2</p>", "hunter2"),
    ('{"error": "see http://kim:hunter2@out.test/a"}', "hunter2"),
]


@pytest.mark.parametrize(("body", "secret"), BODIES)
def test_unknown_field_is_masked(body: str, secret: str) -> None:
    """A field of a body that is not known to be harmless is masked, also if the body is cut off or no JSON."""
    sent = evolve(exchange("POST", "/v2/ltx-2-pro", 400), request_body=body, body=body.encode())
    recording = Recording(BASE, (sent,))
    clean = Redactor.of(Keys(), recording).recording(recording).exchanges[0]
    assert secret not in f"{clean.request_body} {clean.body!r} {curl(clean, BASE)}"


def test_harmless_values_are_shown() -> None:
    """The contract's own names, and those of plain HTTP, stay as they are, to the byte."""
    sent = '{"prompt": "a \\u51e7 = b",  "duration": 6.0, "seed": 12345678901}'
    answer = b'{"request_id": "7b1e", "status": "QUEUED", "metrics": {"cost": 0.30}, "error": "prompt: 7 is no text"}'
    headers = {"content-type": "application/json", "x-cost": "0.3", "x-rate-limit-reset-at-utc": "2026-01-01T00:00:00Z"}
    one = evolve(exchange("POST", "/v2/ltx-2-pro", 200), request_body=sent, body=answer, headers=headers)
    recording = Recording(BASE, (one,))
    assert Redactor.of(Keys(), recording).recording(recording) == recording
