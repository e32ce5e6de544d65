"""Read the key and the base URL, and refuse invalid ones."""

from __future__ import annotations

import copy
import pickle

import pytest

from segmind_ltx import AsyncClient, Client, ConfigurationError
from segmind_ltx._config import DEFAULT_BASE_URL, Secret, read_api_key, read_base_url


@pytest.mark.parametrize("given", ["SG_1", "  SG_1\n", "\tSG_1"])
def test_api_key_stripped(given: str) -> None:
    """White space around a key is removed."""
    assert read_api_key(given).reveal() == "SG_1"


def test_argument_before_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument wins over the environment."""
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_env\n")
    monkeypatch.setenv("SEGMIND_BASE_URL", "https://env.test/v1")
    assert (read_api_key(None).reveal(), read_api_key("SG_arg").reveal()) == ("SG_env", "SG_arg")
    assert (read_base_url(None), read_base_url("https://arg.test")) == ("https://env.test", "https://arg.test")


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings the base URL is the live service, and the key is missing."""
    monkeypatch.setenv("SEGMIND_BASE_URL", "")
    assert read_base_url(None) == DEFAULT_BASE_URL == "https://api.segmind.com"
    with pytest.raises(ConfigurationError, match="SEGMIND_API_KEY"):
        read_api_key(None)


def test_empty_api_key_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty argument is an error even if the environment has a key."""
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_env")
    with pytest.raises(ConfigurationError):
        read_api_key("")


@pytest.mark.parametrize("key", ["", "  ", "SG_1\nX: y", "SG_1 2", "SG_ü", "SG_\x00", "SG_\x7f", "\ud800", "SG_1\r\n2"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_invalid_api_key(kind: type[Client | AsyncClient], key: str) -> None:
    """A key that no header can carry is refused, and not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        kind(key)
    assert key.strip() == "" or key not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://a.test", "https://a.test"),
        ("https://a.test/", "https://a.test"),
        ("https://a.test/v1", "https://a.test"),
        ("https://a.test/v2/", "https://a.test"),
        ("http://127.0.0.1:8900", "http://127.0.0.1:8900"),
        ("http://[::1]:8900/v1", "http://[::1]:8900"),
        ("HTTPS://A.test", "https://a.test"),
        ("https://a.test:443/V1", "https://a.test/V1"),
        ("http://LOCALHOST:80/v1", "http://localhost"),
        ("https://a.test:80", "https://a.test:80"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://a.test/proxy/v1", "https://a.test/proxy"),
        ("https://a.test/v10", "https://a.test/v10"),
        (" https://a.test\n", "https://a.test"),
    ],
)
def test_base_url_normalized(given: str, used: str) -> None:
    """A base URL loses its trailing slash, version and default port."""
    assert read_base_url(given) == used


BAD = """a.test //a.test ftp://a.test file:///etc https:///v1 https://a.test:99999 https://a.test:0
https://a.test:x https://u:p@a.test https://u@a.test https://a.test?x=1 https://a.test#x http://[bad javascript:1"""


@pytest.mark.parametrize(
    "url", [*BAD.split(), "https://a b.test", "https://a\nb.test", "https://a.test/\x7f", "\ud800"]
)
def test_invalid_base_url(url: str) -> None:
    """An invalid base URL is refused, and not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        read_base_url(url)
    assert url not in str(caught.value)
    assert DEFAULT_BASE_URL in str(caught.value)


def test_secret_never_shown() -> None:
    """A secret never shows its value and cannot be copied or pickled."""
    secret = Secret("SG_hidden")
    assert "hidden" not in f"{secret!r} {secret!s} {secret}" + repr([secret]) + repr(dir(secret))
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            way(secret)


def test_client_context_and_repr() -> None:
    """A client is its own context manager, and its repr shows the base URL alone."""
    client = Client("SG_1", max_retries=0)
    with client as same:
        assert same is client
    assert repr(client) == f"Client(base_url={DEFAULT_BASE_URL!r})"
