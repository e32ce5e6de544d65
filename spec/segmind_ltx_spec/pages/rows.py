"""The rows of a parameter table: the line at which each begins, its name, whether it is required, its type.

A copy that lost its layout glues a name to what stands before it: ``falseseedoptional`` is the value ``false`` and the
row ``seed``. What is cut off a name here goes back to the row before.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from attrs import evolve, frozen

from segmind_ltx_spec.pages.literals import LABEL_BEGINS

_BASES: Final = "string|integer|number|boolean|array|object|float"
TYPE: Final = rf"(?:{_BASES})(?:\[\])?(?: \([a-z][\w/-]*\))?"
_OTHER: Final = rf"(?!(?:required|optional)(?:\b|{_BASES}))[a-z]\w*(?:\[\])?(?: \([^)\n]*\))?"
"""A type that stands alone on its line need not be known."""

_NEED: Final = "(?P<need>required|optional)"
_STYLES: Final = {
    # promptrequiredstringDescription
    "flat": re.compile(rf"(?<=\w){_NEED}(?P<type>{TYPE})"),
    # promptrequired, and the type on the next line
    "line": re.compile(rf"(?<=\w){_NEED} *\n\s*(?P<type>{_OTHER}) *(?=\n|$)"),
    # prompt, and then requiredstring on the next line, or each on a line of its own
    "spaced": re.compile(rf"(?<=\n) *{_NEED}\s*(?P<type>{TYPE}) *(?=\n|$)"),
}
_BLANKS: Final = re.compile(rf"^ *[\w-]+ +{_NEED} *\n?\s*(?P<type>{TYPE}) *(?=\n|$)", re.MULTILINE)
_NAME: Final = re.compile(r"[\w-]*\w$", re.ASCII)
_LONGEST_NAME: Final = 200
_WORD: Final = re.compile(r"(true|false|null)(?:-?\d+(?:-\d+)*)?(?=[A-Za-z])")
_WORDS: Final = re.compile(rf"^(?:{_WORD.pattern})+")
_PREFIX: Final = re.compile(r"(?:more)?(?:true|false|null)?(?:-?\d+(?:-\d+)*)?(?:true|false|null)?")
_DIGITS: Final = re.compile(r"-?\d+(?:[eE][-+]\d+)?(?:-\d+)*(?=[A-Za-z_])")
_PATH_BEFORE: Final = re.compile(r"[^\W\d](?:[\w.\[\]-]*[.\]])?|[^\W\d]\w*")
"""What a name of other letters, or of several parts, leaves before its last ASCII word."""


HEAD_LIKE: Final = re.compile(
    r"^[\w-]*\w(?:required|optional) *\n?\s*[a-z]|^[a-z_][^\s\"]* ?(?:required|optional) *$", re.MULTILINE
)
"""What looks like the head of a row, although it was not taken for one."""


@frozen
class Row:
    """A row's head, and the place of its body: all that is printed after the type."""

    name: str
    need: str
    type: str
    style: str
    start: int
    body: int
    end: int = 0

    @property
    def required(self) -> bool:
        """Whether the row says so."""
        return self.need == "required"


def rows(text: str, start: int, end: int, *, known: Container[str], labels: bool) -> list[Row]:
    """Find the rows between two offsets.

    ``known`` holds names that the sample uses; ``labels`` says whether values stand beside labels on this page.
    """
    found: list[Row] = []
    for style, anchor in _anchors(text, start, end):
        before = found[-1] if found else None
        name_end = len(text[: anchor.start("need")].rstrip())
        run = _NAME.search(text, max(before.body if before else start, name_end - _LONGEST_NAME), name_end)
        if run is None:
            continue
        name = _unglued(text, run.start(), name_end, before, anchor["need"], known, labels=labels)
        if not name:
            continue
        begin = name_end - len(name)
        line_start = max(text.rfind("\n", 0, begin) + 1, before.body if before else start)
        if style != "flat" and _PATH_BEFORE.fullmatch(text, line_start, begin):
            name, begin = text[line_start:name_end], line_start
        if before is not None:
            found[-1] = evolve(before, end=begin)
        found.append(Row(name, anchor["need"], anchor["type"], style, begin, anchor.end("type"), end))
    return found


def _anchors(text: str, start: int, end: int) -> list[tuple[str, re.Match[str]]]:
    """Every place at which a row begins, in the order of the page, none within another."""
    found = [(style, one) for style, pattern in _STYLES.items() for one in pattern.finditer(text, start, end)]
    if not found:
        # A sentence may read "an optional string", so this form counts only if the page has no other.
        found = [("line" if "\n" in one[0] else "flat", one) for one in _BLANKS.finditer(text, start, end)]
    chosen: list[tuple[str, re.Match[str]]] = []
    for style, one in sorted(found, key=lambda one: one[1].start("need")):
        if not chosen or one.start("need") >= chosen[-1][1].end("type"):
            chosen.append((style, one))
    return chosen


def _unglued(
    text: str, start: int, end: int, before: Row | None, need: str, known: Container[str], *, labels: bool
) -> str:
    """Cut off a name what belongs to the value before it."""
    run = text[start:end]
    if run in known:
        return run
    # A name that the sample uses, after something that is a value, is as good as certain. Prefer the longest.
    for at in range(1, len(run)):
        if run[at:] in known and _PREFIX.fullmatch(run[:at]):
            return run[at:]
    if run.startswith("more") and re.search(r"\+ ?\d+ $", text[max(start - 9, 0) : start]):
        run = run.removeprefix("more")
    if (digits := _DIGITS.match(run)) and _ends_a_value(text, start, end, before, labels=labels):
        run = run[digits.end() :]
    if before is not None and (word := _WORD.match(run)) and _ends_a_value(text, start, end, before, labels=labels):
        # The vendor sorts the rows; a name that is in its place only as a whole is whole.
        fitting = [
            rest
            for rest in (run[word.end() :], _WORDS.sub("", run))
            if not (before.need == need and rest < before.name <= run)
        ]
        if fitting and (word[1] == "null" or before.type == "boolean"):
            run = fitting[0]
    return run.lstrip("-")


def _ends_a_value(text: str, start: int, end: int, before: Row | None, *, labels: bool) -> bool:
    """Whether a value could end within the run at ``start``: a name on a line of its own is glued to nothing."""
    if before is None:
        return False
    line = text.rfind("\n", 0, start) + 1
    alone = not text[line:start].strip()
    if labels:
        label = LABEL_BEGINS.search(text, before.body, start)
        return label is not None and (not alone or text[:start].rstrip().endswith(":"))
    return not alone or (before.style == "flat" and text[end : end + 1] != "\n")
