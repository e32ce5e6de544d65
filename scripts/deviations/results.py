"""What came of one run of the suite against one sandbox."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from attrs import frozen

PLAIN: Final = "plain"
"""The kind of the sandbox as it is."""
VARIANT: Final = "variant"
"""The kind of what the documents allow."""


UNTELLABLE: Final = "-429"
"""How the names of mutants end that answer 429 for ever. They cannot be told from a limit that does not pass, so
that the run ends with 2: it could not tell, and is not green."""


class Result(StrEnum):
    """What became of a mutant."""

    NAMED = "named"
    """The run said so, with the broken clause among what it named."""
    OTHER = "other"
    """The run failed, for another clause."""
    UNTOLD = "untold"
    """The run could not tell: exit status 2."""
    SURVIVED = "survived"
    """The run said nothing."""


@frozen
class Row:
    """One run. ``failed``, ``warned`` and ``unsure`` are ids of clauses; ``grade`` is that of the broken clause."""

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
    trouble: str | None = None
    """What ended the run early, in words."""

    @property
    def is_mutant(self) -> bool:
        """Whether it breaks a clause."""
        return self.kind not in {PLAIN, VARIANT}

    @property
    def fate(self) -> Result:
        """What became of it. One that is graded P or I cannot fail the run: it has to be named in a warning or note."""
        main = self.clauses[0] if self.clauses else ""
        if main in (*self.failed, *self.warned):
            return Result.NAMED
        if self.failed:
            return Result.OTHER
        return Result.UNTOLD if self.exit_status == 2 else Result.SURVIVED

    @property
    def held(self) -> bool:
        """Whether what is promised of it holds: a mutant of a D clause fails the run, what is no mutant passes."""
        if not self.is_mutant:
            return self.exit_status == 0
        if self.grade != "D":
            return self.fate is Result.NAMED
        return self.exit_status == 1 or (self.exit_status == 2 and self.name.endswith(UNTELLABLE))
