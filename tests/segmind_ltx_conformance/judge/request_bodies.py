"""Classify a request body by the contract: valid, invalid (and by which clauses), or left open."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NoReturn, cast

from attrs import frozen

from segmind_ltx_conformance.payloads import LONGEST_OTHER_TEXT, LONGEST_PROMPT
from segmind_ltx_spec import Model
from segmind_ltx_spec.limits import first_inside, inside, last_inside, lower, step_of, upper

MAX_CERTAIN_SEED: Final = 2**31 - 1
"""No page limits a seed, but a server need not take one that is negative or exceeds 32 bits."""

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_NOT_IN_A_URI: Final = re.compile(r"[\x00-\x20\x7f<>\"{}|\\^`]")
_PLAIN: Final = re.compile(r"(?i:https?)://[A-Za-z0-9.\-]+(:\d+)?(/[!-~]*)?")


class Kind(StrEnum):
    """The kind of a body."""

    VALID = "valid"
    INVALID = "invalid"
    OPEN = "open"
    NO_OBJECT = "not an object"
    MALFORMED = "malformed"


class Omitted:
    """Marks a parameter that is left out."""

    def __repr__(self) -> str:
        return "left out"


OMITTED: Final = Omitted()


@frozen
class Body:
    """A request body, its kind, and the clauses that it breaks."""

    kind: Kind
    value: Mapping[str, Any]
    violated: tuple[str, ...] = ()
    whys: tuple[str, ...] = ()


def read_body(model: Model, text: str | None) -> Body:
    """Classify ``text`` as a request to ``model``."""
    try:
        value: Any = json.loads(text or "", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return Body(Kind.MALFORMED if text else Kind.NO_OBJECT, {}, (f"{model.slug}.body",), ("the body is not JSON",))
    if not isinstance(value, dict):
        return Body(Kind.NO_OBJECT, {}, (f"{model.slug}.body",), ("the body is not an object",))
    given = cast("dict[str, Any]", value)
    broken = dict(_violations(model, given))
    if broken:
        return Body(Kind.INVALID, given, tuple(broken), tuple(broken.values()))
    return Body(Kind.OPEN if any(_left_open_parts(model, given)) else Kind.VALID, given)


def choices_in(model: Model, value: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return each choice in a valid body, as parameter and value in words, with the clause that allows it."""
    found: dict[tuple[str, str], str] = {}
    for name, schema in model.parameters.items():
        chosen = value.get(name, OMITTED)
        if chosen is OMITTED and name in model.required:
            continue
        found[name, _words(chosen)] = f"{model.slug}.{name}.{_rule(schema, chosen)}"
    return found


def _rule(schema: Mapping[str, Any], chosen: Any) -> str:
    if chosen is OMITTED:
        return "optional"
    if chosen is None:
        return "null"
    if "enum" in schema:
        return "enum-inferred" if chosen in schema["x-source"].get("inferred", []) else "enum"
    if schema.get("format") == "uri":
        return "format"
    step = step_of("integer" if "integer" in schema["type"] else "number")
    for bound, value in ((lower(schema), first_inside(schema, step)), (upper(schema), last_inside(schema, step))):
        if bound is not None and chosen == value:
            return bound.keyword
    return "type"


def _words(chosen: Any) -> str:
    return repr(chosen) if isinstance(chosen, Omitted) else json.dumps(chosen, ensure_ascii=False)


def _violations(model: Model, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, schema in model.parameters.items():
        clause = f"{model.slug}.{name}"
        if name not in given:
            if name in model.required:
                yield f"{clause}.required", f"{name} is missing"
            continue
        for rule in _broken(schema, given[name]):
            yield f"{clause}.{rule}", f"{name} is {_words(given[name])[:80]}"


def _broken(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    types: list[str] = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if value is None:
        # That a printed type excludes null is inferred, so it is a clause of its own.
        if "null" not in types:
            yield "not-null"
        return
    if not any(_is(value, kind) for kind in types):
        yield "type"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield "enum"
    if schema.get("format") == "uri" and (_SCHEME.match(value) is None or _NOT_IN_A_URI.search(value)):
        yield "format"
    for keyword in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
        if keyword in schema and not inside({keyword: schema[keyword]}, value):
            yield keyword


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "integer":
            # JSON Schema does not distinguish 24.0 from 24; `_left_open_parts` leaves it to the server.
            return not isinstance(value, bool) and isinstance(value, int | float) and value == math.floor(value)
        case "number":
            return not isinstance(value, bool) and isinstance(value, int | float)
        case _:
            return isinstance(value, list | dict)


def _left_open_parts(model: Model, given: Mapping[str, Any]) -> Iterator[bool]:
    """Yield for each part whether the documents leave it open."""
    for name, value in given.items():
        schema: Mapping[str, Any] | None = model.parameters.get(name)
        if schema is None:
            yield True
        elif isinstance(value, str):
            yield _is_uncertain_text(schema, value, LONGEST_PROMPT if name in model.required else LONGEST_OTHER_TEXT)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            low, high = lower(schema), upper(schema)
            # A bound on one side says nothing about numbers far away on the other.
            certain = "enum" in schema or ((low or value >= 0) and (high or low or value <= MAX_CERTAIN_SEED))
            yield ("integer" in schema["type"] and isinstance(value, float)) or not certain


def _is_uncertain_text(schema: Mapping[str, Any], value: str, longest: int) -> bool:
    if schema.get("format") == "uri":
        return _PLAIN.fullmatch(value) is None
    if "enum" in schema:
        return value in schema["x-source"].get("inferred", [])
    return (
        not value.strip() or len(value) > longest or any(char < " " or "\ud800" <= char <= "\udfff" for char in value)
    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
