"""When to poll a job next: a pure function of how long it has run and how long it usually takes.

What counts is requests times the delay until the outcome is known. A fixed interval cannot lower that product:
half the interval is twice the requests. Knowing about when the end is due can. The figures below were chosen by the
simulation in ``tests/unit/test_unit_polling.py``, which also holds them.
"""

from __future__ import annotations

import math
from typing import Final

from segmind_ltx._core.effects import DurationStats
from segmind_ltx_api.contract import MODELS

EARLY_POLLS: Final = (1.3, 2.9)
"""Seconds after the submit at which a job is looked at anyway: one that fails mostly does so at once."""

COARSE, FINE = 0.1, 0.0125
"""Steps before and after the end comes near, as shares of the usual duration."""
WINDOW_START: Final = 0.75
"""The share of the usual duration from which on the end may come."""
OVERDUE: Final = 4.0
"""So many usual durations after which something is wrong, and the steps grow."""

EPSILON: Final = 0.05
"""A moment that is nearer than this counts as reached: a clock may fall short of it by a rounding error."""
MIN_STEP: Final = 0.25
MAX_STEP: Final = 30.0


def next_poll(elapsed: float, usual: float | None) -> float:
    """Seconds to wait before the next poll of a job that was submitted ``elapsed`` seconds ago.

    ``usual`` is the model's usual duration in seconds, or None where the model is not known.
    """
    for moment in EARLY_POLLS:
        if elapsed < moment - EPSILON:
            return moment - elapsed
    if usual is None:
        return _clamp(elapsed / 16)
    fine = _clamp(FINE * usual)
    if elapsed < WINDOW_START * usual:
        return min(_clamp(COARSE * usual), max(WINDOW_START * usual - elapsed, fine))
    return max(fine, _clamp((elapsed - OVERDUE * usual) / 16))


def _clamp(step: float) -> float:
    return min(max(MIN_STEP, step), MAX_STEP)


def usual_duration(durations: DurationStats, model: str | None) -> float | None:
    """The usual duration of a model, in seconds; None where the model is not known.

    The documented one counts as one job among those ``durations``. The mean is geometric, so that a job which takes three
    times as long and one which takes a third cancel out.
    """
    known = MODELS.get(model or "")
    if known is None:
        return None
    count, logs = durations.get(known.slug, (0, 0.0))
    return math.exp((math.log(known.seconds) + logs) / (1 + count))


def learn(durations: DurationStats, model: str | None, seconds: float) -> None:
    """Add a job that was completed in so many seconds to those ``durations``."""
    if model is not None and math.isfinite(seconds) and seconds > 0:
        count, logs = durations.get(model, (0, 0.0))
        durations[model] = (count + 1, logs + math.log(seconds))
