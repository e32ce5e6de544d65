"""Describe one run of the suite against one sandbox."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from attrs import frozen

PLAIN: Final = "plain"
"""The kind of the sandbox without a deviation."""
VARIANT: Final = "variant"
"""The kind of a deviation that the documents allow."""


ENDLESS_429: Final = "-429"
"""The end of the names of mutants that always answer 429.

Such a mutant looks like a rate limit that never ends, so the run ends with 2: inconclusive, and not green.
"""


ENDLESS: Final = "takes-long"
"""A variant whose jobs take longer than the suite waits: its run may be inconclusive, and never fails."""
SEPARATOR: Final = "+"


class Result(StrEnum):
    """The result of a run against a mutant."""

    NAMED = "named"
    """The run named the broken clause."""
    OTHER = "other"
    """The run failed, but for another clause."""
    INCONCLUSIVE = "inconclusive"
    """The run was inconclusive: exit status 2."""
    SURVIVED = "survived"
    """The run found nothing."""


@frozen
class Row:
    """One run. ``failed``, ``warned`` and ``unsure`` are clause ids; ``grade`` is the grade of the broken clause."""

    name: str
    kind: str
    clauses: tuple[str, ...]
    grade: str
    summary: str
    exit_status: int
    failed: tuple[str, ...]
    warned: tuple[str, ...]
    unsure: tuple[str, ...]
    requests: int
    jobs: int
    seconds: float
    also_d: bool = False
    """True if the sandbox breaks another clause of grade D as well."""
    trouble: str | None = None
    """Why the run ended early."""

    @property
    def is_mutant(self) -> bool:
        """True if the sandbox breaks a clause."""
        return self.kind not in {PLAIN, VARIANT}

    @property
    def result(self) -> Result:
        """The result. A mutant of grade P or I cannot fail the run; a warning or a note has to name it."""
        main = self.clauses[0] if self.clauses else ""
        if main in self.failed or (self.grade != "D" and main in self.warned):
            return Result.NAMED
        if self.failed:
            return Result.OTHER
        return Result.INCONCLUSIVE if self.exit_status == 2 else Result.SURVIVED

    @property
    def as_expected(self) -> bool:
        """True if the run ended as it has to: a mutant of grade D fails it, everything that is allowed passes."""
        if not self.is_mutant:
            endless = ENDLESS in self.name.split(SEPARATOR)
            return self.exit_status == 0 or (endless and self.exit_status == 2)
        if self.grade != "D":
            return self.result is Result.NAMED and (self.also_d or self.exit_status != 1)
        return self.exit_status == 1 or (self.exit_status == 2 and self.name.endswith(ENDLESS_429))
