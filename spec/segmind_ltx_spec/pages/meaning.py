"""What the printed values of a row mean: its default, its allowed values, or the candidates if several readings fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec.pages.literals import Printed, Token
from segmind_ltx_spec.pages.numbers import NUMBER, Count, Number, Split, descending, number, splits, strict

Facts = dict[str, Any]

SHOWN: Final = 10
"""A page shows this many values of a longer list, and counts the others."""

_LONGEST_NUMBER: Final = 16
_LONGEST_DEFAULT: Final = 6
_WORD_LIKE: Final = re.compile(r"[\w.:+-]{1,40}")
NOTHING: Final = object()


@frozen
class Meaning:
    """What a row says. With candidates, ``facts`` hold only what all of them share."""

    facts: Facts
    candidates: tuple[Facts, ...] = ()
    readable: bool = True


def with_labels(printed: Printed) -> Meaning:
    """Return the meaning of values that stand beside their labels."""
    facts = _common(printed)
    if printed.default is not None:
        facts["default"] = printed.default.value
    if printed.listed is None:
        return Meaning(facts)
    shown = _shown(printed)
    lists, certain = _lists(printed.listed, _numeric(facts.get("default")), shown)
    return _decide(facts, [{"allowed": list(values)} for values in lists], certain=certain)


def without_labels(printed: Printed, sample: Any = NOTHING) -> Meaning:
    """Return the meaning of values without labels: a default, a list, or a default and then a list.

    The value in the page's sample is evidence for one of the readings, and no more.
    """
    facts, tokens = _common(printed), printed.listed
    if tokens is None:
        return Meaning(facts)
    if printed.between is not None and len(tokens) == 1:
        return _single(facts, tokens[0])
    if len(tokens) == 1 and tokens[0].kind == "run":
        return _glued_run(facts, str(tokens[0].value), _shown(printed), sample)
    if len(tokens) == 1:
        return _one_value(facts, tokens[0])
    if tokens[0].kind in {"word", "json"} or (tokens[0].kind == "string" and tokens[1].kind == "run"):
        facts["default"] = tokens[0].value
        lists, certain = _lists(tokens[1:], _numeric(tokens[0].value), _shown(printed))
        return _decide(facts, [{"allowed": list(values)} for values in lists], certain=certain)
    return _default_and_list(facts, [_value(token) for token in tokens], printed.not_shown)


def _common(printed: Printed) -> Facts:
    facts: Facts = {}
    hidden = printed.not_shown
    if hidden is None and printed.total is not None and printed.total > SHOWN:
        hidden = printed.total - SHOWN
    if hidden is not None:
        facts["allowed_not_shown"] = hidden
    if printed.between is not None:
        facts["range"] = list(printed.between)
    return facts


def _shown(printed: Printed) -> Count:
    if printed.total is not None:
        return Count(printed.total - (printed.not_shown or max(printed.total - SHOWN, 0)))
    return Count(SHOWN if printed.not_shown else None)


def _single(facts: Facts, token: Token) -> Meaning:
    """A value beside a range: no page prints both a range and a list."""
    value = _value(token)
    return Meaning({**facts, "default": value}) if value is not NOTHING else Meaning(facts, readable=False)


def _one_value(facts: Facts, token: Token) -> Meaning:
    default = {**facts, "default": token.value}
    # A list of one value and no default looks the same. Only a sentence or an address is certainly no such list.
    if token.kind == "string" and _WORD_LIKE.fullmatch(token.value):
        return Meaning(facts, ({"default": token.value}, {"allowed": [token.value]}))
    return Meaning(default)


def _default_and_list(facts: Facts, values: Sequence[Any], hidden: int | None) -> Meaning:
    """Several values on lines of their own, or several strings: the first is the default if it comes again."""
    if NOTHING in values:
        return Meaning(facts, readable=False)
    first, rest = values[0], list(values[1:])
    both, only = {"default": first, "allowed": rest}, {"allowed": list(values)}
    if any(_same(first, value) for value in rest) or (hidden and len(rest) == SHOWN):
        return Meaning({**facts, **both})
    if hidden and len(values) == SHOWN:
        return Meaning({**facts, **only})
    return Meaning(facts, (only, both))


def _glued_run(facts: Facts, run: str, count: Count, sample: Any) -> Meaning:
    """One run of digits: a default, a list, or both glued together."""
    value = _numeric(sample)
    readings: list[Facts] = []
    if count.exactly is None and NUMBER.fullmatch(run) and len(run) <= _LONGEST_NUMBER:
        readings.append({"default": number(run)})
    both: list[Facts] = []
    for end in range(1, len(run)):
        if NUMBER.fullmatch(run[:end]):
            default = number(run[:end])
            found = splits(run[end:], holding=default, count=count)
            both += [{"default": default, "allowed": list(split)} for split in found if strict(run[end:], split)]
    only = [
        {"allowed": list(split)}
        for split in splits(run, count=count)
        if strict(run, split) and (len(split) > 1 or count.exactly == 1)
    ]
    if readings and value is not None and _same(value, readings[0]["default"]):
        return Meaning({**facts, **readings[0]})
    if value is not None:
        # A sample differs from a default now and then, but it sends a value that is allowed.
        both, only = _holding(both, value), _holding(only, value)
    # A number that is no longer than a default can be is one reading, whatever the sample sends.
    if len(both) == 1 and value is not None and _same(value, both[0]["default"]) and len(run) > _LONGEST_DEFAULT:
        return Meaning({**facts, **both[0]})
    if not both:
        both = [one for one in _loose(run, count) if "default" in one and len(one["allowed"]) > 1]
    every = [*readings, *both, *only]
    if not every:
        loose = _loose(run, count)
        return Meaning(facts, tuple(loose), readable=bool(loose))
    # The shorter a default that comes again, the better the reading; a bare number is certain only if nothing else is.
    return _decide(facts, every, certain=True)


def _holding(readings: Iterable[Facts], value: Number) -> list[Facts]:
    return [reading for reading in readings if value in reading["allowed"]]


def _loose(run: str, count: Count) -> list[Facts]:
    found: list[Facts] = []
    for end in range(1, min(len(run), _LONGEST_DEFAULT + 1)):
        if NUMBER.fullmatch(run[:end]):
            default = number(run[:end])
            lists = splits(run[end:], holding=default, count=count)
            found += [{"default": default, "allowed": list(split)} for split in lists]
    return [*found, *({"allowed": list(split)} for split in splits(run, count=count))]


def _lists(tokens: Sequence[Token], default: Number | None, count: Count) -> tuple[list[Sequence[Any]], bool]:
    """The lists that the tokens may stand for, and whether a single one is certain."""
    if len(tokens) == 1 and tokens[0].kind == "run":
        run = str(tokens[0].value)
        found: list[Split] = splits(run, holding=default, count=count)
        if not found and default is not None:
            # The default may be outside a list, but a list of one number would be that number.
            return [list(split) for split in splits(run, count=count) if len(split) > 1], False
        if default is None and count.exactly is None and len(found) == 1 and len(found[0]) == 1:
            found += descending(run)  # 105 may be 10 and 5.
        return [list(split) for split in found], len(found) == 1 and strict(run, found[0])
    values = [_value(token) for token in tokens]
    return ([], False) if NOTHING in values else ([values], True)


def _decide(facts: Facts, readings: Iterable[Facts], *, certain: bool) -> Meaning:
    found = list(readings)
    if not found:
        return Meaning(facts, readable=False)
    if len(found) == 1 and certain:
        return Meaning({**facts, **found[0]})
    shared = {
        key: value
        for key, value in found[0].items()
        if all(key in other and _same(other[key], value) for other in found)
    }
    if shared and len(found) > 1:
        facts = {**facts, **shared}
    return Meaning(facts, tuple(found))


def _value(token: Token) -> Any:
    """The value of a token that stands alone; `NOTHING` if it is a run that is no number."""
    if token.kind != "run":
        return token.value
    return number(token.value) if NUMBER.fullmatch(token.value) else NOTHING


def _numeric(value: Any) -> Number | None:
    """A value as a number, also if it is printed as a string, as samples do."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    return number(value) if isinstance(value, str) and NUMBER.fullmatch(value) else None


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; True is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
