"""Simulate the schedule of polls against fixed intervals."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from segmind_ltx._core.effects import DurationStats
from segmind_ltx._core.polling import (
    COARSE,
    EARLY_POLLS,
    FINE,
    MAX_STEP,
    MIN_STEP,
    OVERDUE,
    WINDOW_START,
    learn,
    next_poll,
    usual_duration,
)
from segmind_ltx_api.contract import MODELS

Schedule = Callable[[float], float]


def polls_until(duration: float, schedule: Schedule) -> list[float]:
    """Return the times of all polls of a job, including the one that sees its end."""
    moments: list[float] = []
    now = 0.0
    while now < duration:
        now += schedule(now)
        moments.append(now)
    return moments


def fixed_product(durations: list[float], step: float) -> float:
    """Return what `product` gives for polls at a fixed interval, without simulating them."""
    counts = [math.ceil(duration / step) for duration in durations]
    delay = sum(count * step - duration for count, duration in zip(counts, durations, strict=True)) / len(durations)
    return sum(counts) / len(counts) * delay


def product(durations: list[float], schedule: Schedule) -> float:
    """Return mean requests times mean delay until the end is seen, in request-seconds."""
    runs = [polls_until(duration, schedule) for duration in durations]
    requests = sum(len(run) for run in runs) / len(runs)
    delay = sum(run[-1] - duration for run, duration in zip(runs, durations, strict=True)) / len(runs)
    return requests * delay


def scattered(centre: float, sigma: float) -> list[float]:
    die = random.Random(7)  # noqa: S311 - a simulation
    return [centre * math.exp(die.gauss(0, sigma)) for _ in range(1500)]


def ratio(durations: list[float], usual: float) -> float:
    """Return our product relative to the mean of the fixed intervals, which hardly differ."""
    fixed = [fixed_product(durations, step) for step in (1.0, 2.0, 5.0)]
    return product(durations, lambda elapsed: next_poll(elapsed, usual)) / (sum(fixed) / len(fixed))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("times", "sigma", "at_most"),
    [(1, 0.1, 0.5), (1, 0.2, 0.6), (3, 0.1, 1.1), (1 / 3, 0.1, 1.7)],
    ids=["as documented", "scattered", "three times longer", "three times shorter"],
)
def test_schedule_beats_fixed_interval(model: str, times: float, sigma: float, at_most: float) -> None:
    """The schedule costs less than fixed intervals if the documented duration is about right."""
    usual = MODELS[model].seconds
    assert ratio(scattered(times * usual, sigma), usual) <= at_most


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("times", [3, 1 / 3])
def test_schedule_learns_in_five_jobs(model: str, times: float) -> None:
    """Five jobs correct a documented duration that is wrong."""
    true = times * MODELS[model].seconds
    seen: DurationStats = {}
    for _ in range(5):
        learn(seen, model, true)
    learned = usual_duration(seen, model)
    assert learned is not None
    assert ratio(scattered(true, 0.1), learned) <= 0.7


@pytest.mark.parametrize("usual", [None, *(model.seconds for model in MODELS.values())])
def test_early_failure_seen_early(usual: float | None) -> None:
    """A job that fails in its first seconds is seen within three."""
    for failed in (0.0, 0.5, 1.0, 1.29, 1.5, 2.0, 2.5, 2.89):
        assert polls_until(failed + 1e-9, lambda elapsed: next_poll(elapsed, usual))[-1] <= 3.0


@pytest.mark.parametrize("usual", [None, 0.5, 46.54, 600.0])
def test_step_bounds(usual: float | None) -> None:
    """A step is never zero and never endless."""
    for tenths in range(0, 100_000, 7):
        elapsed = tenths / 10
        step = next_poll(elapsed, usual)
        assert 0 < step <= max(30.0, 0.1 * (usual or 0))
        assert elapsed < 3.0 or step >= 0.25


def test_step_grows_over_a_day() -> None:
    """A job that hangs for a day is polled less and less often."""
    assert len(polls_until(86_400.0, lambda elapsed: next_poll(elapsed, 60.0))) < 3500


def test_learn_ignores_invalid() -> None:
    """Durations that make no sense are ignored."""
    seen: DurationStats = {}
    for seconds in (0.0, -1.0, math.nan, math.inf):
        learn(seen, "ltx-2-pro", seconds)
    learn(seen, None, 5.0)
    assert usual_duration(seen, "ltx-2-pro") == pytest.approx(MODELS["ltx-2-pro"].seconds)
    assert usual_duration(seen, "no-such-model") is None
    assert usual_duration(seen, None) is None


@pytest.mark.parametrize("moment", EARLY_POLLS)
def test_step_after_rounding_error(moment: float) -> None:
    """A rounding error of the clock does not give a step of zero."""
    assert next_poll(math.nextafter(moment, 0), None) >= MIN_STEP


@pytest.mark.parametrize("usual", [model.seconds for model in MODELS.values()])
def test_step_when_overdue(usual: float) -> None:
    """The steps only grow if a job is overdue."""
    steps = [next_poll(usual * factor / 10, usual) for factor in range(10, 1000)]
    assert steps == sorted(steps)
    assert steps[-1] == MAX_STEP


@pytest.mark.parametrize(
    ("elapsed", "usual", "step"),
    [
        (0.0, 40.0, 1.3),
        (1.0, 40.0, 0.3),
        (1.24, 40.0, 0.06),
        (1.25, 40.0, 1.65),  # The first poll counts as done.
        (1.3, 40.0, 1.6),
        (2.84, 40.0, 0.06),
        (2.85, 40.0, COARSE * 40.0),
        (2.9, 40.0, COARSE * 40.0),
        (WINDOW_START * 40.0 - 3.5, 40.0, 3.5),  # Up to the start of the window,
        (WINDOW_START * 40.0 - 0.2, 40.0, FINE * 40.0),  # and no shorter than the steps in it.
        (WINDOW_START * 40.0, 40.0, FINE * 40.0),
        (OVERDUE * 40.0 + 1.0, 40.0, FINE * 40.0),
        (OVERDUE * 40.0 + 16.0, 40.0, 1.0),  # Beyond, a sixteenth of the overdue time.
        (OVERDUE * 40.0 + 481.0, 40.0, 30.0),
        (OVERDUE * 4.0, 4.0, 0.25),
        (20.0, 400.0, 30.0),
        (WINDOW_START * 400.0, 400.0, FINE * 400.0),
        (300.0, 3000.0, 30.0),
        (2.9, None, 0.25),
        (8.0, None, 0.5),
        (480.0, None, 30.0),
        (9999.0, None, 30.0),
    ],
)
def test_step_values(elapsed: float, usual: float | None, step: float) -> None:
    """Each part of the schedule has these steps."""
    assert next_poll(elapsed, usual) == pytest.approx(step, abs=1e-9)


def test_usual_duration() -> None:
    """The usual duration is the geometric mean of the documented one and those observed."""
    model, seen = "ltx-2-pro", dict[str, tuple[int, float]]()
    documented = MODELS[model].seconds
    for seconds in (0.5, 2.0, 9.0):
        learn(seen, model, seconds)
        learn(seen, "ltx-video", 1e5)
    assert usual_duration(seen, model) == pytest.approx((documented * 9.0) ** 0.25)
    assert seen[model][0] == 3
    assert seen[model][1] == pytest.approx(math.log(9.0))
