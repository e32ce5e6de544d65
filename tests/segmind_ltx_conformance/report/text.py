"""Text from a target, made fit to be shown; and the request that repeats an exchange."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from segmind_ltx_conformance.recording import Exchange
from segmind_ltx_conformance.report.redact import LABEL
from segmind_ltx_conformance.target import KEY_VARIABLE, SCENARIOS

# Control characters drive terminals and are not allowed in XML; directional marks turn what follows around.
_UNSHOWN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_ENCODED: Final = re.compile(r"%5B(\w+)(?:%20|\+)key%5D", re.IGNORECASE)
_IDLE: Final = frozenset({"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"})
"""Headers that curl sends by itself, or that have nothing to do with the answer."""


def plain(text: str) -> str:
    """The text with everything visible that would otherwise act instead of being read."""
    return _UNSHOWN.sub(
        lambda match: f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}", text
    )


def line(text: str, longest: int = 300) -> str:
    """The same on one line, and cut where it is long."""
    text = " ".join(plain(text).split())
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def request_line(one: Exchange) -> str:
    """What was sent, in one line."""
    return line(f"{one.method} {one.url} {one.request_body or ''}".strip())


def response_line(one: Exchange) -> str:
    """What came back, in one line."""
    if not one.status:
        return line(f"no answer: {one.fault or 'the connection ended'}")
    if one.media:
        return line(f"{one.status}, {' '.join(f'{name}={value}' for name, value in one.media.items())}")
    return (
        line(f"{one.status} {one.body.decode('utf-8', 'replace')}") if one.body else f"{one.status}, {one.size} bytes"
    )


def variable(scenario: str) -> str:
    """The environment variable that a scenario's key is expected in."""
    known = scenario in SCENARIOS and scenario != "valid"
    return f"{KEY_VARIABLE}{scenario.upper()}" if known else "SEGMIND_API_KEY"


def curl(one: Exchange, base_url: str) -> str:
    """One line for a shell that repeats the request; keys are variables."""
    # To another host no key is sent, whatever address the target gave.
    ours = _origin(one.url) == _origin(base_url)
    words = ["curl", "-sS", "-i"]
    if one.method != "GET":
        words += ["-X", shlex.quote(one.method)]
    words += [_quoted(_ENCODED.sub(r"[\1 key]", one.url), ours)]
    for name, value in one.request_headers.items():
        if name not in _IDLE:
            words += ["-H", _quoted(f"{name}: {value}", ours)]
    if "x-api-key" not in one.request_headers and one.key in SCENARIOS and "authorization" not in one.request_headers:
        words += ["-H", _quoted(f"x-api-key: [{one.key} key]", ours)] if ours and "key%5D" not in one.url else []
    if one.request_body is not None:
        words += ["--data-raw", shlex.quote(one.request_body)]
    return " ".join(words)


def _quoted(text: str, keys_too: bool) -> str:
    if not keys_too:
        return shlex.quote(text)
    parts: list[str] = []
    end = 0
    for match in LABEL.finditer(text):
        if match[1] == "wrong":
            continue
        parts += [shlex.quote(text[end : match.start()])] * (match.start() > end) + [f'"${variable(match[1])}"']
        end = match.end()
    return "".join(parts) + (shlex.quote(text[end:]) if end < len(text) else "")


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.scheme, parts.netloc


def listed(names: Iterable[str], most: int = 4) -> str:
    """Names in a sentence, the first few of many."""
    every = list(dict.fromkeys(names))
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
