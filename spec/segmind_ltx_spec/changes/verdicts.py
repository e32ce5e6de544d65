"""The verdicts on a change, in their order, and the version bumps that follow from them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What a change means for one party, worst first."""

    BREAKING = "breaking"
    """What worked is refused, cannot be understood, or no longer imports, runs or type-checks."""
    BY_HAND = "by-hand"
    """Generated code alone is not enough: hand-written code rests on the old statement and has to be repaired."""
    BEHAVIOURAL = "behavioural"
    """It still works, and something else comes of it: another video, another bill."""
    COMPATIBLE = "compatible"
    """More is possible than before, or less has to be reckoned with."""
    INFORMATIONAL = "informational"
    """Only what people read changes: prices, usual times, sources, descriptions."""
    NONE = "none"
    """Nothing that this party could notice."""

    @property
    def rank(self) -> int:
        """Position in the order; 0 is the worst."""
        return _ORDER.index(self)


_ORDER = list(Verdict)


class Bump(StrEnum):
    """The part of a version that has to grow. A version below 1.0 gets no special treatment."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"
    NONE = "none"

    @property
    def rank(self) -> int:
        """Position in the order; 0 is the largest."""
        return list(Bump).index(self)


BUMP_FOR = {
    Verdict.BREAKING: Bump.MAJOR,
    # Once the hand-written code is repaired, a program goes on working; without the repair there is no release.
    Verdict.BY_HAND: Bump.MINOR,
    Verdict.BEHAVIOURAL: Bump.MINOR,
    Verdict.COMPATIBLE: Bump.MINOR,
    Verdict.INFORMATIONAL: Bump.PATCH,
    Verdict.NONE: Bump.NONE,
}
"""The bump that a verdict requires."""


class Verdicts(NamedTuple):
    """One verdict for each party: HTTP callers, users of the Python packages, servers judged by the new contract."""

    http: Verdict = Verdict.NONE
    python: Verdict = Verdict.NONE
    server: Verdict = Verdict.NONE

    def worst_with(self, other: Verdicts) -> Verdicts:
        """Return the worse of two verdicts for each party."""
        return Verdicts(*(worst(pair) for pair in zip(self, other, strict=True)))


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts, `Verdict.NONE` for none at all."""
    return min(verdicts, key=lambda verdict: verdict.rank, default=Verdict.NONE)


def largest(bumps: Iterable[Bump]) -> Bump:
    """Return the largest of some bumps, `Bump.NONE` for none at all."""
    return min(bumps, key=lambda bump: bump.rank, default=Bump.NONE)


def bump_between(old: str, new: str) -> Bump | None:
    """Return which part of a version grew, or None if ``new`` is lower or one of the two is no version."""
    try:
        before, after = ([int(part) for part in text.split(".")[:3]] for text in (old, new))
    except ValueError:
        return None
    if len(before) != 3 or len(after) != 3 or after < before:
        return None
    for bump, one, other in zip(Bump, before, after, strict=False):
        if one != other:
            return bump
    return Bump.NONE
