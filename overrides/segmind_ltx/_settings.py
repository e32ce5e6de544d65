"""Where the API is and who calls it: arguments first, then the environment."""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import urlsplit

from segmind_ltx.errors import ConfigurationError

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


def api_key(given: str | None) -> Secret:
    """The key from ``given`` or SEGMIND_API_KEY. Raises `ConfigurationError`, which never quotes it."""
    key = (given if given is not None else os.environ.get("SEGMIND_API_KEY", "")).strip()
    if not key:
        raise ConfigurationError("no API key: pass api_key= or set SEGMIND_API_KEY")
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ConfigurationError("the API key has characters that no header can carry; is something else in it?")
    return Secret(key)


def base_url(given: str | None) -> str:
    """The API's origin from ``given`` or SEGMIND_BASE_URL, without a slash at its end.

    The vendor's own SDK wants ``…/v1`` there, so a trailing version is taken off.
    """
    url = (given if given is not None else os.environ.get("SEGMIND_BASE_URL") or DEFAULT_BASE_URL).strip()
    try:
        parts = urlsplit(url)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        raise ConfigurationError(f"{url!r} is not a URL; use one such as {DEFAULT_BASE_URL}") from None
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain or not port_is_sound:
        raise ConfigurationError(f"{url!r} is not the base URL of an API; use one such as {DEFAULT_BASE_URL}")
    return re.sub(r"/v[12]$", "", url.rstrip("/"))
