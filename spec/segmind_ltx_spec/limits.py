"""The limits of a parameter's value: which bound holds, and the limits in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Bound(NamedTuple):
    """One end of a range. If it is ``exclusive``, the value itself is not allowed."""

    value: float
    exclusive: bool
    keyword: str


def lower(schema: Mapping[str, Any]) -> Bound | None:
    """Return the lower bound of a schema; None if it has none."""
    inclusive, exclusive = schema.get("minimum"), schema.get("exclusiveMinimum")
    if exclusive is not None and (inclusive is None or exclusive >= inclusive):
        return Bound(exclusive, True, "exclusiveMinimum")
    return None if inclusive is None else Bound(inclusive, False, "minimum")


def upper(schema: Mapping[str, Any]) -> Bound | None:
    """Return the upper bound of a schema; None if it has none."""
    inclusive, exclusive = schema.get("maximum"), schema.get("exclusiveMaximum")
    if exclusive is not None and (inclusive is None or exclusive <= inclusive):
        return Bound(exclusive, True, "exclusiveMaximum")
    return None if inclusive is None else Bound(inclusive, False, "maximum")


def inside(schema: Mapping[str, Any], value: float) -> bool:
    """Return if a number is within the bounds of a schema."""
    low, high = lower(schema), upper(schema)
    above = low is None or value > low.value or (value == low.value and not low.exclusive)
    below = high is None or value < high.value or (value == high.value and not high.exclusive)
    return above and below


def range_words(schema: Mapping[str, Any]) -> str:
    """Return the range of a schema in words, empty if it has none: "1 to 50", "at least 1", "more than 0"."""
    low, high = lower(schema), upper(schema)
    if low and high and not low.exclusive and not high.exclusive:
        return f"{number(low.value)} to {number(high.value)}"
    parts: list[str] = []
    if low:
        parts.append(f"{'more than' if low.exclusive else 'at least'} {number(low.value)}")
    if high:
        parts.append(f"{'less than' if high.exclusive else 'at most'} {number(high.value)}")
    return " and ".join(parts)


def number(value: float) -> str:
    """Return a number without a fraction of zero: "24" for 24.0."""
    return str(int(value)) if value == int(value) else repr(value)


def step_of(kind: str) -> float:
    """Return the step from one value to the next that a check tries: 1 for whole numbers, a small one for others."""
    return 1 if kind == "integer" else 0.001


def first_inside(schema: Mapping[str, Any], step: float) -> float | None:
    """Return the least value that the lower bound allows, in steps from an exclusive one; None without a bound."""
    low = lower(schema)
    return None if low is None else low.value + step if low.exclusive else low.value


def last_inside(schema: Mapping[str, Any], step: float) -> float | None:
    """Return the greatest value that the upper bound allows; None without a bound."""
    high = upper(schema)
    return None if high is None else high.value - step if high.exclusive else high.value


def example_inside(schema: Mapping[str, Any], preferred: float, step: float) -> float:
    """Return a number within the bounds: the least or greatest one that is allowed, or ``preferred`` without bounds."""
    low, high = first_inside(schema, step), last_inside(schema, step)
    return low if low is not None else high if high is not None else preferred
