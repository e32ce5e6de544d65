"""What the judge says: findings about clauses, and what they amount to for each clause and model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from segmind_ltx_spec import Clause


class Outcome(StrEnum):
    """What came of a clause. The grade of the clause decides which of the three a broken one is."""

    PASSED = "passed"
    FAILED = "failed"
    """Broken, and graded D: the target has to keep it."""
    WARNED = "warned"
    """Broken, and graded P: it should."""
    NOTED = "noted"
    """Broken, and graded I: it may."""
    INCONCLUSIVE = "inconclusive"
    """Tried, and not to be told: passing faults used up the retries, or several causes are possible."""
    NOT_EXERCISED = "not exercised"
    """Not tried; the detail says why."""
    ERROR = "error"
    """The suite itself broke while it judged this."""


BROKEN: Final[Mapping[str, Outcome]] = {"D": Outcome.FAILED, "P": Outcome.WARNED, "I": Outcome.NOTED}
"""What a broken clause is, by its grade."""


@frozen
class Finding:
    """One thing that the recording shows about one clause.

    ``model`` is the slug of the model that it is about, None where it is about none in particular. ``holds`` is None
    where it cannot be told. ``exchanges`` are the places in the recording that show it.
    """

    clause: str
    model: str | None
    holds: bool | None
    detail: str
    exchanges: tuple[int, ...] = ()


@frozen
class Observation:
    """Something that the documents leave open, and how this target does it. Never judged."""

    name: str
    model: str | None
    detail: str
    exchanges: tuple[int, ...] = ()


@frozen
class Check:
    """A clause, and what came of it with one model (None: with none in particular).

    ``cases`` is how often it was tried. ``cause`` is the id of the check that explains this one where this one only
    follows from it.
    """

    clause: Clause
    model: str | None
    outcome: Outcome
    detail: str
    exchanges: tuple[int, ...] = ()
    cases: int = 0
    cause: str | None = None

    @property
    def id(self) -> str:
        """The clause's id, and behind an @ the model, where the clause's own id does not name it."""
        return (
            self.clause.id
            if self.model is None or self.clause.id.startswith(f"{self.model}.")
            else f"{self.clause.id}@{self.model}"
        )


@frozen
class Judgement:
    """All of it: a check for every clause, and the observations."""

    checks: tuple[Check, ...]
    observations: tuple[Observation, ...] = field(factory=tuple[Observation, ...])

    def having(self, *outcomes: Outcome) -> tuple[Check, ...]:
        """The checks with one of these outcomes, in the order of the clauses."""
        return tuple(check for check in self.checks if check.outcome in outcomes)

    @property
    def exit_status(self) -> int:
        """0: a D check passed and none failed; 1: a D check failed; 2: it could not be told."""
        decisive = [check for check in self.checks if check.clause.grade == "D"]
        if any(check.outcome is Outcome.FAILED for check in decisive):
            return 1
        if self.having(Outcome.ERROR) or any(check.outcome is Outcome.INCONCLUSIVE for check in decisive):
            return 2
        return 0 if any(check.outcome is Outcome.PASSED for check in decisive) else 2
