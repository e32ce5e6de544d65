"""Read bounds of every form: both, one side, exclusive, and which of two holds."""

from __future__ import annotations

from typing import Any

import pytest

from segmind_ltx_spec.limits import example_inside, first_inside, inside, last_inside, range_words, step_of

CASES: list[tuple[dict[str, Any], str, float | None, float | None]] = [
    ({}, "", None, None),
    ({"minimum": 1, "maximum": 50}, "1 to 50", 1, 50),
    ({"minimum": 1.0, "maximum": 2.5}, "1 to 2.5", 1, 2.5),
    ({"minimum": 1}, "at least 1", 1, None),
    ({"maximum": 1_000_000}, "at most 1000000", None, 1_000_000),
    ({"exclusiveMinimum": 0}, "more than 0", 1, None),
    ({"exclusiveMaximum": 10}, "less than 10", None, 9),
    ({"exclusiveMinimum": 0, "maximum": 5}, "more than 0 and at most 5", 1, 5),
    ({"minimum": 0, "exclusiveMaximum": 5}, "at least 0 and less than 5", 0, 4),
    ({"minimum": 3, "exclusiveMinimum": 1}, "at least 3", 3, None),
    ({"minimum": 3, "exclusiveMinimum": 3}, "more than 3", 4, None),
    ({"maximum": 3, "exclusiveMaximum": 7}, "at most 3", None, 3),
]


@pytest.mark.parametrize(("schema", "words", "first", "last"), CASES, ids=lambda one: str(one)[:30])
def test_bounds_in_words_and_values(
    schema: dict[str, Any], words: str, first: float | None, last: float | None
) -> None:
    """A range has its words, its first and last whole number, and an example that is inside."""
    step = step_of("integer")
    assert range_words(schema) == words
    assert (first_inside(schema, step), last_inside(schema, step)) == (first, last)
    assert inside(schema, example_inside(schema, 42, step))
    assert first is None or not inside(schema, first - step)
    assert last is None or not inside(schema, last + step)
