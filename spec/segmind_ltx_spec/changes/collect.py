"""What a comparison has found so far: one change for one edit at one place, however often it is met."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any, Final

from attrs import evolve, field, frozen

from segmind_ltx_spec.changes.document import At, Document
from segmind_ltx_spec.changes.verdicts import Verdict, Verdicts


class Flow(Enum):
    """Who sends what a schema describes."""

    REQUEST = "request"
    RESPONSE = "response"
    UNUSED = "unused"
    """No operation uses it."""


@frozen
class Place:
    """A line of hand-written code."""

    file: str
    line: int


@frozen
class Change:
    """One edit at one place, and what it means."""

    rule: str
    pointer: str
    clause: str | None
    operations: tuple[str, ...]
    old: Any
    new: Any
    verdicts: Verdicts
    by_hand: tuple[Place, ...]
    why: str
    upgrade: bool = False
    """Whether the previous release of the client stops working because of it."""
    old_pointer: str | None = None
    """The pointer in the old version, if it differs."""


@frozen
class Unjudged:
    """A place that differs and that no rule claims."""

    pointer: str
    old: Any
    new: Any
    why: str


class Missing:
    """Stands for "nothing is there" beside values that may be null."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = Missing()


def stable(value: Any) -> str:
    """Write a value so that 1 and true differ, whatever type it has."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; null for what is missing."""
    return None if isinstance(value, Missing) else value


@frozen
class _Key:
    rule: str
    pointer: str
    old: str
    new: str


@frozen(eq=False)
class Collector:
    """Gathers changes. Rules call `emit`; the caller says which operation and which direction is being walked."""

    old: Document
    new: Document
    _changes: dict[_Key, Change] = field(init=False, factory=dict[_Key, Change])
    _unjudged: dict[str, Unjudged] = field(init=False, factory=dict[str, Unjudged])
    _operations: list[str] = field(init=False, factory=list[str])

    @contextmanager
    def operation(self, name: str) -> Generator[None]:
        """Attribute what is found meanwhile to an operation."""
        self._operations.append(name)
        try:
            yield
        finally:
            self._operations.pop()

    @property
    def current(self) -> str:
        """The operation that is being walked, as its method and path; empty if it is none."""
        return self._operations[-1] if self._operations else ""

    def emit(
        self,
        rule: str,
        old: At | None,
        new: At | None,
        verdicts: Verdicts,
        why: str,
        *,
        values: tuple[Any, Any] | None = None,
        upgrade: bool = False,
    ) -> None:
        """Note a change at a place of the old version, of the new one, or of both.

        ``values`` replaces what stands at the two places. If the same change was met before, through another
        operation or in the other direction, the worse verdicts hold.
        """
        before = values[0] if values else old.value if old is not None else MISSING
        after = values[1] if values else new.value if new is not None else MISSING
        place, first = new or old, old or new
        assert place is not None and first is not None, "a change has a place"  # noqa: S101, PT018 - as above
        moved = first.pointer if first.pointer != place.pointer else None
        operations = tuple(self._operations[-1:])
        self._merge(
            Change(
                rule, place.pointer, None, operations, plain(before), plain(after), verdicts, (), why, upgrade, moved
            )
        )

    def _merge(self, change: Change) -> None:
        first = change.old_pointer or change.pointer
        key = _Key(change.rule, first, stable(change.old), stable(change.new))
        known = self._changes.get(key)
        if known is None:
            self._changes[key] = change
            return
        more = tuple(one for one in change.operations if one not in known.operations)
        self._changes[key] = evolve(
            known,
            operations=known.operations + more,
            verdicts=known.verdicts.worst_with(change.verdicts),
            why=known.why if change.why in known.why else f"{known.why} {change.why}",
            upgrade=known.upgrade or change.upgrade,
        )

    def members(self, old: At, new: At) -> Iterator[tuple[str, At | None, At | None]]:
        """Yield every key of two objects, with what is there on either side."""
        for key in {**old.value, **new.value}:
            one = self.old.child(old, key) if key in old.value else None
            other = self.new.child(new, key) if key in new.value else None
            yield key, one, other

    def unjudged(self, old: At | None, new: At | None, why: str) -> None:
        """Note a difference that no rule understands; it fails the comparison."""
        place = new or old
        assert place is not None, "a difference has a place"  # noqa: S101 - a mistake of a rule
        before, after = (None if at is None else at.value for at in (old, new))
        self._unjudged.setdefault(place.pointer, Unjudged(place.pointer, before, after, why))

    def unjudged_as(self, pointer: str, why: str) -> None:
        """Note something that was not compared at all."""
        self._unjudged.setdefault(pointer, Unjudged(pointer, None, None, why))

    def same(self, old: At, new: At) -> bool:
        """Whether two places hold the same, behind references as well."""
        return self.old.digest(old) == self.new.digest(new)

    def sub(self) -> Collector:
        """Return an empty collector for the same two documents and the same operation."""
        inner = Collector(self.old, self.new)
        inner._operations.extend(self._operations)
        return inner

    def absorb(self, inner: Collector) -> None:
        """Take over everything that another collector found."""
        for change in inner.changes:
            self._merge(change)
        self._unjudged.update(inner._unjudged)

    @property
    def changes(self) -> Sequence[Change]:
        """What was found so far, in the order in which it was met."""
        return tuple(self._changes.values())

    @property
    def differences(self) -> Sequence[Unjudged]:
        """What no rule claimed so far."""
        return tuple(self._unjudged.values())


NONE: Final = Verdict.NONE
INFORMATIONAL: Final = Verdict.INFORMATIONAL
COMPATIBLE: Final = Verdict.COMPATIBLE
BEHAVIOURAL: Final = Verdict.BEHAVIOURAL
BY_HAND: Final = Verdict.BY_HAND
BREAKING: Final = Verdict.BREAKING
"""Short names for the rules."""

TOLD: Final = Verdicts(INFORMATIONAL, INFORMATIONAL, INFORMATIONAL)
"""Text that callers, servers and readers of the generated code see."""
TOLD_IN_HTTP: Final = Verdicts(INFORMATIONAL, NONE, INFORMATIONAL)
"""Text that is not carried into the Python packages."""
