"""Runs of glued numbers: ``97129161193225257`` is 97 129 161 193 225 257.

A page that lost its blanks prints a list of numbers as one run. A split is plausible if its numbers ascend and, for
whole numbers, their widths differ by at most one digit. If the default is known, the list must hold it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from attrs import frozen

Number = int | float
Split = tuple[Number, ...]

NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
"""A number as JavaScript and JSON print it."""

MOST_SPLITS: Final = 100
"""Of more candidates than this a person could make no use."""

_LONGEST_FRACTION: Final = 4
_MOST_TRIED: Final = 20_000
_LONGEST_UNEVEN: Final = 12
"""Digits of a run whose numbers may have any widths: a longer one has too many readings to be of use."""


@frozen
class Count:
    """How many numbers a run holds: exactly, or at least one."""

    exactly: int | None = None

    def allows(self, split: Sequence[Number]) -> bool:
        """Whether a split has that many."""
        return self.exactly is None or len(split) == self.exactly


def number(text: str) -> Number:
    """Return the number that ``text`` prints, as an int if it has no fraction."""
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def splits(run: str, *, holding: Number | None = None, count: Count | None = None) -> list[Split]:
    """Return every plausible reading of a run as ascending numbers.

    Falls back to widths that grow by one digit at a time, then to descending numbers and, if the default is known, to
    ascending numbers of any widths, if nothing else fits. The best readings come first, and at most `MOST_SPLITS` are
    returned.
    """
    allowed = count or Count()

    def fits(split: Split) -> bool:
        return (holding is None or holding in split) and allowed.allows(split)

    for reader in (_even, _growing, _descending) if holding is None else (_even, _growing, _descending, _any_widths):
        found = [split for split in islice(reader(run), _MOST_TRIED) if fits(split)]
        if found:
            return sorted(found, key=_oddness)[:MOST_SPLITS]
    return []


def descending(run: str) -> list[Split]:
    """Return every reading of a run as two or more descending numbers."""
    return [split for split in islice(_descending(run), MOST_SPLITS) if len(split) > 1]


def strict(run: str, split: Split) -> bool:
    """Whether a split keeps the first rule: ascending, and widths that differ by at most one digit."""
    return split in set(_even(run))


def _even(run: str) -> Iterator[Split]:
    if not run.isdigit():
        yield from _ascending(run)
        return
    for width in range(1, len(run) + 1):
        # Ascending numbers without leading zeros never get shorter, so the width grows once at most.
        for short in range(1 if width < len(run) else 0, len(run) // width + 1):
            rest = len(run) - short * width
            if rest % (width + 1) == 0:
                split = _cut(run, [width] * short + [width + 1] * (rest // (width + 1)))
                if split:
                    yield split


def _growing(run: str) -> Iterator[Split]:
    if run.isdigit():
        yield from _widening(run, 0, ())


def _widening(run: str, width: int, taken: Split) -> Iterator[Split]:
    if not run:
        yield taken
        return
    for size in range(max(width, 1), min((width or len(run)) + 1, len(run)) + 1):
        piece = run[:size]
        value = int(piece)
        if (piece[0] == "0" and size > 1) or (taken and value <= taken[-1]):
            continue
        yield from _widening(run[size:], size, (*taken, value))


def _any_widths(run: str) -> Iterator[Split]:
    if run.isdigit() and len(run) <= _LONGEST_UNEVEN:
        yield from _ascending(run)


def _descending(run: str) -> Iterator[Split]:
    if not run.isdigit():
        return
    for width in range(2, len(run) + 1):
        for wide in range(1, len(run) // width + 1):
            rest = len(run) - wide * width
            if rest % (width - 1) == 0:
                split = _cut(run, [width] * wide + [width - 1] * (rest // (width - 1)), descending=True)
                if split:
                    yield split


def _cut(run: str, widths: Sequence[int], *, descending: bool = False) -> Split:
    numbers: list[Number] = []
    at = 0
    for width in widths:
        piece = run[at : at + width]
        value = int(piece)
        wrong = bool(numbers) and (value >= numbers[-1] if descending else value <= numbers[-1])
        if wrong or (piece[0] == "0" and width > 1):
            return ()
        numbers.append(value)
        at += width
    return tuple(numbers)


def _ascending(run: str, taken: Split = ()) -> Iterator[Split]:
    """Splits of a run with signs or fractions. No number is printed with a zero at the end of its fraction."""
    if not run:
        yield taken
        return
    for end in range(1, len(run) + 1):
        piece = run[:end]
        if not NUMBER.fullmatch(piece) or ("." in piece and (piece[-1] == "0" or _fraction(piece) > _LONGEST_FRACTION)):
            continue
        value = number(piece)
        if not taken or value > taken[-1]:
            yield from _ascending(run[end:], (*taken, value))


def _fraction(piece: str) -> int:
    return len(piece.partition(".")[2])


def _oddness(split: Split) -> tuple[int, int, int]:
    """Order readings: few digits after the point first, then even widths, then many numbers."""
    texts = [repr(value) for value in split]
    widths = [len(text) for text in texts]
    return max(_fraction(text) for text in texts), max(widths) - min(widths), -len(split)
