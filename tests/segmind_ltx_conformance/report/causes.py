"""Group failures by root cause, with the failures that only follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from segmind_ltx_conformance.checks import Check, Judgement, Outcome

SEVERITY: Final = (Outcome.FAILED, Outcome.ERROR, Outcome.INCONCLUSIVE, Outcome.WARNED, Outcome.NOTED, Outcome.KNOWN)
"""The outcomes that need attention, the worst first."""


@frozen
class Group:
    """Checks of one clause with the same outcome, and the checks that only follow from them."""

    roots: tuple[Check, ...]
    followers: tuple[Check, ...]

    @property
    def first(self) -> Check:
        """The check that represents the group."""
        return self.roots[0]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are affected."""
        return tuple(check.model for check in self.roots if check.model)

    @property
    def details(self) -> tuple[str, ...]:
        """The distinct details."""
        return tuple(dict.fromkeys(check.detail for check in self.roots))


def group_failures(judgement: Judgement, *outcomes: Outcome) -> list[Group]:
    """Group the checks with one of these outcomes; the group with the most followers comes first."""
    roots = {check.id: _root(check, judgement) for check in judgement.having(*SEVERITY)}
    groups: dict[tuple[str, Outcome], list[Check]] = {}
    followers: dict[tuple[str, Outcome], list[Check]] = {}
    for check in judgement.having(*SEVERITY):
        root = roots[check.id]
        key = (root.clause.id, root.outcome)
        (groups if root is check else followers).setdefault(key, []).append(check)
    groups_made = [
        Group(tuple(checks), tuple(followers.get(key, ()))) for key, checks in groups.items() if key[1] in outcomes
    ]
    return sorted(groups_made, key=lambda group: -len(group.followers))


def _root(check: Check, judgement: Judgement) -> Check:
    """Return the first check in the chain of causes, but never a less severe one, which would hide this check."""
    known = _by_name(judgement.having(*SEVERITY))
    seen = {check.id}
    root = check
    while root.cause and root.cause not in seen:
        seen.add(root.cause)
        next_check = known.get(root.cause)
        if next_check is None or SEVERITY.index(next_check.outcome) > SEVERITY.index(check.outcome):
            break
        root = next_check
    # In a circle of causes no check is the first.
    return check if root.cause in seen and root.cause == check.id else root


def _by_name(checks: Iterable[Check]) -> dict[str, Check]:
    known: dict[str, Check] = {}
    for check in checks:
        known.setdefault(check.clause.id, check)
    return known | {check.id: check for check in checks}


def skip_reasons(judgement: Judgement) -> dict[str, list[Check]]:
    """Return the checks that were not exercised, by reason, the most frequent first."""
    by_reason: dict[str, list[Check]] = {}
    for check in judgement.having(Outcome.NOT_EXERCISED):
        by_reason.setdefault(check.detail, []).append(check)
    return dict(sorted(by_reason.items(), key=lambda item: -len(item[1])))
