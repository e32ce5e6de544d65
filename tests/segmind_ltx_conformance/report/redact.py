"""Remove keys from everything that is written: the target's own, and those in another tool's recording."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from attrs import evolve, frozen

from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.target import Keys

SECRET_HEADERS: Final = frozenset({"x-api-key", "authorization", "proxy-authorization", "cookie", "set-cookie"})
SECRET_PARAMETERS: Final = frozenset({"x-api-key", "api_key", "api-key", "apikey", "key", "token", "access_token"})
MIN_SECRET_LENGTH: Final = 8
"""Characters. An unknown secret that is shorter is only removed from its header."""
LABEL: Final = re.compile(r"\[(\w+) key\]")
"""The replacement of a key."""
_SCHEME: Final = re.compile(r"(?i)(bearer|basic|digest|token)\s+(.*)", re.DOTALL)


@frozen
class Redactor:
    """Replaces secrets in texts. Its repr shows none of them."""

    _forms: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, keys: Keys, recording: Recording | None = None) -> Redactor:
        """Make a redactor for a target's keys, and for everything in a recording that looks like a key."""
        secrets = {keys[scenario]: f"[{scenario} key]" for scenario in keys}
        for secret in _secrets_in(recording) if recording else ():
            if len(secret) >= MIN_SECRET_LENGTH:
                secrets.setdefault(secret, "[unknown key]")
        forms = {form: label for secret, label in secrets.items() for form in _forms_of(secret)}
        # Replace the longest first, so that no key is replaced inside a longer one.
        return cls(tuple(sorted(forms.items(), key=lambda item: -len(item[0]))))

    def __repr__(self) -> str:
        return f"<redactor of {len(self._forms)} forms>"

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        for form, label in self._forms:
            text = text.replace(form, label)
        return text

    def recording(self, recording: Recording) -> Recording:
        """Return the recording without secrets."""
        return evolve(
            recording,
            base_url=self(recording.base_url),
            exchanges=tuple(self._exchange(exchange) for exchange in recording.exchanges),
            skips=tuple(evolve(skip, reason=self(skip.reason)) for skip in recording.skips),
        )

    def _exchange(self, exchange: Exchange) -> Exchange:
        return evolve(
            exchange,
            url=self._url(exchange.url),
            request_headers=self._headers(exchange.request_headers, f"[{exchange.key or 'unknown'} key]"),
            request_body=None if exchange.request_body is None else self(exchange.request_body),
            headers=self._headers(exchange.headers),
            body=self._bytes(exchange.body),
            media=self._json(exchange.media),
            fault=None if exchange.fault is None else self(exchange.fault),
            probe=None if exchange.probe is None else self(exchange.probe),
        )

    def _headers(self, headers: Mapping[str, str], label: str = "[unknown key]") -> dict[str, str]:
        clean = {self(name): self(value) for name, value in headers.items()}
        return {name: _redact_value(value, label) if name in SECRET_HEADERS else value for name, value in clean.items()}

    def _url(self, url: str) -> str:
        url = self(url)
        for name, value in _parameters(url):
            if name.lower() in SECRET_PARAMETERS and value and not LABEL.fullmatch(value):
                url = re.sub(rf"(?<=[?&]{re.escape(quote_plus(name))}=)[^&#]*", "[unknown key]", url)
        return url

    def _bytes(self, body: bytes) -> bytes:
        for form, label in self._forms:
            body = body.replace(form.encode(), label.encode())
        return body

    def _json(self, value: Any) -> Any:
        if value is None or not self._forms:
            return value
        return json.loads(self(json.dumps(value)))


def _forms_of(secret: str) -> set[str]:
    """Return the forms in which a server may echo a key."""
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], html.escape(secret)}


def _secrets_in(recording: Recording) -> Iterator[str]:
    for exchange in recording.exchanges:
        for headers in (exchange.request_headers, exchange.headers):
            for name in SECRET_HEADERS & headers.keys():
                value = headers[name]
                scheme = _SCHEME.fullmatch(value)
                # The name and the attributes of a cookie are not secret.
                parts = [scheme[2]] if scheme else re.split(r";\s*", value) if "cookie" in name else [value]
                yield from (part.partition("=")[2] if "cookie" in name else part for part in parts)
        yield from (value for name, value in _parameters(exchange.url) if name.lower() in SECRET_PARAMETERS)


def _redact_value(value: str, label: str) -> str:
    scheme = _SCHEME.fullmatch(value)
    start, secret = (f"{scheme[1]} ", scheme[2]) if scheme else ("", value)
    return value if LABEL.fullmatch(secret) else f"{start}{label}"


def _parameters(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query)
    except ValueError:
        return []
