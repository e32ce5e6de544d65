"""Rules for `x-source`: where a statement comes from, and how sure it is."""

from __future__ import annotations

from typing import Any, Final

from segmind_ltx_spec.changes.collect import BREAKING, TOLD_IN_HTTP, Collector, stable
from segmind_ltx_spec.changes.document import At, is_list, is_object

GRADES: Final = {"D": 0, "P": 1, "I": 2}
"""From the surest grade to the least sure one."""


def compare_source(found: Collector, old: At | None, new: At | None) -> None:
    """Judge a source that changed, as one change."""
    grades = [_grade(at) for at in (old, new)]
    rule, words = "source-changed", "The statement is the same; its source is another."
    if None not in grades and grades[0] != grades[1]:
        rose = GRADES[str(grades[1])] < GRADES[str(grades[0])]
        rule = "grade-raised" if rose else "grade-lowered"
        words = f"The statement is the same; its grade was {grades[0]} and is {grades[1]}."
        if rose and grades[1] == "D":
            words += " A server that breaks it fails the suite now."
    verdicts = TOLD_IN_HTTP
    if _inferred(old) - _inferred(new):
        verdicts = verdicts._replace(server=BREAKING)
        words += " Values that were inferred are documented now: a server may no longer refuse them."
    found.emit(rule, old, new, verdicts, words)


def _inferred(at: At | None) -> set[str]:
    """Return the values that no document names, each as JSON."""
    listed: Any = at.value.get("inferred") if at is not None and is_object(at.value) else None
    return {stable(one) for one in listed} if is_list(listed) else set()


def _grade(at: At | None) -> str | None:
    grade: Any = at.value.get("grade") if at is not None and is_object(at.value) else None
    return grade if isinstance(grade, str) and grade in GRADES else None
