"""Describe failed calls in plain words, without the API key, and decide whether anything was sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import httpx

from segmind_ltx._config import Secret
from segmind_ltx._core.effects import Call, NoResponse

KNOWN_ERRORS: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
"""The exceptions of httpx, and of the sockets below it, for a call that fails."""

NOT_SENT_ERRORS: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
"""The exceptions of httpx's own transports that prove that nothing was sent (HTTP/1)."""

NOT_SENT_CAUSES: Final = frozenset(
    {
        "httpcore.ConnectError",
        "httpcore.ConnectTimeout",
        "httpcore.PoolTimeout",
        "httpcore.UnsupportedProtocol",
        "h11.LocalProtocolError",
        "aiohttp.ClientConnectorError",
        "aiohttp.ConnectionTimeoutError",
        "aiohttp.InvalidURL",
    }
)
"""Exceptions, by package and class, that prove that nothing was sent, wherever they are in an exception's chain."""

MAYBE_SENT_ERRORS: Final = frozenset(
    f"{package}.{name}"
    for package in ("httpx", "httpcore")
    for name in ("ReadError", "ReadTimeout", "WriteError", "WriteTimeout", "CloseError", "RemoteProtocolError")
)
"""If one of these is in the chain, the request may have been sent, whatever the rest of the chain says."""


_SAFE_MODULES: Final = frozenset({"builtins", "httpx", "socket", "ssl"})
"""The messages of their exceptions contain no header."""
MIN_KEY_LENGTH: Final = 8
"""Shorter keys are not redacted: no real key is that short, and redacting it could damage a job's id."""


def describe_failure(error: Exception, key: Secret, *, uses_httpx_transport: bool) -> NoResponse:
    """Return a failure as plain words: no traceback, no request, no key.

    If only httpx's own transports are in use, their exception proves whether the request was sent. Another transport
    may report a failure to connect after it has sent the request, so there the cause has to prove it. If the exception
    is not built in, httpx's, or of the modules ssl and socket, only its name is used: aiohttp's messages contain the
    headers.
    """
    name = type(error).__name__
    # Other exceptions may contain anything, and str() of aiohttp's may even raise.
    safe = isinstance(error, KNOWN_ERRORS) and type(error).__module__.partition(".")[0] in _SAFE_MODULES
    words = redact(str(error).strip(), key) if safe else ""
    sent = not isinstance(error, NOT_SENT_ERRORS) if uses_httpx_transport else not _proves_not_sent(error)
    return NoResponse(f"{name}: {words}" if words not in {"", name} else name, sent=sent)


def redact(text: str, key: Secret) -> str:
    """Return a text without the key, also without its repr."""
    secret = key.reveal()
    if len(secret) < MIN_KEY_LENGTH:
        return text
    return text.replace(secret, "[api key]").replace(repr(secret)[1:-1], "[api key]")


def deadline_words(call: Call) -> str:
    """Return the words for a call whose deadline passed."""
    return f"no complete response within {call.limit:.1f} s"


def _proves_not_sent(error: Exception) -> bool:
    """Whether an exception, with its causes, proves that nothing was sent."""
    kinds = {kind for link in _chain(error) for kind in _kinds(link)}
    return not kinds.isdisjoint(NOT_SENT_CAUSES) and kinds.isdisjoint(MAYBE_SENT_ERRORS)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, and everything that led to it."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            todo += [link.__cause__, link.__context__]
            yield link


def _kinds(error: BaseException) -> set[str]:
    """Return the classes of an exception, each with its package."""
    return {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
