"""Select cases from a cross product so that every pair of values occurs, in far fewer cases than the product has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

Pair = tuple[int, int, int, int]
"""An axis, the index of its value, another axis, and the index of its value."""


def pairwise(*axes: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return rows with one value of each axis; any two values of different axes share a row.

    The choice is greedy and always the same. Of values that are equally good, a row takes the one that was used least.
    """
    sizes = [len(axis) for axis in axes]
    used = [[0] * size for size in sizes]
    missing: dict[Pair, None] = {
        (i, a, j, b): None
        for i, j in combinations(range(len(axes)), 2)
        for a in range(sizes[i])
        for b in range(sizes[j])
    }
    rows: list[tuple[Any, ...]] = []
    while missing:
        i, a, j, b = next(iter(missing))
        row = {i: a, j: b}
        for axis, size in enumerate(sizes):
            if axis not in row:
                gains = [
                    sum(_pair(axis, value, other, row[other]) in missing for other in row) for value in range(size)
                ]
                row[axis] = min(range(size), key=lambda value: (-gains[value], used[axis][value]))
        for axis, value in row.items():
            used[axis][value] += 1
        for one, other in combinations(sorted(row), 2):
            missing.pop((one, row[one], other, row[other]), None)
        rows.append(tuple(axis[row[number]] for number, axis in enumerate(axes)))
    return rows


def _pair(axis: int, value: int, other: int, value_of_other: int) -> Pair:
    return (axis, value, other, value_of_other) if axis < other else (other, value_of_other, axis, value)
