"""The schedule of polls, simulated: requests times mean delay, against any fixed interval."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from segmind_ltx._polling import EARLY, LONGEST_STEP, SHORTEST_STEP, learn, next_poll, usual_duration
from segmind_ltx._wire import Seen
from segmind_ltx_api.contract import MODELS

Schedule = Callable[[float], float]


def polls_until(duration: float, schedule: Schedule) -> list[float]:
    """The moments of all polls of one job, the one that sees its end included."""
    moments: list[float] = []
    now = 0.0
    while now < duration:
        now += schedule(now)
        moments.append(now)
    return moments


def product(durations: list[float], schedule: Schedule) -> float:
    """Mean requests times mean delay until the end is known, in request-seconds."""
    runs = [polls_until(duration, schedule) for duration in durations]
    requests = sum(len(run) for run in runs) / len(runs)
    delay = sum(run[-1] - duration for run, duration in zip(runs, durations, strict=True)) / len(runs)
    return requests * delay


def scattered(centre: float, sigma: float) -> list[float]:
    die = random.Random(7)  # noqa: S311 - a simulation
    return [centre * math.exp(die.gauss(0, sigma)) for _ in range(1500)]


def every(step: float) -> Schedule:
    return lambda _: step


def ratio(durations: list[float], usual: float) -> float:
    """Our product against the mean of those of fixed intervals, which hardly differ."""
    fixed = [product(durations, every(step)) for step in (1.0, 2.0, 5.0)]
    return product(durations, lambda elapsed: next_poll(elapsed, usual)) / (sum(fixed) / len(fixed))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("times", "sigma", "at_most"),
    [(1, 0.1, 0.5), (1, 0.2, 0.6), (3, 0.1, 1.1), (1 / 3, 0.1, 1.7)],
    ids=["as documented", "scattered", "three times longer", "three times shorter"],
)
def test_polls_pay_off_against_any_fixed_interval(model: str, times: float, sigma: float, at_most: float) -> None:
    usual = MODELS[model].seconds
    assert ratio(scattered(times * usual, sigma), usual) <= at_most


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("times", [3, 1 / 3])
def test_five_jobs_correct_a_wrong_prior(model: str, times: float) -> None:
    true = times * MODELS[model].seconds
    seen: Seen = {}
    for _ in range(5):
        learn(seen, model, true)
    learned = usual_duration(seen, model)
    assert learned is not None
    assert ratio(scattered(true, 0.1), learned) <= 0.7


@pytest.mark.parametrize("usual", [None, *(model.seconds for model in MODELS.values())])
def test_a_job_that_fails_in_its_first_seconds_is_known_within_three(usual: float | None) -> None:
    for failed in (0.0, 0.5, 1.0, 1.29, 1.5, 2.0, 2.5, 2.89):
        assert polls_until(failed + 1e-9, lambda elapsed: next_poll(elapsed, usual))[-1] <= 3.0


@pytest.mark.parametrize("usual", [None, 0.5, 46.54, 600.0])
def test_a_step_is_never_nothing_and_never_endless(usual: float | None) -> None:
    for tenths in range(0, 100_000, 7):
        elapsed = tenths / 10
        step = next_poll(elapsed, usual)
        assert 0 < step <= max(30.0, 0.1 * (usual or 0))
        assert elapsed < 3.0 or step >= 0.25


def test_a_job_that_hangs_for_a_day_is_polled_ever_less_often() -> None:
    assert len(polls_until(86_400.0, lambda elapsed: next_poll(elapsed, 60.0))) < 3500


def test_nonsense_is_not_learned_from() -> None:
    seen: Seen = {}
    for seconds in (0.0, -1.0, math.nan, math.inf):
        learn(seen, "ltx-2-pro", seconds)
    learn(seen, None, 5.0)
    assert usual_duration(seen, "ltx-2-pro") == pytest.approx(MODELS["ltx-2-pro"].seconds)
    assert usual_duration(seen, "no-such-model") is None
    assert usual_duration(seen, None) is None


@pytest.mark.parametrize("moment", EARLY)
def test_a_clock_that_falls_short_by_a_rounding_error_does_not_stand_still(moment: float) -> None:
    assert next_poll(math.nextafter(moment, 0), None) >= SHORTEST_STEP


@pytest.mark.parametrize("usual", [model.seconds for model in MODELS.values()])
def test_after_the_usual_time_the_steps_only_grow(usual: float) -> None:
    steps = [next_poll(usual * factor / 10, usual) for factor in range(10, 1000)]
    assert steps == sorted(steps)
    assert steps[-1] == LONGEST_STEP
