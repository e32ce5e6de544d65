"""Describe one mutant."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

NOTICED = {"killed", "timeout"}


class Mutant(NamedTuple):
    """A change and its state: killed, timeout or, if no test noticed it, anything else.

    ``old`` and ``new`` are the lines that differ; they are empty if a test noticed the mutant.
    """

    module: str
    function: str
    state: str
    old: str = ""
    new: str = ""

    @classmethod
    def of(cls, name: str, state: str, old: str, new: str) -> Self:
        """Read mutmut's name, such as ``segmind_ltx._core.retry.x__in_utc__mutmut_3`` or ``….xǁClassǁmethod__…``."""
        module, _, mangled = name.removeprefix("segmind_ltx.").rpartition(".")
        function = re.sub(r"__mutmut_\d+$", "", mangled).removeprefix("x").removeprefix("_")
        return cls(module, function.strip("ǁ").replace("ǁ", "."), state, old, new)

    @property
    def noticed(self) -> bool:
        """Return if a test fails, or never ends, because of the mutant."""
        return self.state in NOTICED


def between(diff: str) -> tuple[str, str]:
    """Return the lines that a unified diff removes and those that it adds, without their indents."""
    lines = [line for line in diff.splitlines() if line[:1] in {"-", "+"} and line[:3] not in {"---", "+++"}]
    old, new = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return old, new
