"""Make text from a target safe to print, and build the command that repeats an exchange."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from segmind_ltx_conformance.recording import Exchange, Part
from segmind_ltx_conformance.report.redact import LABEL
from segmind_ltx_conformance.target import KEY_VARIABLE, SCENARIOS

# Control characters drive terminals and are not allowed in XML; directional marks reverse the text after them; some
# invisible characters hide text, and others end a line.
_UNSHOWN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\U000e0000-\U000e007f]"
)
_ENCODED: Final = re.compile(r"%5B(\w+)(?:%20|\+)key%5D", re.IGNORECASE)
_IDLE: Final = frozenset({"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"})
"""Headers that curl sends by itself, or that do not affect the response."""
_LONG_TEXT: Final = re.compile(r'"((?:[^"\\]|\\.){120,})"')
NOT_RECORDED: Final = "body not recorded"


def printable(text: str) -> str:
    """Replace every character that controls a terminal or is not allowed in XML by its escape."""
    return _UNSHOWN.sub(
        lambda match: f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}", text
    )


def one_line(text: str, longest: int = 300) -> str:
    """Return printable text on one line, cut if it is long."""
    text = " ".join(printable(text).split())
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def shell_line(command: str) -> str:
    """Return a command as printable text on one line. Its spaces stay as they are."""
    return printable(command).replace("\n", "\\n")


def shortened(body: str) -> str:
    """Return a JSON body with its long texts cut: of a prompt of 2,500 letters ten and the number tell all."""
    return _LONG_TEXT.sub(lambda match: f'"{match[1][:10]}… ({len(match[1])} characters)"', body)


def request_line(exchange: Exchange) -> str:
    """Return the request in one line."""
    body = f"({NOT_RECORDED})" if Part.REQUEST_BODY in exchange.unknown else shortened(exchange.request_body or "")
    return one_line(f"{exchange.method} {exchange.url} {body}".strip())


def response_line(exchange: Exchange) -> str:
    """Return the response in one line."""
    if not exchange.status:
        return one_line(f"no response: {exchange.fault or 'the connection closed'}")
    if exchange.media:
        return one_line(f"{exchange.status}, {' '.join(f'{name}={value}' for name, value in exchange.media.items())}")
    if Part.BODY in exchange.unknown:
        return f"{exchange.status} ({NOT_RECORDED})"
    return (
        one_line(f"{exchange.status} {exchange.body.decode('utf-8', 'replace')}")
        if exchange.body
        else f"{exchange.status}, {exchange.size} bytes"
    )


def variable(scenario: str) -> str:
    """Return the environment variable for a scenario's key."""
    known = scenario in SCENARIOS and scenario != "valid"
    return f"{KEY_VARIABLE}{scenario.upper()}" if known else "SEGMIND_API_KEY"


def curl(exchange: Exchange, base_url: str) -> str:
    """Return a shell command that repeats the request; keys are variables."""
    # The key must not go to another host, even if the target gave its URL.
    same_origin = _origin(exchange.url) == _origin(base_url)
    words = ["curl", "-sS", "-i"]
    if exchange.method != "GET":
        words += ["-X", shlex.quote(exchange.method)]
    words += [_quoted(_ENCODED.sub(r"[\1 key]", exchange.url), same_origin)]
    for name, value in exchange.request_headers.items():
        if name not in _IDLE:
            words += ["-H", _quoted(f"{name}: {value}", same_origin)]
    if (
        "x-api-key" not in exchange.request_headers
        and exchange.key in SCENARIOS
        and "authorization" not in exchange.request_headers
    ):
        words += (
            ["-H", _quoted(f"x-api-key: [{exchange.key} key]", same_origin)]
            if same_origin and "key%5D" not in exchange.url
            else []
        )
    if exchange.request_body is not None:
        words += ["--data-raw", shlex.quote(exchange.request_body)]
    return " ".join(words)


def _quoted(text: str, with_keys: bool) -> str:
    if not with_keys:
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


def join_some(names: Iterable[str], most: int = 4) -> str:
    """Join the first few names, and say how many more there are."""
    every = list(dict.fromkeys(names))
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
