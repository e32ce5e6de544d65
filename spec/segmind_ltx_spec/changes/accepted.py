"""Changes that a person has accepted, in a YAML file, each with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml
from attrs import evolve, frozen

from segmind_ltx_spec.changes.collect import Change, Unjudged, stable
from segmind_ltx_spec.changes.comparison import Comparison
from segmind_ltx_spec.changes.document import CannotCompareError, is_list, is_object
from segmind_ltx_spec.yaml_text import parse_yaml

_KEYS: Final = {"rule", "place", "old", "new", "reason"}
UNJUDGED: Final = "unjudged"
"""The rule of an entry that accepts a difference which no rule claims."""


@frozen
class Entry:
    """One accepted change: it matches if all of rule, place, old and new value do."""

    rule: str
    place: str
    old: Any
    new: Any
    reason: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What has to match."""
        return self.rule, self.place, stable(self.old), stable(self.new)


@frozen
class Outcome:
    """A comparison without the accepted changes, those that were accepted, and entries that match nothing."""

    comparison: Comparison
    accepted: tuple[tuple[Change, str], ...]
    stale: tuple[Entry, ...]


def read_accepted(path: Path) -> list[Entry]:
    """Read a file of accepted changes. Raises `CannotCompareError` if it cannot be understood."""
    try:
        data: object = parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CannotCompareError(f"{path}: the accepted changes cannot be read: {error}") from None
    rows = data.get("accepted") if is_object(data) else data
    if not is_list(rows):
        raise CannotCompareError(f"{path}: a list of changes is missing, under the key accepted")
    entries: list[Entry] = []
    for index, row in enumerate(rows):
        if not is_object(row) or set(row) != _KEYS:
            raise CannotCompareError(f"{path}: entry {index} needs exactly the keys {', '.join(sorted(_KEYS))}")
        one = row
        if not all(isinstance(one[key], str) and one[key].strip() for key in ("rule", "place", "reason")):
            raise CannotCompareError(
                f"{path}: entry {index}: rule, place and reason have to be texts that say something"
            )
        entries.append(Entry(**one))
    return entries


def accept(comparison: Comparison, entries: list[Entry]) -> Outcome:
    """Take the accepted changes out of a comparison."""
    known = {entry.key: entry for entry in entries}
    taken: list[tuple[Change, str]] = []
    left: list[Change] = []
    used: set[tuple[str, str, str, str]] = set()
    for change in comparison.changes:
        key = change.rule, change.pointer, stable(change.old), stable(change.new)
        if key in known:
            used.add(key)
            taken.append((change, known[key].reason))
        else:
            left.append(change)
    unjudged: list[Unjudged] = []
    for one in comparison.unjudged:
        key = UNJUDGED, one.pointer, stable(one.old), stable(one.new)
        if key in known:
            used.add(key)
        else:
            unjudged.append(one)
    rest = evolve(comparison, changes=tuple(left), unjudged=tuple(unjudged))
    return Outcome(rest, tuple(taken), tuple(entry for entry in entries if entry.key not in used))
