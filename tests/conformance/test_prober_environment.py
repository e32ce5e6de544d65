"""Run the suite where the environment names proxies or certificates that cannot be used."""

from __future__ import annotations

import pytest

from segmind_ltx_conformance.prober import CannotRunError, Options, probe
from segmind_ltx_conformance.target import Keys, Limits, Target
from segmind_ltx_spec import load


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks://127.0.0.1:9"),
        ("ALL_PROXY", "socks5://user:hunter2@127.0.0.1:9"),
        ("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:port"),
        ("NO_PROXY", "[::1"),
        ("SSL_CERT_FILE", "/nonexistent/certificates.pem"),
    ],
)
def test_unusable_environment_is_told(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """A proxy or a file that cannot be used ends the run before it starts, with a sentence and without passwords."""
    if variable == "NO_PROXY":
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv(variable, value)
    target = Target("https://api.example.test", Keys({"valid": "SG_0123456789abcdef"}), Limits())
    with pytest.raises(CannotRunError) as caught:
        probe(target, load(), Options(free=True))
    assert "hunter2" not in str(caught.value)
    assert variable in str(caught.value)
