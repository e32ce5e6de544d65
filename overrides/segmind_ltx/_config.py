"""What a client is made with: the key, the base URL and the options, each checked."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from typing import Final, NamedTuple, cast
from urllib.parse import urlsplit

from segmind_ltx._clock import Clock, SystemClock
from segmind_ltx._core.effects import AnyLogger
from segmind_ltx.errors import ConfigurationError

DEFAULT_TIMEOUT: Final = 900.0
"""Seconds for which a job is waited for: several times what the slowest model usually takes."""
DEFAULT_MAX_RETRIES: Final = 4

MAX_TIMEOUT: Final = 100_000

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE: Final = re.compile(r"([\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?)?")

log: logging.Logger = logging.getLogger("segmind_ltx")


def check_options(
    base_url: str,
    key: Secret,
    *,
    headers: Mapping[str, str] | None,
    timeout: float | None,
    max_retries: int,
    max_submit_retries: int | None,
    clock: Clock | None,
    logger: AnyLogger | None,
) -> ClientOptions:
    """The arguments, checked. Raises `ConfigurationError`."""
    counts: dict[str, object] = {
        "retries": max_retries,
        "max_submit_retries": max_retries if max_submit_retries is None else max_submit_retries,
    }
    for name, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise ConfigurationError(f"{name}={count!r} is not a number of times; use 0 or more")
    timed = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is not None and not (timed and 0 < timeout <= MAX_TIMEOUT):
        raise ConfigurationError(f"timeout={timeout!r} is not a time; use more than 0 and up to {MAX_TIMEOUT} s")
    problem = _header_problem(headers)
    if problem:
        del headers  # A traceback that shows local variables would show what they hold.
        raise ConfigurationError(problem)
    return ClientOptions(
        base_url=base_url,
        key=key,
        headers=dict(headers or {}),
        max_retries=max_retries,
        max_submit_retries=max_retries if max_submit_retries is None else max_submit_retries,
        read_timeout=None if timeout is None else float(timeout),
        clock=clock or SystemClock(),
        log=logger or log,
    )


def _header_problem(headers: object) -> str | None:
    """What is wrong with them, if something is. Values are not quoted, nor names that are none."""
    if headers is None:
        return None
    if not isinstance(headers, Mapping):
        return f"headers is {type(headers).__name__}, but must be a mapping"
    for name, value in cast("Mapping[object, object]", headers).items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            return "headers has a name that is none"
        if name.lower() == "x-api-key":
            return "headers has x-api-key in it; pass api_key= instead"
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            return f"headers has a value for {name} that no header can carry; use a str of ASCII in one line"
    return None


class ClientOptions(NamedTuple):
    """What a client was made with, checked."""

    base_url: str
    key: Secret
    headers: Mapping[str, str]
    max_retries: int
    max_submit_retries: int
    read_timeout: float | None
    clock: Clock
    log: AnyLogger


DEFAULT_BASE_URL: Final = "https://api.segmind.com"


class Secret:
    """A string that shows itself to nobody: not in repr, str, tracebacks with locals, or pickles."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string itself. Call it where it is used, and keep no name bound to what it gives."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> str:
        raise TypeError("an API key is not pickled; make a new client in the other process")


def read_api_key(given: str | None) -> Secret:
    """The key from ``given`` or SEGMIND_API_KEY. Raises `ConfigurationError`, which never quotes it."""
    kind = type(given).__name__
    if not isinstance(given, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        del given
        raise ConfigurationError(f"api_key is {kind}, but must be a str")
    key = Secret((given if given is not None else os.environ.get("SEGMIND_API_KEY", "")).strip())
    del given  # A traceback that shows local variables would show it.
    if not key.reveal():
        raise ConfigurationError("no API key: pass api_key= or set SEGMIND_API_KEY")
    if not re.fullmatch(r"[\x21-\x7e]+", key.reveal()):
        raise ConfigurationError("the API key has characters that no header can carry; is something else in it?")
    return key


def read_base_url(given: str | None) -> str:
    """The API's origin from ``given`` or SEGMIND_BASE_URL, without a slash at its end.

    The vendor's own SDK wants ``…/v1`` there, so a trailing version is taken off.
    """
    kind = type(given).__name__
    if not isinstance(given, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        del given
        raise ConfigurationError(f"base_url is {kind}, but must be a str")
    url = (given if given is not None else os.environ.get("SEGMIND_BASE_URL") or DEFAULT_BASE_URL).strip()
    del given
    problem = _url_problem(url)
    if problem:
        # Not quoted: it may hold a password, or be the key where the two were mixed up.
        del url
        raise ConfigurationError(f"the base URL {problem}; use one such as {DEFAULT_BASE_URL}")
    if url.lower().startswith("http:") and urlsplit(url).hostname not in {"localhost", "127.0.0.1", "::1"}:
        log.warning("the base URL is http://, so the API key is sent in clear; use https://")
    return re.sub(r"/v[12]$", "", _normalize(url).rstrip("/"))


def _normalize(url: str) -> str:
    """One way to write an address: two spellings of it are one service, for a ledger say."""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, {"http": 80, "https": 443}[scheme]} else f":{parts.port}"
    return f"{scheme}://{host}{port}{parts.path}"


def _url_problem(url: str) -> str | None:
    if not re.fullmatch(r"https?://\S+", url, re.IGNORECASE) or not url.isprintable():
        return "does not begin with http:// or https://, or has characters that no URL can have"
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound, parts = False, urlsplit("")
    if not sound:
        return "has no host, or a port that is none"
    if parts.username or parts.password:
        return "has a user or a password in it"
    return "has a query or a fragment" if parts.query or parts.fragment else None
