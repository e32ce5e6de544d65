"""The exchanges of the page: each once, bodies cut, and no more of them than a browser likes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from segmind_ltx_conformance.checks import Check, Outcome
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.report.causes import GRAVITY
from segmind_ltx_conformance.report.text import curl, plain

LONGEST_BODY: Final = 4096
LARGEST: Final = 3_000_000
"""Characters of all exchanges together."""
MOST: Final = 30
MOST_OF_PASSED: Final = 8


class ExchangeTable:
    """Exchanges as data for the page. Texts stand in a table of their own, since most of them come again."""

    def __init__(self, recording: Recording) -> None:
        """Begin with none."""
        self._recording = recording
        self._places: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._size = 0
        self.exchanges: list[dict[str, Any]] = []

    @property
    def texts(self) -> list[str]:
        """The table: an exchange names its texts by their place here."""
        return list(self._texts)

    def fill(self, checks: tuple[Check, ...]) -> dict[str, list[int]]:
        """Put there what the checks rest on, that of the gravest first; gives the places by the checks' ids."""
        order = {outcome: number for number, outcome in enumerate(GRAVITY)}
        return {
            check.id: self._of(check)
            for check in sorted(checks, key=lambda check: order.get(check.outcome, len(order)))
        }

    def _of(self, check: Check) -> list[int]:
        most = MOST_OF_PASSED if check.outcome is Outcome.PASSED else MOST
        known = [index for index in check.exchanges if 0 <= index < len(self._recording.exchanges)]
        places = [self._put(index) for index in known[:most]]
        return list(dict.fromkeys(place for place in places if place is not None))

    def _put(self, index: int) -> int | None:
        one = self._recording.exchanges[index]
        data, texts = self._data(one)
        name = json.dumps([data, texts])
        if name not in self._places:
            new = {text for text in texts.values() if text not in self._texts}
            size = _weight(json.dumps(data)) + sum(map(_weight, new))
            if self._size + size > LARGEST:
                return None
            self._size += size
            self._places[name] = len(self.exchanges)
            places = {field: self._texts.setdefault(text, len(self._texts)) for field, text in texts.items()}
            # The same exchange at another time is the same: the first one's number stands for all.
            self.exchanges.append({**data, **places, "n": index, "at": round(one.at, 2)})
        return self._places[name]

    def _data(self, one: Exchange) -> tuple[dict[str, Any], dict[str, str]]:
        """What it is, and its texts, which go into the table."""
        body = one.request_body or ""
        whole = len(body) <= LONGEST_BODY
        data = {
            "m": plain(one.method),
            "p": plain(one.probe or ""),
            "k": "none" if one.key is None else plain(one.key),
            "s": one.status,
            "f": plain(one.fault or ""),
        }
        texts = {
            "u": one.url[:2000],
            "rh": _headers(one.request_headers),
            "rb": _cut(body, len(body)),
            "h": _headers(one.headers),
            "b": _body(one),
            "c": curl(one, self._recording.base_url) if whole else "",
        }
        return data, {field: plain(text) for field, text in texts.items()}


def _weight(text: str) -> int:
    """Characters of a text in the page, where whatever could be markup is written as six of them."""
    return len(json.dumps(text)) + 5 * sum(map(text.count, "<>&'"))


def _headers(headers: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value[:500]}" for name, value in headers.items())


def _body(one: Exchange) -> str:
    if one.media:
        return f"{one.size:,} bytes of a video, not kept: {json.dumps(one.media)}"
    if not one.body:
        return f"{one.size:,} bytes, not kept" if one.size else ""
    return _cut(one.body.decode("utf-8", "replace"), one.size)


def _cut(text: str, size: int) -> str:
    return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}\n… cut here; it is {size:,} long"
