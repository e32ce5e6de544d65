"""Rules for what only people read, and for keywords that say nothing."""

from __future__ import annotations

from collections.abc import Callable

from segmind_ltx_spec.changes.collect import (
    BREAKING,
    NONE,
    TOLD_IN_HTTP,
    Collector,
)
from segmind_ltx_spec.changes.document import At
from segmind_ltx_spec.changes.effects import Use
from segmind_ltx_spec.changes.normal import Shape
from segmind_ltx_spec.changes.verdicts import Verdicts


def told(rule: str, verdicts: Verdicts) -> Callable[[Collector, Shape, Shape, str, Use], None]:
    def judge(found: Collector, old: Shape, new: Shape, keyword: str, _: Use) -> None:
        found.emit(rule, *sides(old, new, keyword), verdicts, "Only people read it.")

    return judge


def unread(words: str) -> Callable[[Collector, Shape, Shape, str, Use], None]:
    """Return a rule for a keyword that allows and refuses nothing by itself."""

    def judge(found: Collector, old: Shape, new: Shape, keyword: str, _: Use) -> None:
        found.emit("redundant-keyword", *sides(old, new, keyword), Verdicts(), words)

    return judge


def compare_deprecated(found: Collector, old: Shape, new: Shape, keyword: str, _: Use) -> None:
    if bool(old.get(keyword)) == bool(new.get(keyword)):
        redundant(found, *sides(old, new, keyword))
    else:
        found.emit("deprecated-changed", *sides(old, new, keyword), TOLD_IN_HTTP, "It still works.")


def redundant(found: Collector, old: At | None, new: At | None) -> None:
    """Note a keyword that came or went and says what holds without it."""
    found.emit("redundant-keyword", old, new, Verdicts(), "It says what holds without it.")


def sides(old: Shape, new: Shape, keyword: str) -> tuple[At | None, At | None]:
    return old.keywords.get(keyword), new.keywords.get(keyword)


def compare_title(found: Collector, old: Shape, new: Shape, keyword: str, _: Use) -> None:
    classes = [one.class_name for one in (old, new) if one.types == frozenset({"object"}) or one.values is not None]
    renamed = len(classes) == 2 and None not in classes and classes[0] != classes[1]
    verdicts = TOLD_IN_HTTP._replace(python=BREAKING if renamed else NONE)
    words = "The generated class is named after it." if renamed else "Only people read it."
    found.emit("title-changed", *sides(old, new, keyword), verdicts, words)
