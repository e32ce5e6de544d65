"""The rows of a ledger file: read them into entries, whatever is in the file, and copy them to another file."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any, Final, cast

from segmind_ltx._core.journal import Entry

COLUMNS: Final = ", ".join(Entry._fields)


def entry_of(row: Sequence[Any]) -> Entry:
    """Return the entry of a row. SQLite keeps any type in any column, so values of a wrong type are dropped."""
    number, state, model, request, base_url, begun, request_id, detail, cost, file, label = row
    return Entry(
        number=number,
        state=_text(state) or "unknown",
        model=_text(model) or "unknown",
        request=_request(request),
        base_url=_text(base_url) or "",
        begun=_number(begun) or 0.0,
        request_id=_text(request_id),
        detail=_text(detail),
        cost=_number(cost),
        file=_text(file),
        label=_text(label),
    )


def copy_rows(old: sqlite3.Connection, new: sqlite3.Connection, only: Collection[int] | None) -> dict[int, int]:
    """Copy the rows of one file into another, all or ``only`` these. Return the numbers that had to change.

    A row that the new file has already is left as it is there.
    """
    moved: dict[int, int] = {}
    places = ", ".join("?" for _ in Entry._fields)
    new.execute("BEGIN IMMEDIATE")
    try:
        highest = max(_highest(old), _highest(new))
        for row in old.execute(f"SELECT {COLUMNS} FROM jobs ORDER BY number"):  # noqa: S608 - our own names
            number = row[0]
            if only is not None and number not in only:
                continue
            found = new.execute("SELECT begun, model FROM jobs WHERE number = ?", (number,)).fetchall()
            if found == [(row[5], row[2])]:
                continue
            if found:
                highest += 1
                moved[number] = highest
            values = (moved.get(number, number), *row[1:])
            new.execute(f"INSERT OR IGNORE INTO jobs ({COLUMNS}) VALUES ({places})", values)  # noqa: S608 - as above
        new.execute("COMMIT")
    except BaseException:
        new.execute("ROLLBACK")
        raise
    return moved


def _highest(file: sqlite3.Connection) -> int:
    number: int | None = file.execute("SELECT max(number) FROM jobs").fetchone()[0]
    return number or 0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _request(value: object) -> dict[str, Any]:
    try:
        request: object = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        request = None
    return cast("dict[str, Any]", request) if isinstance(request, dict) else {}
