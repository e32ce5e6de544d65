"""Read values from JSON and headers; None if a value is missing or of another kind."""

from __future__ import annotations

import math

from segmind_ltx_api.types import UNSET


def str_or_none(value: object) -> str | None:
    """Return a string that is not empty and can be printed."""
    # JSON may contain lone surrogates, which cannot be printed.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) and value else None


def storable(value: object) -> object:
    """Return a value as a database takes it: in text, lone surrogates and NUL become escapes.

    The name of a file may have bytes that are no UTF-8, and a server's message anything.
    """
    if not isinstance(value, str):
        return value
    try:
        # Such bytes are surrogates in Python; those that are UTF-8, which the locale C does not know, become text.
        raw = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = value.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def coalesce(*values: float | None) -> float | None:
    """Return the first value that is not None."""
    return next((value for value in values if value is not None), None)


def float_or_none(value: object) -> float | None:
    """Return a finite number, also from a string."""
    if value is UNSET or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def price_or_none(value: object) -> float | None:
    """Return a number that can be a price. A negative one would hide the cost of other jobs."""
    number = float_or_none(value)
    return number if number is not None and number >= 0 else None


def int_or_none(value: object) -> int | None:
    """Return an integer, also from a string or from a float without a fraction."""
    number = float_or_none(value)
    if number is None or not number.is_integer():
        return None
    return int(value) if isinstance(value, int | str) and str(value).lstrip("+-").isdecimal() else int(number)
