"""Where the key and the host come from, and what is none."""

from __future__ import annotations

import copy
import pickle

import pytest

from segmind_ltx import AsyncClient, Client, ConfigurationError
from segmind_ltx._config import DEFAULT_BASE_URL, Secret, read_api_key, read_base_url


@pytest.mark.parametrize("given", ["SG_1", "  SG_1\n", "\tSG_1"])
def test_a_key_loses_the_space_around_it(given: str) -> None:
    assert read_api_key(given).reveal() == "SG_1"


def test_an_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_env\n")
    monkeypatch.setenv("SEGMIND_BASE_URL", "https://env.test/v1")
    assert (read_api_key(None).reveal(), read_api_key("SG_arg").reveal()) == ("SG_env", "SG_arg")
    assert (read_base_url(None), read_base_url("https://arg.test")) == ("https://env.test", "https://arg.test")


def test_without_either_it_is_the_live_service_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMIND_BASE_URL", "")
    assert read_base_url(None) == DEFAULT_BASE_URL == "https://api.segmind.com"
    with pytest.raises(ConfigurationError, match="SEGMIND_API_KEY"):
        read_api_key(None)


def test_an_empty_argument_does_not_fall_back_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_env")
    with pytest.raises(ConfigurationError):
        read_api_key("")


@pytest.mark.parametrize("key", ["", "  ", "SG_1\nX: y", "SG_1 2", "SG_ü", "SG_\x00", "SG_\x7f", "\ud800", "SG_1\r\n2"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_what_no_header_can_carry_is_no_key(kind: type[Client | AsyncClient], key: str) -> None:
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
def test_a_base_url_is_used_without_slash_and_version(given: str, used: str) -> None:
    assert read_base_url(given) == used


BAD = """a.test //a.test ftp://a.test file:///etc https:///v1 https://a.test:99999 https://a.test:0
https://a.test:x https://u:p@a.test https://u@a.test https://a.test?x=1 https://a.test#x http://[bad javascript:1"""


@pytest.mark.parametrize(
    "url", [*BAD.split(), "https://a b.test", "https://a\nb.test", "https://a.test/\x7f", "\ud800"]
)
def test_what_is_no_base_url_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_base_url(url)
    assert url not in str(caught.value)
    assert DEFAULT_BASE_URL in str(caught.value)


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("SG_hidden")
    assert "hidden" not in f"{secret!r} {secret!s} {secret}" + repr([secret]) + repr(dir(secret))
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            way(secret)


def test_the_retries_and_your_own_http_client_are_taken_as_they_are() -> None:
    client = Client("SG_1", max_retries=0)
    with client as same:
        assert same is client
    assert repr(client) == f"Client(base_url={DEFAULT_BASE_URL!r})"
