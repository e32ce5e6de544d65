"""The values that a page prints after a parameter's description: a default, a list, a range."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec.pages.numbers import NUMBER, number

_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_WORD: Final = re.compile(r"(?:true|false|null)(?=true|false|null|[^a-z]|$)")
_GLUED_WORD: Final = re.compile(r"(?:true|false|null)(?=[A-Z])")
_WORDS: Final = {"true": True, "false": False, "null": None}
_RUN: Final = re.compile(r"-?\d[\d.]*(?:[eE][-+]?\d+)?(?:-\d[\d.]*)*")
_MORE: Final = re.compile(r"\+ ?(\d+) more")
_LABEL: Final = re.compile(r'[^"\n]{1,60}?(?=")')
_NAMED: Final = re.compile(rf'[^"]{{1,60}}{_STRING.pattern}|{_MORE.pattern}')
_BOUND: Final = r"(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|-?∞|-?Infinity|undefined|null|any)"
RANGE_BEGINS: Final = re.compile(r"Range ?:")
RANGE: Final = re.compile(rf"{RANGE_BEGINS.pattern} *{_BOUND} *(?:[-\u2013]|to) *{_BOUND}")
DEFAULT: Final = re.compile(r"Default ?:")
ALLOWED: Final = re.compile(r"Allowed values ?(?:\((\d+) total\))? ?:")
LABEL_BEGINS: Final = re.compile(rf"{DEFAULT.pattern}|{ALLOWED.pattern}|{RANGE_BEGINS.pattern}")
LABEL: Final = re.compile(rf"{DEFAULT.pattern}|{ALLOWED.pattern}|{RANGE.pattern}")


@frozen
class Token:
    """One printed value; a run of digits may stand for several. ``line`` counts from the start of the body."""

    kind: str
    value: Any
    line: int = 0


@frozen
class Printed:
    """What a row prints, before it is decided what it means. A field is None if nothing was printed."""

    default: Token | None = None
    listed: tuple[Token, ...] | None = None
    not_shown: int | None = None
    total: int | None = None
    between: tuple[Any, Any] | None = None


class NotLiteralError(Exception):
    """The text is not made of values alone."""


def labelled(text: str) -> Printed:
    """Read the labels ``Default:``, ``Allowed values :`` and ``Range:`` with their values.

    Raises `NotLiteralError` if anything else is left, or a label comes twice.
    """
    found: dict[str, Any] = {}
    at = _blank(text, 0)
    while at < len(text):
        fields, at = _labelled_at(text, at)
        if found.keys() & fields.keys():
            raise NotLiteralError
        found.update(fields)
        at = _blank(text, at)
    return Printed(**found)


def _labelled_at(text: str, at: int) -> tuple[dict[str, Any], int]:
    if label := DEFAULT.match(text, at):
        token, end = _literal(text, _blank(text, label.end()), runs=False)
        return {"default": token}, end
    if label := ALLOWED.match(text, at):
        listed, more, end = _list(text, label.end(), labels=True)
        if not listed:
            raise NotLiteralError
        fields: dict[str, Any] = {"listed": listed, "total": int(label[1]) if label[1] else None}
        # A total says how many are hidden even if the page does not print "+3 more".
        return {**fields, "not_shown": more}, end
    if label := RANGE.match(text, at):
        return {"between": (_bound(label[1]), _bound(label[2]))}, label.end()
    raise NotLiteralError


def unlabelled(text: str) -> Printed:
    """Read values without labels: everything goes into ``listed``, but for the range.

    Raises `NotLiteralError` if anything else is left.
    """
    between = None
    if label := re.search(rf"{RANGE.pattern}\s*$", text):
        between, text = (_bound(label[1]), _bound(label[2])), text[: label.start()]
    listed, more, end = _list(text, 0, labels=_has_display_names(text))
    if text[end:].strip():
        raise NotLiteralError
    return Printed(listed=listed or None, not_shown=more, between=between)


def _has_display_names(text: str) -> bool:
    """Whether each value has a name of its own before it, as in ``Landscape"16:9"``: not a description with a quote."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    first = lines[0] if lines else ""
    if _STRING.match(first) or _WORD.match(first):
        return True
    return len(lines) > 1 and len(set(lines)) == len(lines) and all(_NAMED.fullmatch(line) for line in lines)


def _list(text: str, at: int, *, labels: bool) -> tuple[tuple[Token, ...], int | None, int]:
    tokens: list[Token] = []
    while (at := _blank(text, at)) < len(text) and not LABEL.match(text, at):
        if more := _MORE.match(text, at):
            return tuple(tokens), int(more[1]), more.end()
        label = _LABEL.match(text, at) if labels else None
        # "720p HD" is the name of the value behind it, although it begins like a number; a null is a value.
        named = label is not None and not _GLUED_WORD.match(label[0]) and not _WORD.fullmatch(label[0].strip())
        try:
            token, at = _literal(text, label.end() if label and named else at, runs=True)
        except NotLiteralError:
            if label is None or named:
                raise
            token, at = _literal(text, label.end(), runs=True)
        tokens.append(token)
    return tuple(tokens), None, at


def _literal(text: str, at: int, *, runs: bool) -> tuple[Token, int]:
    line = text.count("\n", 0, at)
    if found := _STRING.match(text, at):
        try:
            return Token("string", json.loads(found[0], strict=False), line), found.end()
        except ValueError:
            raise NotLiteralError from None
    if found := _WORD.match(text, at):
        return Token("word", _WORDS[found[0]], line), found.end()
    if text[at : at + 1] in {"[", "{"}:
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text, at)
        except ValueError:
            raise NotLiteralError from None
        return Token("json", value, line), end
    if runs and (found := _RUN.match(text, at)):
        return Token("run", found[0], line), found.end()
    if found := NUMBER.match(text, at):
        return Token("number", number(found[0]), line), found.end()
    raise NotLiteralError


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _bound(text: str) -> Any:
    return number(text) if re.match(r"-?\d", text) else None
