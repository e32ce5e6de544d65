"""Keywords that refuse nothing, because the rest of the schema refuses it already."""

from __future__ import annotations

import re
from typing import Any, Final

from segmind_ltx_spec.changes.document import is_list, is_object
from segmind_ltx_spec.changes.normal import Shape

_NUMBERS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_TEXTS: Final = frozenset({"minLength", "maxLength", "pattern", "contentEncoding"})
_LISTS: Final = frozenset({"minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"})
_OBJECTS: Final = frozenset({"minProperties", "maxProperties", "dependentRequired"})
_TYPES: Final = (
    (_NUMBERS, frozenset({"integer", "number"})),
    (_TEXTS, frozenset({"string"})),
    (_LISTS, frozenset({"array"})),
    (_OBJECTS, frozenset({"object"})),
)


def inert(old: Shape, new: Shape, keyword: str) -> bool:
    """Whether a keyword that came, went or changed refuses nothing that the other version allows."""
    return all(
        keyword not in one.keywords or _implied(other, keyword, one.get(keyword))
        for one, other in ((old, new), (new, old))
    )


def _implied(by: Shape, keyword: str, value: Any) -> bool:
    """Whether a schema allows nothing that the keyword with this value would refuse."""
    for keywords, types in _TYPES:
        if keyword in keywords and by.types is not None and not by.types & types:
            return True
    if by.values is not None:
        return all(_allows(keyword, value, one) for one in by.values)
    match keyword:
        case "multipleOf":
            return by.types == frozenset({"integer"}) and value == 1
        case "minLength" | "minItems":
            return _is_number(value) and value <= 0
        case "minProperties":
            return _is_number(value) and value <= len(set(by.required))
        case "maxProperties":
            return _is_number(value) and by.get("additionalProperties") is False and value >= len(by.properties)
        case "dependentRequired":
            needed = (
                [name for names in value.values() if is_list(names) for name in names] if is_object(value) else None
            )
            return needed is not None and set(needed) <= set(by.required)
        case _:
            return False


def _allows(keyword: str, limit: Any, value: Any) -> bool:
    """Whether a keyword allows one value. False if that cannot be told."""
    if _is_number(value):
        return keyword not in _NUMBERS or (_is_number(limit) and _number_allowed(keyword, limit, value))
    if isinstance(value, str):
        return keyword not in _TEXTS or _text_allowed(keyword, limit, value)
    return not isinstance(value, list | dict)


def _number_allowed(keyword: str, limit: float, value: float) -> bool:
    match keyword:
        case "minimum":
            return value >= limit
        case "maximum":
            return value <= limit
        case "exclusiveMinimum":
            return value > limit
        case "exclusiveMaximum":
            return value < limit
        case _:
            return limit > 0 and value % limit == 0


def _text_allowed(keyword: str, limit: Any, value: str) -> bool:
    match keyword:
        case "minLength":
            return _is_number(limit) and len(value) >= limit
        case "maxLength":
            return _is_number(limit) and len(value) <= limit
        case "pattern":
            try:
                return isinstance(limit, str) and re.search(limit, value) is not None
            except re.error:
                return False
        case _:
            return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
