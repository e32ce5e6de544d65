"""Derive the values to try of a parameter from its schema: the documented ones, and their neighbours."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec import Model
from segmind_ltx_spec.limits import example_inside, first_inside, last_inside, lower, range_words, step_of, upper

ABSENT: Final = object()
"""Stands for a parameter that is left out."""
LONG: Final = (500, 90)
"""Fewer characters than the longest prompt that a page prints, and than the longest text that may be left out."""
PICTURE: Final = "https://example.com/boat.png"

Predicate = Callable[[Any], bool]


@frozen
class Group:
    """Values of one parameter that a server could treat alike. ``rule`` is the last part of the clause about them.

    ``example`` is one of them. If they are not allowed, ``repaired`` returns the value that a lenient server uses.
    """

    rule: str
    label: str
    matches: Predicate
    example: Any
    repaired: Callable[[Any], Any] | None = None


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return the JSON type of a parameter, apart from null."""
    names: list[str] = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return next(name for name in names if name != "null")


def nullable(schema: Mapping[str, Any]) -> bool:
    """Return whether null is a documented value."""
    return "null" in schema["type"]


def valid_value(schema: Mapping[str, Any]) -> Any:
    """Return an allowed value."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "uri":
        return PICTURE
    kind = kind_of(schema)
    return {"string": "A kite.", "boolean": True}.get(kind, example_inside(schema, 42, step_of(kind)))


def equal(value: Any) -> Predicate:
    """Return a predicate for one JSON value; true does not equal 1."""
    return lambda given: type(given) is type(value) and given == value


def allowed(model: Model, name: str) -> Iterator[Group]:
    """Yield the documented values of a parameter: each enum value, both bounds, null, and leaving it out."""
    schema = model.parameters[name]
    inferred: list[Any] = schema["x-source"].get("inferred", [])
    kind = kind_of(schema)
    if "enum" in schema:
        for value in schema["enum"]:
            if value not in inferred:
                yield Group("enum", str(value), equal(value), value)
    elif kind == "boolean":
        yield Group("type", "true", equal(True), True)
        yield Group("type", "false", equal(False), False)
    elif schema.get("format") == "uri":
        yield Group("format", "a URI", lambda given: isinstance(given, str), PICTURE)
    elif kind == "string":
        text = "凧が上がる 🪁"
        yield Group("type", "other letters", lambda given: isinstance(given, str) and not given.isascii(), text)
        long = LONG[name not in model.required]
        longest = ("A kite rises. " * long)[: long + 5]
        yield Group("type", "a long text", lambda given: isinstance(given, str) and len(given) > long, longest)
    else:
        yield from _numbers(schema, kind)
    if nullable(schema):
        yield Group("null", "null", equal(None), None)
    if name not in model.required:
        yield Group("optional", "left out", lambda given: given is ABSENT, ABSENT)


def _numbers(schema: Mapping[str, Any], kind: str) -> Iterator[Group]:
    step = step_of(kind)
    for bound, value in ((lower(schema), first_inside(schema, step)), (upper(schema), last_inside(schema, step))):
        if bound is not None:
            yield Group(bound.keyword, f"the {bound.keyword}", equal(value), value)
    if not range_words(schema):
        yield Group("type", "0", equal(0), 0)
        yield Group("type", "seven digits", lambda given: _is_number(given) and given > 999_999, 2357108)
    if kind == "number":
        yield Group("type", "a fraction", lambda given: isinstance(given, float) and given % 1 != 0, 7.35)


def _is_number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def forbidden(model: Model, name: str) -> Iterator[Group]:
    """Yield values near the documented ones, and what a lenient server uses instead."""
    schema = model.parameters[name]
    good = valid_value(schema)

    def always(_: Any) -> Any:
        return good

    if name in model.required:
        yield Group("required", "missing", lambda given: given is ABSENT, ABSENT, always)
    yield from _other_types(schema, good, always)
    if "enum" in schema:
        yield from _beside(schema["enum"])
    if schema.get("format") == "uri":
        yield Group("format", "a relative path", lambda given: isinstance(given, str) and ":" not in given, "a", always)
        yield Group("format", "an empty text", equal(""), "", always)
        yield Group("format", "spaces", lambda g: isinstance(g, str) and ":" in g and " " in g, "https://a b/", always)
    yield from _outside(schema)


def _other_types(schema: Mapping[str, Any], good: Any, always: Callable[[Any], Any]) -> Iterator[Group]:
    kind = kind_of(schema)
    words = {str(good), "42", str(good).lower()}
    match kind:
        case "string":
            yield Group("type", "a number", _is_number, 42, always)
            yield Group("type", "true", equal(True), True, always)
        case "boolean":
            yield Group("type", "the word true", lambda g: g in {"true", "false"}, "true", lambda g: g == "true")
            yield Group("type", "1 and 0", lambda given: given in {0, 1} and _is_number(given), 1, bool)
        case _:
            yield Group("type", "digits in quotes", lambda g: isinstance(g, str), min(words), always)
            yield Group("type", "true", lambda given: isinstance(given, bool), True, always)
    if kind == "integer":
        yield Group("type", "a fraction", lambda g: isinstance(g, float) and g % 1 != 0, good + 0.5, always)
    yield Group("type", "a list", lambda given: isinstance(given, list), [good], always)
    yield Group("type", "an object", lambda given: isinstance(given, dict), {"value": good}, always)
    if not nullable(schema):
        yield Group("not-null", "null", equal(None), None, always)


def _beside(words: list[Any]) -> Iterator[Group]:
    if all(isinstance(word, int) for word in words):
        ordered = sorted(words)
        for low, high in itertools.pairwise(ordered):
            inside = _between(low, high)
            yield Group("enum", f"between {low} and {high}", inside, (low + high) // 2, _constant(low))
        low, high = ordered[0], ordered[-1]
        yield Group("enum", f"below {low}", _between(-10_000, low), low - 1, _constant(low))
        yield Group("enum", f"above {high}", _between(high, 10_000), high + 1, _constant(high))
        return
    first = words[0]
    known = {word.strip().lower(): word for word in words}
    if any(word.upper() != word for word in words):
        other = next(word for word in words if word.upper() != word)
        yield Group("enum", "capitals", lambda g: _written_as(g, known, str.lower), other.upper(), str.lower)
    yield Group("enum", "spaces around", lambda g: _written_as(g, known, str.strip), f" {first}", str.strip)
    yield Group("enum", "an empty text", equal(""), "", _constant(first))
    unknown = "8k" if first[0].isdigit() and ":" not in first else "7:5"
    yield Group(
        "enum",
        "an unknown word",
        lambda g: isinstance(g, str) and g != "" and g.strip().lower() not in known,
        unknown,
        _constant(first),
    )


def _outside(schema: Mapping[str, Any]) -> Iterator[Group]:
    whole = kind_of(schema) == "integer"
    step = 1 if whole else 0.5
    low, high = lower(schema), upper(schema)
    # What lies beyond an exclusive bound begins with the bound itself.
    beside = 1 if whole else 1e-9
    if low:
        end, valid = low.value + beside * low.exclusive, _constant(first_inside(schema, step))
        yield Group(low.keyword, "just below", _between(end - 1.5, end, whole=whole), end - step, valid)
        yield Group(low.keyword, "far below", _between(-1e9, end - 1.5, whole=whole), -1_000_000, valid)
    if high:
        end, valid = high.value - beside * high.exclusive, _constant(last_inside(schema, step))
        yield Group(high.keyword, "just above", _between(end, end + 1.5, whole=whole), end + step, valid)
        yield Group(high.keyword, "far above", _between(end + 1.5, 1e9, whole=whole), 1_000_000, valid)


def _between(low: float, high: float, *, whole: bool = True) -> Predicate:
    """Return a predicate for numbers between two bounds, both excluded.

    If ``whole`` is true, fractions do not match: they break the clause about the type.
    """
    return lambda given: _is_number(given) and low < given < high and not (whole and isinstance(given, float))


def _constant(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def _written_as(given: Any, known: Mapping[str, str], plainly: Callable[[str], str]) -> bool:
    return isinstance(given, str) and given not in known.values() and plainly(given) in known.values()
