"""When to poll a job next: a pure function of how long it has run and how long it usually takes."""

from __future__ import annotations

from typing import Final

EARLY: Final = (0.5, 1.2, 2.5)
"""Seconds after the submit at which a job is looked at anyway, since one that fails does so early."""
SHORTEST_STEP: Final = 0.05
"""A moment that is nearer than this counts as reached: a clock may fall short of it by a rounding error."""
LONGEST_STEP: Final = 10.0


def next_poll(elapsed: float, usual: float | None) -> float:
    """Seconds to wait before the next poll of a job that was submitted ``elapsed`` seconds ago.

    ``usual`` is the model's usual duration in seconds, or None where the model is not known. Coarse steps lead up
    to it, fine ones surround it, and after it the steps grow in proportion to the time already waited.
    """
    for moment in EARLY:
        if elapsed < moment - SHORTEST_STEP:
            return moment - elapsed
    if usual is None:
        return min(max(0.5, elapsed / 8), LONGEST_STEP)
    nearly = 0.85 * usual
    if elapsed < nearly:
        return max(1.0, min(elapsed, nearly - elapsed, LONGEST_STEP))
    return min(max(0.5, elapsed / 32), LONGEST_STEP)
