"""Failures by root cause: what only follows from another one is folded below it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from segmind_ltx_conformance.checks import Check, Judgement, Outcome

GRAVITY: Final = (Outcome.FAILED, Outcome.ERROR, Outcome.INCONCLUSIVE, Outcome.WARNED, Outcome.NOTED)
"""What needs attention, the worst first."""


@frozen
class Group:
    """Checks of one clause that came out alike, and what only follows from them."""

    roots: tuple[Check, ...]
    followers: tuple[Check, ...]

    @property
    def first(self) -> Check:
        """The check that stands for all."""
        return self.roots[0]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that it concerns."""
        return tuple(check.model for check in self.roots if check.model)

    @property
    def details(self) -> tuple[str, ...]:
        """What was seen, each once."""
        return tuple(dict.fromkeys(check.detail for check in self.roots))


def grouped(judgement: Judgement, *outcomes: Outcome) -> list[Group]:
    """The checks with one of these outcomes, those with the most followers first."""
    roots = {check.id: _root(check, judgement) for check in judgement.having(*GRAVITY)}
    groups: dict[tuple[str, Outcome], list[Check]] = {}
    followers: dict[tuple[str, Outcome], list[Check]] = {}
    for check in judgement.having(*GRAVITY):
        root = roots[check.id]
        place = (root.clause.id, root.outcome)
        (groups if root is check else followers).setdefault(place, []).append(check)
    made = [
        Group(tuple(checks), tuple(followers.get(place, ())))
        for place, checks in groups.items()
        if place[1] in outcomes
    ]
    return sorted(made, key=lambda group: -len(group.followers))


def _root(check: Check, judgement: Judgement) -> Check:
    """The check at the beginning of the chain of causes; never one that weighs less, which would hide this one."""
    known = _by_name(judgement.having(*GRAVITY))
    seen = {check.id}
    root = check
    while root.cause and root.cause not in seen:
        seen.add(root.cause)
        next_one = known.get(root.cause)
        if next_one is None or GRAVITY.index(next_one.outcome) > GRAVITY.index(check.outcome):
            break
        root = next_one
    # A circle has no beginning.
    return check if root.cause in seen and root.cause == check.id else root


def _by_name(checks: Iterable[Check]) -> dict[str, Check]:
    known: dict[str, Check] = {}
    for check in checks:
        known.setdefault(check.clause.id, check)
    return known | {check.id: check for check in checks}


def reasons(judgement: Judgement) -> dict[str, list[Check]]:
    """What was not exercised, by the reason; the most frequent first."""
    found: dict[str, list[Check]] = {}
    for check in judgement.having(Outcome.NOT_EXERCISED):
        found.setdefault(check.detail, []).append(check)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))
