"""Choose when to poll a job next, from the time since its submit and the model's usual duration.

The cost to minimize is the number of polls times the delay until the outcome is known. A fixed interval cannot lower
that product: half the interval means twice the polls. An estimate of the end can. The constants below were chosen by
the simulation in ``tests/client/unit/test_polling.py``, which also tests them.
"""

from __future__ import annotations

import math
from typing import Final

from segmind_ltx._core.effects import DurationStats
from segmind_ltx_api.contract import MODELS

EARLY_POLLS: Final = (1.3, 2.9)
"""Seconds after the submit at which to poll every job: if a job fails, it usually fails at once."""

COARSE, FINE = 0.1, 0.0125
"""Steps outside and inside the window in which the job is likely to end, as fractions of the usual duration."""
WINDOW_START: Final = 0.75
"""The fraction of the usual duration at which that window starts."""
OVERDUE: Final = 4.0
"""The multiple of the usual duration after which the job is late, and the steps grow."""

EPSILON: Final = 0.05
"""Seconds by which a clock may fall short of a moment because of rounding: it then counts as reached."""
MIN_STEP: Final = 0.25
MAX_STEP: Final = 30.0


def next_poll(elapsed: float, usual: float | None) -> float:
    """Return the seconds to wait before the next poll of a job that was submitted ``elapsed`` seconds ago.

    ``usual`` is the model's usual duration in seconds, or None if the model is unknown.
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
    """Return the usual duration of a model, in seconds; None if the model is unknown.

    The documented duration counts as one job beside those in ``durations``. The mean is geometric, so that a job that
    takes three times as long and one that takes a third cancel out.
    """
    known = MODELS.get(model or "")
    if known is None:
        return None
    count, logs = durations.get(known.slug, (0, 0.0))
    return math.exp((math.log(known.seconds) + logs) / (1 + count))


def learn(durations: DurationStats, model: str | None, seconds: float) -> None:
    """Add a job that completed in so many seconds to ``durations``."""
    if model is not None and math.isfinite(seconds) and seconds > 0:
        count, logs = durations.get(model, (0, 0.0))
        durations[model] = (count + 1, logs + math.log(seconds))
