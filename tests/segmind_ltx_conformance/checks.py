"""Define findings about clauses, and the checks that they add up to for each clause and model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from segmind_ltx_spec import Clause


class Outcome(StrEnum):
    """The result of a check. If a clause is broken, the grade of the verdict selects failed, warned or noted."""

    PASSED = "passed"
    FAILED = "failed"
    """A verdict of grade D: the clause is broken: the server has to keep it."""
    WARNED = "warned"
    """A verdict of grade P: the clause is broken: the server should keep it."""
    NOTED = "noted"
    """A verdict of grade I: the clause is broken, or a permission is not used: the server may do so."""
    KNOWN = "known"
    """Broken, but a file of known failures lists it, so it does not fail the run."""
    INCONCLUSIVE = "inconclusive"
    """Tested without a result: transient faults used up the retries, or several causes are possible."""
    NOT_EXERCISED = "not exercised"
    """Not tested; the detail says why."""
    ERROR = "error"
    """The suite itself failed while it judged this check."""


GRADES: Final = ("D", "P", "I")
"""The grades, the strongest first."""
BROKEN: Final[Mapping[str, Outcome]] = {"D": Outcome.FAILED, "P": Outcome.WARNED, "I": Outcome.NOTED}
"""The outcome of a broken clause, by its grade."""


def weakest(*clauses: Clause) -> str:
    """Return the weakest grade of some clauses."""
    return max((clause.grade for clause in clauses), key=GRADES.index)


@frozen
class Finding:
    """One fact that the recording shows about one clause.

    ``model`` is the slug of the model that it concerns, or None if it concerns no single model. ``holds`` is None if
    the recording does not decide it. ``exchanges`` are the indices of the exchanges that show it. ``rests_on`` names
    further clauses without which the fact would say nothing: the verdict is as weak as the weakest of them.
    """

    clause: str
    model: str | None
    holds: bool | None
    detail: str
    exchanges: tuple[int, ...] = ()
    rests_on: tuple[str, ...] = ()


@frozen
class Observation:
    """A choice that the documents leave open, and what this target does. It is never judged."""

    name: str
    model: str | None
    detail: str
    exchanges: tuple[int, ...] = ()


@frozen
class Check:
    """The outcome of one clause for one model, or for no single model if ``model`` is None.

    ``cases`` is how often it was tested. If this failure only follows from another check, ``cause`` is the id of that
    check. ``through`` names the weaker clauses that the verdict rests on.
    """

    clause: Clause
    model: str | None
    outcome: Outcome
    detail: str
    exchanges: tuple[int, ...] = ()
    cases: int = 0
    cause: str | None = None
    through: tuple[Clause, ...] = ()

    @property
    def grade(self) -> str:
        """The grade of the verdict: the weakest of the clause and of what the verdict rests on."""
        return weakest(self.clause, *self.through)

    @property
    def id(self) -> str:
        """The clause's id, followed by ``@model`` unless the id already begins with the model."""
        return (
            self.clause.id
            if self.model is None or self.clause.id.startswith(f"{self.model}.")
            else f"{self.clause.id}@{self.model}"
        )


@frozen
class Judgement:
    """A check for every clause, and the observations.

    ``unmet`` says in a sentence each what the run was required to show and did not; ``stale`` what is wrong with the
    list of known failures.
    """

    checks: tuple[Check, ...]
    observations: tuple[Observation, ...] = field(factory=tuple[Observation, ...])
    unmet: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def tried(self) -> int:
        """The number of checks that were tested, whatever came of it."""
        return len(self.checks) - len(self.having(Outcome.NOT_EXERCISED))

    def having(self, *outcomes: Outcome) -> tuple[Check, ...]:
        """Return the checks with one of these outcomes, in the order of the clauses."""
        return tuple(check for check in self.checks if check.outcome in outcomes)

    @property
    def exit_status(self) -> int:
        """0 if a check of grade D passed and none failed, 1 if one failed, 2 if the run is inconclusive.

        If no check of grade D was selected, 0 if one of a weaker grade passed.
        A stale list of known failures fails the run too; an unmet requirement makes it inconclusive.
        """
        decisive = [check for check in self.checks if check.grade == "D"]
        if self.stale or any(check.outcome is Outcome.FAILED for check in decisive):
            return 1
        if self.unmet or self.having(Outcome.ERROR) or any(check.outcome is Outcome.INCONCLUSIVE for check in decisive):
            return 2
        return 0 if any(check.outcome is Outcome.PASSED for check in decisive or self.checks) else 2
