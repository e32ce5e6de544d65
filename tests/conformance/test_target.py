"""Test the profile of a target, and that its keys are redacted."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from segmind_ltx_conformance.target import Keys, ProfileError, read_target, target_of

KEY = "SG_00000000deadbeef"


def test_profile_with_keys_from_the_environment(tmp_path: Path) -> None:
    """A profile is read, and environment variables override its keys."""
    path = tmp_path / "target.toml"
    path.write_text(
        'base_url = "http://127.0.0.1:8900/"\npicture = "https://example.org/a.png"\n[keys]\nvalid = "from-file"\n'
        '[clock]\nadvance = "/_control/advance"\n[limits]\nmax_jobs = 3\nmax_cost = 0.5\n'
    )
    target = read_target(path, {"SEGMIND_LTX_KEY_VALID": KEY, "SEGMIND_LTX_KEY_OTHER": "second"})
    assert (target.base_url, target.advance) == ("http://127.0.0.1:8900", "/_control/advance")
    assert (target.keys["valid"], sorted(target.keys)) == (KEY, ["other", "valid"])
    assert (target.limits.max_jobs, target.limits.max_cost, target.limits.poll_interval) == (3, 0.5, 2.0)
    assert target.picture == "https://example.org/a.png"


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({}, "base_url"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_url": "http://x", "speling": 1}, "speling"),
        ({"base_url": "http://x", "picture": "boat.png"}, "picture"),
        ({"base_url": "http://x", "keys": {"vaild": "k"}}, "vaild"),
        ({"base_url": "http://x", "keys": {"valid": "k\n"}}, "valid"),
        ({"base_url": "http://x", "keys": []}, "keys"),
        ({"base_url": "http://x", "clock": {"advance": "advance"}}, "advance"),
        ({"base_url": "http://x", "limits": {"max_jobs": 1.5}}, "max_jobs"),
        ({"base_url": "http://x", "limits": {"max_cost": -1}}, "max_cost"),
        ({"base_url": "http://x", "limits": {"max_cost": True}}, "max_cost"),
    ],
)
def test_bad_profile_names_the_fault(profile: dict[str, object], said: str) -> None:
    """The message about a bad profile names the wrong field or value."""
    with pytest.raises(ProfileError, match=said):
        target_of(profile, "target.toml", {})


@pytest.mark.parametrize("text", [f'base_url = "http://x"\n[keys]\nvalid = "{KEY}', f"valid = {KEY}"])
def test_toml_error_has_no_key(tmp_path: Path, text: str) -> None:
    """The message about a file that is not TOML does not quote its lines."""
    path = tmp_path / "target.toml"
    path.write_text(text)
    with pytest.raises(ProfileError) as refused:
        read_target(path, {})
    assert KEY not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_profile_with_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    """A profile with a byte order mark, as editors on Windows write it, is read."""
    path = tmp_path / "target.toml"
    path.write_text('base_url = "http://127.0.0.1:8900"\n', encoding=encoding)
    assert read_target(path, {}).base_url == "http://127.0.0.1:8900"


def test_missing_profile_is_named(tmp_path: Path) -> None:
    """The message about a missing profile contains its path."""
    with pytest.raises(ProfileError, match=r"nothing\.toml"):
        read_target(tmp_path / "nothing.toml", {})


def test_keys_are_redacted_in_every_form() -> None:
    """A key is redacted also if it is URL-encoded or escaped as JSON."""
    key = 'SG_a+b/c="d\\'
    keys = Keys({"valid": key, "other": "SG_a"})
    for form in (key, quote(key), quote(key, safe=""), quote_plus(key), json.dumps(key)[1:-1]):
        assert keys.redact(f"<{form}>") == "<[valid key]>"
        assert keys.redact_bytes(f"<{form}>".encode() + b"\xff") == b"<[valid key]>\xff"
    assert keys.redact("SG_a") == "[other key]"
    assert key not in repr(keys)
