"""Prepare the exchanges for the page: each once, with long bodies cut, within a size that browsers handle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from segmind_ltx_conformance.checks import Check, Outcome
from segmind_ltx_conformance.recording import Exchange, Part, Recording
from segmind_ltx_conformance.report.causes import SEVERITY
from segmind_ltx_conformance.report.text import NOT_RECORDED, curl, printable

MAX_BODY_LENGTH: Final = 4096
MAX_TOTAL_LENGTH: Final = 3_000_000
"""Characters of all exchanges together."""
MAX_SHOWN: Final = 30
MAX_SHOWN_IF_PASSED: Final = 8


class ExchangeTable:
    """Exchanges as data for the page. Their texts are stored separately, since most of them repeat."""

    def __init__(self, recording: Recording) -> None:
        """Start with an empty table."""
        self._recording = recording
        self._places: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._size = 0
        self.exchanges: list[dict[str, Any]] = []

    @property
    def texts(self) -> list[str]:
        """The texts; an exchange refers to them by index."""
        return list(self._texts)

    def fill(self, checks: tuple[Check, ...]) -> dict[str, list[int]]:
        """Add the exchanges of these checks, the most severe first; return their indices by check id."""
        order = {outcome: number for number, outcome in enumerate(SEVERITY)}
        return {
            check.id: self._of(check)
            for check in sorted(checks, key=lambda check: order.get(check.outcome, len(order)))
        }

    def _of(self, check: Check) -> list[int]:
        most = MAX_SHOWN_IF_PASSED if check.outcome is Outcome.PASSED else MAX_SHOWN
        known = [index for index in check.exchanges if 0 <= index < len(self._recording.exchanges)]
        places = [self._put(index) for index in known[:most]]
        return list(dict.fromkeys(place for place in places if place is not None))

    def _put(self, index: int) -> int | None:
        exchange = self._recording.exchanges[index]
        data, texts = self._data(exchange)
        key = json.dumps([data, texts])
        if key not in self._places:
            new = {text for text in texts.values() if text not in self._texts}
            size = _weight(json.dumps(data)) + sum(map(_weight, new))
            if self._size + size > MAX_TOTAL_LENGTH:
                return None
            self._size += size
            self._places[key] = len(self.exchanges)
            places = {field: self._texts.setdefault(text, len(self._texts)) for field, text in texts.items()}
            # An exchange that repeats is stored once, with the number of the first.
            self.exchanges.append({**data, **places, "n": index, "at": round(exchange.at, 2)})
        return self._places[key]

    def _data(self, exchange: Exchange) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the fields of an exchange, and its texts for the table of texts."""
        body = exchange.request_body or ""
        whole = len(body) <= MAX_BODY_LENGTH and Part.REQUEST_BODY not in exchange.unknown
        data = {
            "m": printable(exchange.method),
            "p": printable(exchange.probe or ""),
            "k": "none" if exchange.key is None else printable(exchange.key),
            "s": exchange.status,
            "f": printable(exchange.fault or ""),
        }
        texts = {
            "u": exchange.url[:2000],
            "rh": _headers(exchange.request_headers),
            "rb": _cut(body, len(body)) if Part.REQUEST_BODY not in exchange.unknown else NOT_RECORDED,
            "h": _headers(exchange.headers),
            "b": _body(exchange),
            "c": curl(exchange, self._recording.base_url) if whole else "",
        }
        return data, {field: printable(text) for field, text in texts.items()}


def _weight(text: str) -> int:
    """Return the length of a text in the page, which escapes each markup character to six characters."""
    return len(json.dumps(text)) + 5 * sum(map(text.count, "<>&'"))


def _headers(headers: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value[:500]}" for name, value in headers.items())


def _body(exchange: Exchange) -> str:
    if exchange.media:
        return f"{exchange.size:,} bytes of a video, not kept: {json.dumps(exchange.media)}"
    if Part.BODY in exchange.unknown:
        return NOT_RECORDED
    if not exchange.body:
        return f"{exchange.size:,} bytes, not kept" if exchange.size else ""
    return _cut(exchange.body.decode("utf-8", "replace"), exchange.size)


def _cut(text: str, size: int) -> str:
    return text if len(text) <= MAX_BODY_LENGTH else f"{text[:MAX_BODY_LENGTH]}\n… cut here; full length {size:,}"
