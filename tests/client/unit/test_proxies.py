"""Proxies of the environment: which address goes through which, and which values are refused."""

from __future__ import annotations

import httpx
import pytest

from segmind_ltx import AsyncClient, Client, ConfigurationError
from segmind_ltx._config import is_loopback
from segmind_ltx._http.proxies import EnvironmentProxies

KEY = "SG_0123456789abcdef"
PROXY = "http://proxy.test:3128"


def chosen(url: str) -> str | None:
    return EnvironmentProxies.read().for_url(httpx.URL(url))


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://api.segmind.com/v2", "http://secure.test:1"),
        ("http://api.segmind.com/v2", PROXY),
        ("http://localhost:8000", None),
        ("http://127.0.0.1:8000", None),
        ("http://[::1]:8000", None),
        ("http://app.localhost", None),
    ],
)
def test_proxy_by_scheme_and_never_for_loopback(url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for this machine's own server does not leave it through a proxy."""
    monkeypatch.setenv("HTTPS_PROXY", "http://secure.test:1")
    monkeypatch.setenv("ALL_PROXY", "proxy.test:3128")
    assert chosen(url) == proxy


@pytest.mark.parametrize(
    ("entry", "url", "direct"),
    [
        ("*", "https://a.test", True),
        ("a.test", "https://a.test", True),
        ("a.test", "https://b.a.test", True),
        ("a.test", "https://ba.test", False),
        (".a.test", "https://b.a.test", True),
        (".a.test", "https://a.test", False),
        ("*.a.test", "https://b.a.test", True),
        ("a.test:8443", "https://a.test:8443", True),
        ("a.test:8443", "https://a.test", False),
        ("[2001:db8::1]", "https://[2001:db8::1]", True),
        ("2001:db8::1", "https://[2001:db8::1]", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("http://a.test", "https://a.test", False),
        ("x, A.TEST ,", "https://a.test", True),
    ],
)
def test_no_proxy_forms(entry: str, url: str, direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY takes domains, addresses, networks and ports."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", entry)
    assert (chosen(url) is None) == direct


BAD = [
    "socks://proxy.test:1080",
    "http://proxy.test:99999",
    "http://proxy.test:x",
    "http://",
    "gopher://a",
    "http://[::1",
]


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_proxy_that_cannot_be_used(kind: type, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that httpx cannot use is an error of the client's own, and names the variable."""
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(ConfigurationError, match="ALL_PROXY"):
        kind(KEY)
    kind(KEY, "http://localhost:8000")


def test_socks_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing package is named."""

    def missing(**_: object) -> None:
        raise ImportError("Using SOCKS proxy, but the 'socksio' package is not installed.")

    monkeypatch.setattr(httpx, "HTTPTransport", missing)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:hunter2@proxy.test:1080")
    with pytest.raises(ConfigurationError, match=r"httpx\[socks\]") as caught:
        Client(KEY)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("value", ["[::1]", "::1", "http://", "[", "a:b:c", "300.1.1.1/99"])
def test_odd_no_proxy_is_no_error(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever NO_PROXY says, a client can be made."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", value)
    Client(KEY)
    assert chosen("https://api.segmind.com") == PROXY


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_loopback_names(host: str) -> None:
    """Every name of this machine is known."""
    assert is_loopback(host)
    assert not is_loopback(f"{host.strip('[].')}.example.com")
