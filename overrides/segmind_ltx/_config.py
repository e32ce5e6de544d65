"""Read and check a client's configuration: the API key, the base URL and the options."""

from __future__ import annotations

import _thread
import hashlib
import ipaddress
import logging
import operator
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from numbers import Integral, Real
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

from segmind_ltx._clock import Clock, SystemClock
from segmind_ltx._core.effects import AnyLogger
from segmind_ltx.errors import ConfigurationError

DEFAULT_TIMEOUT: Final = 900.0
"""Seconds to wait for a job by default: several times the usual duration of the slowest model."""
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
    resend_on: Iterable[int],
    clock: Clock | None,
    logger: AnyLogger | None,
) -> ClientOptions:
    """Check a client's options. Raises `ConfigurationError` if one is invalid."""
    _refuse_subinterpreter()
    retries = _count("max_retries", max_retries)
    timed = isinstance(timeout, int | float | Real) and not isinstance(timeout, bool)
    if timeout is not None and not (timed and 0 < timeout <= MAX_TIMEOUT):
        raise ConfigurationError(
            f"timeout={timeout!r} must be a number of seconds: more than 0, at most {MAX_TIMEOUT} s"
        )
    problem = _header_problem(headers)
    if problem:
        del headers  # A traceback that shows local variables would show their values.
        raise ConfigurationError(problem)
    return ClientOptions(
        base_url=base_url,
        key=key,
        headers=dict(headers or {}),
        max_retries=retries,
        max_submit_retries=(
            retries if max_submit_retries is None else _count("max_submit_retries", max_submit_retries)
        ),
        resend_on=_statuses(resend_on),
        read_timeout=None if timeout is None else float(timeout),
        clock=clock or SystemClock(),
        log=SafeLogger(logger or log),
    )


def _refuse_subinterpreter() -> None:
    """Raise `ConfigurationError` in an interpreter that allows no daemon threads, which the client needs."""
    if not getattr(_thread, "daemon_threads_allowed", bool_true)():
        raise ConfigurationError(
            "this client cannot be used in a subinterpreter, which allows no daemon threads; use threads or processes"
        )


def bool_true() -> bool:
    """Return True; Python 3.11 has no interpreters without daemon threads."""
    return True


def _count(name: str, value: object) -> int:
    if isinstance(value, int | Integral) and not isinstance(value, bool):
        count = operator.index(value)
        if count >= 0:
            return count
    raise ConfigurationError(f"{name}={value!r} must be a whole number, 0 or more")


def _statuses(given: object) -> frozenset[int]:
    statuses = tuple(cast("Iterable[object]", given)) if isinstance(given, Iterable) else (given,)
    if all(isinstance(status, int) and 500 <= status <= 599 for status in statuses):
        return frozenset(cast("tuple[int, ...]", statuses))
    raise ConfigurationError(f"resend_on={given!r} must be a collection of server errors, such as {{500, 503}}")


def _header_problem(headers: object) -> str | None:
    """Return the problem with ``headers``, or None. Quotes no value, and no invalid name: it may hold a secret."""
    if headers is None:
        return None
    if not isinstance(headers, Mapping):
        return f"headers is {type(headers).__name__}, but must be a mapping"
    for name, value in cast("Mapping[object, object]", headers).items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            return "headers has a name that is not an HTTP header name"
        if name.lower() == "x-api-key":
            return "headers has x-api-key in it; pass api_key= instead"
        if name.lower() in {"content-length", "transfer-encoding"}:
            return f"headers has {name} in it, which depends on the body of each request; leave it out"
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            return f"headers has a value for {name} that no HTTP header can carry; use a str of ASCII on one line"
    return None


class SafeLogger(logging.LoggerAdapter[Any]):
    """Passes records on to the user's logger. If that raises an exception, a paid call must not suffer from it."""

    def __init__(self, logger: AnyLogger) -> None:
        super().__init__(cast("Any", logger), {})

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a record, as seen from the caller of `info` or `warning`."""
        with suppress(Exception):
            self.logger.log(level, msg, *args, stacklevel=3, **kwargs)


class ClientOptions(NamedTuple):
    """The checked options of a client. ``read_timeout`` is in seconds, None if the caller set no timeout."""

    base_url: str
    key: Secret
    headers: Mapping[str, str]
    max_retries: int
    max_submit_retries: int
    resend_on: frozenset[int]
    read_timeout: float | None
    clock: Clock
    log: AnyLogger


# contract: #/servers/0/url
DEFAULT_BASE_URL: Final = "https://api.segmind.com"


class Secret:
    """A string that never shows its value: not in repr, str, pickles, or tracebacks with local variables."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string itself. Call it only at the point of use, and bind the result to no name."""
        return self._value

    def fingerprint(self, salt: str) -> str:
        """Return a slow, salted hash, by which a ledger recognizes the account without knowing the key."""
        return hashlib.scrypt(self._value.encode(), salt=salt.encode(), n=2**14, r=8, p=1, dklen=16).hex()

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> str:
        raise TypeError("an API key is not pickled; make a new client in the other process")


def read_api_key(given: str | None) -> Secret:
    """Return the API key from ``given`` or SEGMIND_API_KEY.

    Raises `ConfigurationError`, which never quotes the key, if it is missing or cannot be sent as a header.
    """
    kind = type(given).__name__
    if not isinstance(given, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        del given
        raise ConfigurationError(f"api_key is {kind}, but must be a str")
    key = Secret((given if given is not None else os.environ.get("SEGMIND_API_KEY", "")).strip())
    del given  # A traceback that shows local variables would show it.
    if not key.reveal():
        raise ConfigurationError(
            "no API key: set SEGMIND_API_KEY to one of your Segmind account (in a program, or pass api_key=); "
            "`segmind-ltx demo` needs none"
        )
    if not re.fullmatch(r"[\x21-\x7e]+", key.reveal()):
        raise ConfigurationError("the API key has characters that no HTTP header can carry; copy it once more")
    return key


def read_base_url(given: str | None) -> str:
    """Return the API's origin from ``given`` or SEGMIND_BASE_URL, without a trailing slash or version.

    The vendor's SDK is configured with ``…/v1``, so a trailing ``/v1`` or ``/v2`` is removed. Raises
    `ConfigurationError`.
    """
    kind = type(given).__name__
    if not isinstance(given, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        del given
        raise ConfigurationError(f"base_url is {kind}, but must be a str")
    url = (given if given is not None else os.environ.get("SEGMIND_BASE_URL") or DEFAULT_BASE_URL).strip()
    del given
    problem = _url_problem(url)
    if problem:
        # Not quoted: it may contain a password, or be the API key if the caller mixed the two up.
        del url
        raise ConfigurationError(f"the base URL {problem}; use one such as {DEFAULT_BASE_URL}")
    if url.lower().startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
        log.warning("the base URL is http://, so the API key is sent in clear; use https://")
    return re.sub(r"/v[12]$", "", _normalize(url).rstrip("/"))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


def _normalize(url: str) -> str:
    """Return one spelling of a URL, so that a ledger sees two spellings as the same service."""
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
        return "has no host, or an invalid port"
    if parts.username or parts.password:
        return "has a user or a password in it"
    return "has a query or a fragment" if parts.query or parts.fragment else None
