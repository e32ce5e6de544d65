"""What is known of one mutant."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

NOTICED = {"killed", "timeout"}


class Mutant(NamedTuple):
    """A change, and what came of it: killed, timeout, or whatever else, which is no success.

    ``was`` and ``now`` are the lines that differ; they are filled only where no test noticed.
    """

    module: str
    where: str
    state: str
    was: str = ""
    now: str = ""

    @classmethod
    def of(cls, name: str, state: str, was: str, now: str) -> Self:
        """From mutmut's name, such as ``segmind_ltx._core.retry.x__in_utc__mutmut_3``, or with ``xǁClassǁmethod``."""
        module, _, mangled = name.removeprefix("segmind_ltx.").rpartition(".")
        function = re.sub(r"__mutmut_\d+$", "", mangled).removeprefix("x").removeprefix("_")
        return cls(module, function.strip("ǁ").replace("ǁ", "."), state, was, now)

    @property
    def noticed(self) -> bool:
        """Whether a test fails, or never ends, because of it."""
        return self.state in NOTICED


def between(diff: str) -> tuple[str, str]:
    """The lines that a unified diff takes away, and those that it adds, without their indents."""
    lines = [line for line in diff.splitlines() if line[:1] in {"-", "+"} and line[:3] not in {"---", "+++"}]
    was, now = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return was, now
