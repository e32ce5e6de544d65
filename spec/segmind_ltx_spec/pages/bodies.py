"""The body of a row: a description, and then the printed values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec.pages.literals import (
    LABEL,
    LABEL_BEGINS,
    RANGE,
    RANGE_BEGINS,
    NotLiteralError,
    Printed,
    labelled,
    unlabelled,
)
from segmind_ltx_spec.pages.meaning import NOTHING, Meaning, with_labels, without_labels

_LABEL_AT_LINE: Final = re.compile(rf"(?:^|(?<=\n)) *(?={LABEL_BEGINS.pattern})")
_LABEL_ENDS_LINE: Final = re.compile(r"(?=(?:Default ?:|Allowed values ?(?:\(\d+ total\))? ?:) *\n)")
_VALUE_LIKE: Final = re.compile(r'".*"$')


@frozen
class Body:
    """What a body says, and the parts of it that are no values: offsets within the body."""

    meaning: Meaning
    unread: tuple[int, int] | None = None


def has_labels(bodies: Iterable[str]) -> bool | None:
    """Whether values stand beside ``Default:`` and ``Allowed values`` in any of the bodies.

    None if there are such labels, but none whose values can be read: they may be part of descriptions.
    """
    unreadable = False
    for body in bodies:
        printed = _printed(body)
        # "Range:" is printed on every page.
        if printed is not None and (printed.default or printed.listed):
            return True
        if printed is None and any(not RANGE_BEGINS.match(body, start) for start in _labels_below(body)):
            unreadable = True
    return None if unreadable else False


def has_bare_values(bodies: Iterable[str]) -> bool:
    """Whether any of the bodies prints a value without a label."""
    for body in bodies:
        meaning = _without_labels(body, NOTHING).meaning
        if "default" in meaning.facts or "allowed" in meaning.facts or meaning.candidates:
            return True
    return False


def read_body(body: str, *, labels: bool, sample: Any = NOTHING) -> Body:
    """Read a body. ``sample`` is the value of this parameter in the page's sample."""
    return _with_labels(body) if labels else _without_labels(body, sample)


def _with_labels(body: str) -> Body:
    printed = _printed(body)
    if printed is not None:
        return Body(with_labels(printed))
    below = _labels_below(body)
    return Body(Meaning({}, readable=False), (below[0], len(body))) if below else Body(Meaning({}))


def _labels_below(body: str) -> list[int]:
    return [start for start in _label_starts(body) if not _in_description(body, start)]


def _label_starts(body: str) -> list[int]:
    starts = {found.end() for found in _LABEL_AT_LINE.finditer(body)}
    return sorted(starts | {found.start() for found in _LABEL_ENDS_LINE.finditer(body)})


def _printed(body: str) -> Printed | None:
    """The labelled values at the end of a body.

    A description may hold "Default: 8" too, so they begin at the first label from which on all can be read.
    """
    for start in _label_starts(body):
        try:
            return labelled(body[start:])
        except NotLiteralError:
            continue
    return None


def _in_description(body: str, start: int) -> bool:
    """Whether something like a label stands within the first line, which is a description such as "Default: slow"."""
    first = len(body) - len(body.lstrip())
    end = body.find("\n", first)
    line = body[first : end if end >= 0 else len(body)]
    return start < first + len(line) and not line.endswith(":") and not RANGE_BEGINS.match(line.strip())


def _without_labels(body: str, sample: Any) -> Body:
    begun = [found.end() for found in _LABEL_AT_LINE.finditer(body) if RANGE_BEGINS.match(body, found.end())]
    if begun and not RANGE.match(body, begun[-1]):
        return Body(Meaning({}, readable=False), (begun[-1], len(body)))
    offset = 0
    while offset < len(body):
        end = body.find("\n", offset)
        try:
            printed = unlabelled(body[offset:])
        except NotLiteralError:
            if end < 0:
                break
            offset = end + 1
            continue
        return Body(without_labels(printed, sample))
    lines = body.strip().split("\n")
    if len(lines) > 1 and _VALUE_LIKE.match(lines[-1].strip()):
        start = len(body.rstrip()) - len(lines[-1])
        return Body(Meaning({}, readable=False), (start, len(body)))
    return Body(Meaning({}))


def read_cut_body(body: str, *, labels: bool) -> Meaning:
    """Read the body in which the saved copy ends: only what is certainly whole."""
    if not labels:
        return Meaning({})
    for found in _LABEL_AT_LINE.finditer(body):
        whole = _whole_part(body[found.end() :])
        if whole is not None:
            return whole
    return Meaning({})


def _whole_part(text: str) -> Meaning | None:
    """The meaning of ``text`` if labels follow its last value, so that no part of it can be missing."""
    cuts = [found.start() for found in LABEL.finditer(text)]
    for cut in reversed(cuts):
        if cut == 0:
            return None
        try:
            printed: Printed = labelled(text[:cut])
        except NotLiteralError:
            continue
        return with_labels(printed)
    return None
