"""Find the id of a job in a response, whatever its form: a job that was accepted is paid for."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, cast
from urllib.parse import unquote, unquote_plus

from segmind_ltx._core.effects import Response
from segmind_ltx._core.parameters import is_request_id

MAX_SEARCHED_BYTES: Final = 1 << 20
"""The number of bytes of a body that are searched."""
MAX_VALUES: Final = 20_000
"""The number of values of a JSON body that are looked at."""

_QUOTED: Final = r"(?P<quote>[\"'])(?P<quoted>[^\"'<>\x00-\x1f]{1,512})(?P=quote)"
_BARE: Final = r"(?P<bare>[^\s\"'<>&,;(){}\[\]]{1,512})(?P<end>[\s<&,;)}\]]|\Z)"
_NAMED: Final = re.compile(
    # request_id in JSON that is cut off, a Python repr, YAML, a form, an XML attribute or an XML element.
    rf"(?i)\brequest[_-]?id[\"']?\s*(?:[:=]\s*|\s[^<>]*>\s*|>\s*)(?:{_QUOTED}|{_BARE})"
)
# contract: job.urls-are-its-own, *.route
_ADDRESS: Final = re.compile(r"/v2/requests/([^/?#\s\"'<>\\&,;]{1,512})(?:/status)?/?(?P<end>[?#\s\"'<>\\&,;)\]}]|\Z)")


def request_id_in(response: Response) -> str | None:
    """Return the id of the job that a response names: in its body, or as an address of the API; None without one."""
    for candidate in _candidates(response):
        if is_request_id(candidate) and "\ufffd" not in candidate:  # Bytes that are no UTF-8.
            return candidate
    return None


def _candidates(response: Response) -> Iterator[str]:
    body = response.body[:MAX_SEARCHED_BYTES]
    # JSON may be in UTF-16 or UTF-32 as well. The guess may be wrong, so UTF-8 is tried too.
    for encoding in dict.fromkeys((json.detect_encoding(body), "utf-8")):
        yield from _candidates_in(response, body.decode(encoding, "replace").strip().removeprefix("\ufeff"))


def _candidates_in(response: Response, text: str) -> Iterator[str]:
    documents = list(_documents(text))
    for document in documents:
        yield from _ids_in(document)
    for document in documents:
        yield from (found for value in _values(document) if isinstance(value, str) for found in _in_address(value))
    for name in ("location", "content-location"):
        yield from _in_address(response.headers.get(name, ""))
    if not documents:
        whole = response.truncated is None and len(response.body) <= MAX_SEARCHED_BYTES
        yield from _ids_in_text(text, whole=whole)
        yield from _in_address(text, whole=whole)


def _documents(text: str) -> Iterator[Any]:
    """Yield the JSON that a text begins with, and that each of its first 100 lines begins with; what follows is left.

    Services send JSON lines and server-sent events as well.
    """
    decoder = json.JSONDecoder()
    for piece in (text, *text.splitlines()[:100]):
        start = piece.strip().removeprefix("data:").strip()
        if start[:1] not in {"{", "["}:
            continue
        try:
            document, end = decoder.raw_decode(start)
        except (ValueError, RecursionError):
            continue
        yield document
        if piece is text and not start[end:].strip():
            return  # All of it is one document, so its lines are none.


def _values(document: object) -> Iterator[object]:
    """Yield the values in a JSON document, those of the outer levels first."""
    todo: deque[object] = deque([document])
    for _ in range(MAX_VALUES):
        if not todo:
            return
        value = todo.popleft()
        yield value
        if isinstance(value, dict):
            todo.extend(cast("dict[str, object]", value).values())
        elif isinstance(value, list):
            todo.extend(cast("list[object]", value))


def _ids_in(document: object) -> Iterator[str]:
    for value in _values(document):
        if isinstance(value, dict):
            for name, named in cast("dict[str, object]", value).items():
                if re.fullmatch(r"(?i)request[_-]?id", name):
                    yield from _texts(named)
        elif isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:  # JSON inside JSON.
            for inner in _documents(value):
                if isinstance(inner, dict):
                    yield from _texts(cast("dict[str, object]", inner).get("request_id"))


def _texts(value: object) -> Iterator[str]:
    """Yield an id as text: services also write it as a number, in a list of one, or in an object as id or value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list) and len(cast("list[object]", value)) == 1:
        yield from _texts(cast("list[object]", value)[0])
    elif isinstance(value, dict):
        members = cast("dict[str, object]", value)
        yield from _texts(members.get("id", members.get("value")))


def _ids_in_text(text: str, *, whole: bool) -> Iterator[str]:
    from html import unescape  # Its table of entities takes long to import, and is hardly ever needed.

    plain = unescape(text).replace('\\"', '"')
    for found in _NAMED.finditer(plain):
        if found["quoted"] is not None:
            yield found["quoted"]
        elif whole or found["end"]:  # At the very end of a body that was cut off, the id may be cut off as well.
            yield unquote_plus(found["bare"])


def _in_address(text: str, *, whole: bool = True) -> Iterator[str]:
    for found in _ADDRESS.finditer(text):
        if whole or found["end"]:
            yield unquote(found[1])
