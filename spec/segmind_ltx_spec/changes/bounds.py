"""Rules for the bounds of numbers, lengths and counts."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from segmind_ltx_spec.changes.collect import (
    BY_HAND,
    Collector,
)
from segmind_ltx_spec.changes.document import At
from segmind_ltx_spec.changes.effects import Effect, Use, in_words, of_schema
from segmind_ltx_spec.changes.implied import inert
from segmind_ltx_spec.changes.normal import Shape
from segmind_ltx_spec.changes.texts import redundant, sides

LOWER: Final = ("minLength", "minItems", "minProperties", "minContains")
UPPER: Final = ("maxLength", "maxItems", "maxProperties", "maxContains")
BOUNDS: Final = (
    ("minimum", "exclusiveMinimum", 1),
    ("maximum", "exclusiveMaximum", -1),
    *((name, "", 1) for name in LOWER),
    *((name, "", -1) for name in UPPER),
)
"""Each bound, its exclusive form, and whether a larger one allows less (1) or more (-1)."""
BOUND_KEYWORDS: Final = frozenset(word for name, exclusive, _ in BOUNDS for word in (name, exclusive) if word)
DATA_URI: Final = "The client writes a data URI for a Path, and does not check it against this."


def compare_bounds(found: Collector, old: Shape, new: Shape, use: Use) -> None:
    """Judge the effective bounds: ``exclusiveMinimum: 0`` of an integer is ``minimum: 1``."""
    for name, exclusive, sign in BOUNDS:
        keywords = {name, exclusive} & {*old.keywords, *new.keywords}
        if any(
            not is_number(one.get(keyword)) for one in (old, new) for keyword in keywords if keyword in one.keywords
        ):
            for keyword in keywords:
                found.unjudged(*sides(old, new, keyword), f"{keyword} is not a number")
        elif keywords:
            _bound(found, old, new, name, exclusive, sign, use)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Limit(NamedTuple):
    at: At | None
    value: float | None
    strict: bool

    def tightness(self, sign: int, least: float) -> tuple[float, bool]:
        """Return what can be compared: the larger, the fewer values are allowed."""
        return (sign * self.value, self.strict) if self.value is not None else (least, False)


def _limit(one: Shape, name: str, exclusive: str, sign: int, least: float) -> _Limit:
    best = _Limit(None, None, False)
    for keyword, strict in ((name, False), (exclusive, True)):
        at = one.keywords.get(keyword)
        if at is None:
            continue
        value: float = at.value
        if strict and one.types == frozenset({"integer"}):
            value, strict = (math.floor(value) + 1 if sign > 0 else math.ceil(value) - 1), False
        limit = _Limit(at, value, strict)
        if best.at is None or limit.tightness(sign, least) > best.tightness(sign, least):
            best = limit
    return best


def _bound(found: Collector, old: Shape, new: Shape, name: str, exclusive: str, sign: int, use: Use) -> None:
    least = 0 if name in LOWER else -math.inf
    before, after = (_limit(one, name, exclusive, sign, least) for one in (old, new))
    if before.tightness(sign, least) == after.tightness(sign, least):
        if (before.at is None) != (after.at is None):
            redundant(found, before.at, after.at)
        return
    if all(inert(old, new, keyword) for keyword in (name, exclusive) if keyword):
        redundant(found, before.at, after.at)
        return
    narrower = after.tightness(sign, least) > before.tightness(sign, least)
    effect = Effect.NARROWER if narrower else Effect.WIDER
    what = "raised" if narrower == (sign > 0) else "lowered"
    what = "added" if before.at is None else "removed" if after.at is None else what
    verdicts, words = of_schema(effect, use.flow), in_words(effect, use.flow)
    if narrower and name == "maxLength" and use.request and new.get("format") == "uri":
        verdicts, words = verdicts._replace(python=BY_HAND), f"{words} {DATA_URI}"
    found.emit(f"{name}-{what}", before.at, after.at, verdicts, words, values=(before.value, after.value))
