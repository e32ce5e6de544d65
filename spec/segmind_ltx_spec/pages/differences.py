"""What differs between a page and the contract, as facts."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

Json = dict[str, Any]


@frozen
class Difference:
    """One fact that differs. ``spec`` or ``page`` is None if that side does not state it."""

    kind: str
    of: str
    spec: Any
    page: Any
    grade: str | None
    line: int | None = None

    def json(self) -> Json:
        """Return the difference as JSON."""
        found: Json = {"kind": self.kind, "of": self.of, "spec": self.spec, "page": self.page, "grade": self.grade}
        return found if self.line is None else {**found, "line": self.line}


@frozen
class Findings:
    """The outcome of a check. ``choices`` are differences that the contract declares as its own choice."""

    differences: list[Difference] = field(factory=list[Difference])
    confirms: list[Difference] = field(factory=list[Difference])
    choices: list[Difference] = field(factory=list[Difference])

    def differ(self, kind: str, of: str, spec: Any, page: Any, grade: str | None, line: int | None = None) -> None:
        """Add a difference."""
        self.differences.append(Difference(kind, of, spec, page, grade, line))

    def confirm(self, kind: str, of: str, spec: Any, page: Any, grade: str, line: int | None = None) -> None:
        """Add a statement graded P or I that the page makes too, so that its grade could be raised."""
        if grade != "D":
            self.confirms.append(Difference(kind, of, spec, page, grade, line))


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; True is not 1, and 4 is 4.0."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def without(values: Any, others: Any) -> list[Any]:
    """The values that are not among the others."""
    return [value for value in values if not any(same(value, other) for other in others)]
