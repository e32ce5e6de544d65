"""Take in an answer piece by piece, and say what is left of one that broke off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import httpx

from segmind_ltx._config import Secret
from segmind_ltx._core.effects import Call, NoResponse

KNOWN_ERRORS: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
"""What httpx and the socket below it raise where a call goes wrong."""

NOT_SENT_ERRORS: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
"""The faults of httpx's transports after which it is certain that nothing was sent (HTTP/1)."""

NO_CONNECTION_CAUSES: Final = frozenset(
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
"""What proves the same where it is the cause of a fault, by the package and the class."""

SENT_ERRORS: Final = frozenset(
    f"{package}.{name}"
    for package in ("httpx", "httpcore")
    for name in ("ReadError", "ReadTimeout", "WriteError", "WriteTimeout", "CloseError", "RemoteProtocolError")
)
"""What says that there was a connection, whatever came after it."""


MIN_KEY_LENGTH: Final = 8
"""A key of fewer characters is left in answers: it is nobody's real one, and taking it out could maul a job's id."""


def describe_failure(error: Exception, key: Secret, *, uses_httpx_transport: bool) -> NoResponse:
    """A fault as plain words, with no traceback, no request and no key in them.

    ``own`` is for a line that is made of httpx's own transports: its word is taken on whether anything was sent. What
    another transport calls a failure to connect may have come after the request, so there it takes a cause to prove it.
    What is not httpx's or Python's (aiohttp's errors hold the headers) says no more than its name.
    """
    name = type(error).__name__
    # Others may say anything, and aiohttp's may even fail to.
    plain = isinstance(error, KNOWN_ERRORS) and type(error).__module__.partition(".")[0] in {"builtins", "httpx", "ssl"}
    words = redact(str(error).strip(), key) if plain else ""
    sent = not isinstance(error, NOT_SENT_ERRORS) if uses_httpx_transport else not _proves_not_sent(error)
    return NoResponse(f"{name}: {words}" if words not in {"", name} else name, sent=sent)


def redact(text: str, key: Secret) -> str:
    """A text without the key in it, as it is and as a repr shows it."""
    secret = key.reveal()
    if len(secret) < MIN_KEY_LENGTH:
        return text
    return text.replace(secret, "[api key]").replace(repr(secret)[1:-1], "[api key]")


def deadline_exceeded(call: Call) -> NoResponse:
    """A call that did not come to its end in time."""
    return NoResponse(f"it was not answered in full within {call.deadline:.1f} s", sent=True)


def _proves_not_sent(error: Exception) -> bool:
    """Whether what led to a fault proves that nothing was sent."""
    kinds = {kind for link in _chain(error) for kind in _kinds(link)}
    return not kinds.isdisjoint(NO_CONNECTION_CAUSES) and kinds.isdisjoint(SENT_ERRORS)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception, and all that led to it."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            todo += [link.__cause__, link.__context__]
            yield link


def _kinds(error: BaseException) -> set[str]:
    """The classes of an exception, each with the package that it is from."""
    return {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
