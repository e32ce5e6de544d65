"""Find the hand-written code that rests on statements of the contract.

A comment ``# contract: ID`` marks the line that it ends, or the line after it if it stands alone. An ID is the id of a
clause or a JSON pointer into openapi.yaml; several are separated by commas. ``*`` stands for any characters, so that
``*.status.*`` marks a table of all statuses.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from attrs import frozen

from segmind_ltx_spec.changes.collect import Change, Place
from segmind_ltx_spec.changes.document import Document, is_object
from segmind_ltx_spec.changes.places import clauses_at
from segmind_ltx_spec.clauses import clauses

_MARKER: Final = re.compile(r"#\s*contract:\s*(?P<ids>\S.*?)\s*$")


@frozen
class Marker:
    """One statement that a line of code rests on."""

    statement: str
    place: Place

    def matches(self, change: Change, names: Iterable[str]) -> bool:
        """Whether a change moves the statement: it has one of the clauses, or is at or below the pointer."""
        if self.statement.startswith("#/"):
            for pointer in (change.pointer, change.old_pointer):
                if pointer is not None and (
                    fnmatchcase(pointer, self.statement)
                    or fnmatchcase(pointer, f"{self.statement}/*")
                    or self.statement.startswith(f"{pointer}/")
                ):
                    return True
            return False
        return any(fnmatchcase(name, self.statement) for name in names)


def scan(folder: Path, shown_from: Path | None = None) -> list[Marker]:
    """Read the markers of all Python files below a folder. Files are named from ``shown_from`` on."""
    base = folder if shown_from is None else shown_from
    found: list[Marker] = []
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
        found += scan_text(path.read_text(encoding="utf-8"), name)
    return found


def scan_text(text: str, file: str) -> Iterator[Marker]:
    """Read the markers of one file."""
    if "contract:" not in text:
        return
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return
    lines = text.splitlines()
    for token in tokens:
        marker = _MARKER.match(token.string) if token.type == tokenize.COMMENT else None
        if marker is not None:
            alone = not token.line[: token.start[1]].strip()
            line = _next_code(lines, token.start[0]) if alone else token.start[0]
            for statement in marker["ids"].split(","):
                yield Marker(statement.strip(), Place(file, line))


def _next_code(lines: list[str], line: int) -> int:
    """The next line that is neither empty nor a comment; the line itself if there is none."""
    for number in range(line, len(lines)):
        text = lines[number].strip()
        if text and not text.startswith("#"):
            return number + 1
    return line


def dangling(markers: Iterable[Marker], document: Document) -> list[Marker]:
    """Return the markers that name neither a clause nor a place of the contract."""
    known = [clause.id for clause in clauses()]

    def exists(statement: str) -> bool:
        if statement.startswith("#/"):
            return document.find(statement) is not None if "*" not in statement else True
        return any(fnmatchcase(name, statement) for name in known)

    return [marker for marker in markers if not exists(marker.statement)]


def names_of(change: Change, old: Document, new: Document) -> list[str]:
    """Return the clauses that a change belongs to, in either version, those behind a reference included."""
    names: list[str] = []
    for document, pointer in ((new, change.pointer), (old, change.old_pointer or change.pointer)):
        names += clauses_at(document, pointer)
        at = document.find(pointer)
        if at is not None and is_object(at.value) and "$ref" in at.value:
            names += clauses_at(document, str(at.value["$ref"]))
    return list(dict.fromkeys(names))
