"""Remove secrets from everything that is written: the target's keys, and whatever is not known to be harmless.

A header, a query parameter or a field of a body is shown if its name is on a list: the contract's own names, and those
of plain HTTP. Any other value is replaced by ``[masked 1]``, with a number for each different value, so that what was
equal stays equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from attrs import evolve, field, frozen

from segmind_ltx_conformance.masking import (
    NAMED_IN_TEXT,
    SECRET_NAME,
    SHAPES,
    looks_like_json,
    mask_json,
    names_in,
    replace_secrets,
)
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.target import Keys
from segmind_ltx_spec import load


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEY_HEADER: Final = "x-api-key"
MIN_SECRET_LENGTH: Final = 8
"""Characters. An unknown secret that is shorter is only removed from where it stands."""
LABEL: Final = re.compile(r"\[(\w+) key\]")
"""The replacement of a key."""
HARMLESS_HEADERS: Final = _words(
    """
    accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-headers
    access-control-allow-methods access-control-allow-origin access-control-expose-headers access-control-max-age age
    allow alt-svc cache-control connection content-disposition content-encoding content-language content-length
    content-range content-security-policy content-type date etag expires host if-match if-modified-since if-none-match
    if-range keep-alive last-modified location origin pragma range referer referrer-policy retry-after server
    strict-transport-security te trailer transfer-encoding upgrade user-agent vary via warning
    x-content-type-options x-frame-options
    """
)
"""Headers of plain HTTP that carry no secret. The contract's own come on top."""
HARMLESS_PARAMETERS: Final = frozenset({"expires", "x-amz-algorithm", "x-amz-date", "x-amz-expires", "format", "v"})
HARMLESS_FIELDS: Final = _words(
    """
    code detail details errors id kind loc message model msg name path reason status_text title type
    """
)
"""Fields of bodies that carry no secret. The contract's own come on top."""
_URL: Final = re.compile(r"(?i)\b(?:https?|wss?|ftp)://[^\s\"'<>\\]+")
_FORM: Final = re.compile(r"[\w.%+\[\]-]+=[^&\s]*(?:&[\w.%+\[\]-]+=[^&\s]*)*")
_USER: Final = re.compile(r"(?<=://)[^/?#@\s]+@")
_SCHEME: Final = re.compile(r"(?i)(bearer|basic|digest|token)\s+(.*)", re.DOTALL)


@lru_cache(maxsize=1)
def _of_the_contract() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of fields and of headers in the contract."""
    document = load().document
    headers = {
        name.lower()
        for response in document["components"]["responses"].values()
        for name in response.get("headers", {})
    }
    return frozenset(names_in(document["components"]["schemas"])), frozenset(headers)


@frozen
class Redactor:
    """Replaces secrets in texts. Its repr shows none of them."""

    _labels: Mapping[str, str] = field(repr=False)
    _numbers: dict[str, int] = field(factory=dict[str, int], repr=False, eq=False)

    @classmethod
    def of(cls, keys: Keys, recording: Recording | None = None) -> Redactor:
        """Make a redactor for a target's keys, and for everything in a recording that is named as a secret."""
        labels = {keys[scenario]: f"[{scenario} key]" for scenario in keys}
        for secret in _secrets_in(recording) if recording else ():
            if len(secret) >= MIN_SECRET_LENGTH and not LABEL.fullmatch(secret):
                labels.setdefault(secret, "[unknown key]")
        return cls(labels)

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        text = replace_secrets(text, self._labels)
        text = _URL.sub(lambda match: self._url(match[0]), text)
        text = NAMED_IN_TEXT.sub(lambda match: match["name"] + match["mark"] + self._masked(match["value"]), text)
        return SHAPES.sub(lambda match: self._masked(match[0]), text)

    def recording(self, recording: Recording) -> Recording:
        """Return the recording without secrets."""
        return evolve(
            recording,
            base_url=self._url(replace_secrets(recording.base_url, self._labels)),
            exchanges=tuple(self._exchange(exchange) for exchange in recording.exchanges),
            skips=tuple(evolve(skip, reason=self(skip.reason)) for skip in recording.skips),
            unread=tuple(self(words) for words in recording.unread),
        )

    def _exchange(self, exchange: Exchange) -> Exchange:
        sent = exchange.request_body
        return evolve(
            exchange,
            url=self._url(replace_secrets(exchange.url, self._labels)),
            request_headers=self._headers(exchange.request_headers, f"[{exchange.key or 'unknown'} key]"),
            request_body=None if sent is None else self._body(sent),
            headers=self._headers(exchange.headers),
            body=self._bytes(exchange.body),
            media=None if exchange.media is None else json.loads(self(json.dumps(dict(exchange.media)))),
            fault=None if exchange.fault is None else self(exchange.fault),
            probe=None if exchange.probe is None else self(exchange.probe),
        )

    def _headers(self, headers: Mapping[str, str], label: str = "[unknown key]") -> dict[str, str]:
        return {self(name): self._header(name, value, label) for name, value in headers.items()}

    def _header(self, name: str, value: str, label: str) -> str:
        value = replace_secrets(value, self._labels)
        if name in HARMLESS_HEADERS or name in _of_the_contract()[1]:
            return self(value)
        scheme = _SCHEME.fullmatch(value)
        start, secret = (f"{scheme[1]} ", scheme[2]) if scheme else ("", value)
        if not secret or LABEL.fullmatch(secret):
            return value
        return start + (label if name == KEY_HEADER else self._masked(secret))

    def _url(self, url: str) -> str:
        """Return a URL without its user, and with unknown parameters masked."""
        head, mark, fragment = _USER.sub("masked@", url).partition("#")
        path, question, query = head.partition("?")
        if SHAPES.search(path):
            path = SHAPES.sub(lambda match: self._masked(match[0]), path)
        return (
            path + question + self._form(query, HARMLESS_PARAMETERS) + mark + (self._masked(fragment) if mark else "")
        )

    def _form(self, text: str, harmless: frozenset[str]) -> str:
        """Return form-encoded text with the values of all names masked that are not known to be harmless."""
        parts: list[str] = []
        for part in text.split("&") if text else ():
            name, mark, value = part.partition("=")
            shown = not value or unquote_plus(name).lower() in harmless or LABEL.fullmatch(unquote_plus(value))
            parts.append(part if shown else name + mark + self._masked(value))
        return "&".join(parts)

    def _body(self, text: str) -> str:
        text = replace_secrets(text, self._labels)
        if looks_like_json(text):
            return mask_json(text, self._field)
        return self._form(text, _of_the_contract()[0]) if _FORM.fullmatch(text) else self(text)

    def _field(self, name: str | None, value: str) -> str:
        """Return a value of a body as it may be shown under its name. A URL stays one, since it may be the video's."""
        known = name is None or name in HARMLESS_FIELDS or name in _of_the_contract()[0]
        if known or _URL.fullmatch(value):
            return self(value)
        return value if not value or LABEL.fullmatch(value) else self._masked(value)

    def _bytes(self, body: bytes) -> bytes:
        # One character for each byte, so that bytes that are no text stay as they are. Keys are ASCII.
        encoding = "utf-8" if _is_utf8(body) else "latin-1"
        text = body.decode(encoding)
        masked = self._body(text)
        return body if masked == text else masked.encode(encoding, "backslashreplace")

    def _masked(self, value: str) -> str:
        if re.fullmatch(r"\[[\w ]+\]", value):
            return value
        return f"[masked {self._numbers.setdefault(value, len(self._numbers) + 1)}]"


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _secrets_in(recording: Recording) -> Iterator[str]:
    """Yield the values that are named as secrets: they may be echoed elsewhere."""
    for exchange in recording.exchanges:
        for headers in (exchange.request_headers, exchange.headers):
            for name, value in headers.items():
                if SECRET_NAME.search(name) and name not in HARMLESS_HEADERS:
                    scheme = _SCHEME.fullmatch(value)
                    # The name and the attributes of a cookie are not secret.
                    parts = [scheme[2]] if scheme else re.split(r";\s*", value) if "cookie" in name else [value]
                    yield from (part.partition("=")[2] if "cookie" in name else part for part in parts)
        for part in _query(exchange.url).split("&"):
            name, _, value = part.partition("=")
            if SECRET_NAME.search(name) and value:
                yield unquote_plus(value)


def _query(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:
        return ""
