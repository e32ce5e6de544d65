"""Tables that fit the terminal: ids, paths and names are never shortened; columns are left out instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.table import Table

WRAPPED_WIDTH = 16
"""The least width of a column whose text may wrap."""


class Column(NamedTuple):
    """A column. If the table is too wide, the one with the highest ``rank`` is left out first; 0 always stays."""

    heading: str
    rank: int
    wraps: bool = False


def fitting_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Table:
    """Return a table of at most ``width`` columns of text, as far as the columns that always stay allow it."""
    kept = list(range(len(columns)))
    while _width(columns, rows, kept) > width and any(columns[place].rank for place in kept):
        kept.remove(max(kept, key=lambda place: columns[place].rank))
    table = Table(title=title)
    rest = width - _width(columns, rows, kept)
    for place in kept:
        column, least = columns[place], _least(columns[place], rows, place)
        if column.wraps:
            wider = min(max(rest, 0), _widest(column, rows, place) - least)
            least, rest = least + wider, rest - wider
        # If even the columns that stay are too wide, they are folded: every character of an id is still there.
        table.add_column(column.heading, overflow="fold", width=least if rest >= 0 else None)
    for row in rows:
        table.add_row(*(row[place] for place in kept))
    return table


def _width(columns: Sequence[Column], rows: Sequence[Sequence[str]], kept: Sequence[int]) -> int:
    return sum(_least(columns[place], rows, place) + 3 for place in kept) + 1


def _least(column: Column, rows: Sequence[Sequence[str]], place: int) -> int:
    widest = _widest(column, rows, place)
    return max(cell_len(column.heading), min(widest, WRAPPED_WIDTH)) if column.wraps else widest


def _widest(column: Column, rows: Sequence[Sequence[str]], place: int) -> int:
    return max(cell_len(column.heading), *(cell_len(row[place]) for row in rows), 0)


def fits(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether a table with every column whole is at most ``width`` wide."""
    return sum(_widest(column, rows, place) + 3 for place, column in enumerate(columns)) + 1 <= width
