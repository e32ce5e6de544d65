"""Simulate the schedule of polls: requests, and the delay until an end is known, against fixed intervals."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import partial
from statistics import mean
from typing import Final, NamedTuple

from bench import plots
from bench.harness import Plot, Row, Section, say
from segmind_ltx._core.effects import DurationStats
from segmind_ltx._core.polling import learn, next_poll, usual_duration
from segmind_ltx_api.contract import MODELS

Schedule = Callable[[float], float]
Point = tuple[float, float]
"""Mean requests for a job, and mean seconds between its end and the poll that shows it."""

INTERVALS: Final = (1.0, 2.0, 5.0)
CURVE: Final = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)
TYPICAL: Final = "ltx-2-pro"
FAILS_WITHIN: Final = 3.0


class Case(NamedTuple):
    """Jobs that take about ``times`` the documented duration; ``learned`` if the client has seen five such jobs."""

    name: str
    times: float
    sigma: float
    at_most: float
    learned: bool = False


CASES: Final = (
    Case("as documented", 1, 0.1, 0.5),
    Case("as documented, scattered more", 1, 0.2, 0.6),
    Case("three times longer", 3, 0.1, 1.1),
    Case("three times shorter", 1 / 3, 0.1, 1.7),
    Case("three times longer, after five jobs", 3, 0.1, 0.7, learned=True),
    Case("three times shorter, after five jobs", 1 / 3, 0.1, 0.7, learned=True),
)

TEXT: Final = """\
A simulation on a clock, without the network. With a fixed interval, half the delay until an end is known costs
twice the requests, so the figure is requests times mean delay, and the ratio compares it with the mean for fixed
intervals of 1, 2 and 5 s. The durations of {count} jobs scatter (log-normal, sigma 0.1; "scattered more": 0.2)
around the documented one, or around a third or three times of it. Each row is the worst of the five models. After
five jobs the client has learned the real duration. The last row is for jobs that fail in their first 2.9 s: the
latest moment at which the client knows.
"""


def measure(*, quick: bool) -> Section:
    """Simulate every case with every model."""
    count = 300 if quick else 1500
    say("polling, simulated")
    rows = [_row(case, max(_ratio(case, model, count) for model in MODELS)) for case in CASES]
    latest = max(_known(failed, model.seconds) for failed in (0.0, 1.0, 1.29, 2.0, 2.89) for model in MODELS.values())
    shown = f"{latest:.2f} s"
    rows.append(Row("A job that fails at once: known after", shown, "", None, "≤ 3 s", latest <= FAILS_WITHIN))
    about = f"Requests and delay for {TYPICAL}: ours, and fixed intervals from {CURVE[0]:g} to {CURVE[-1]:g} s"
    panels = [_panel(case, count) for case in CASES if not case.learned]
    return Section(
        "When to poll", TEXT.format(count=count), rows, Plot("polling", about, partial(plots.polling, panels=panels))
    )


def _row(case: Case, ratio: float) -> Row:
    return Row(
        f"Requests times delay, {case.name}", f"{ratio:.2f}", "1", ratio, f"≤ {case.at_most}", ratio <= case.at_most
    )


def _panel(case: Case, count: int) -> plots.Panel:
    durations = _scattered(case.times * MODELS[TYPICAL].seconds, case.sigma, count)
    points = {"ours": point(durations, _schedule(case, TYPICAL))}
    if case.times != 1:
        points["ours, after five jobs"] = point(durations, _schedule(case._replace(learned=True), TYPICAL))
    return plots.Panel(case.name, [point(durations, partial(_every, step)) for step in CURVE], points)


def _ratio(case: Case, model: str, count: int) -> float:
    durations = _scattered(case.times * MODELS[model].seconds, case.sigma, count)
    fixed = mean(math.prod(point(durations, partial(_every, step))) for step in INTERVALS)
    return math.prod(point(durations, _schedule(case, model))) / fixed


def _schedule(case: Case, model: str) -> Schedule:
    seen: DurationStats = {}
    for _ in range(5 if case.learned else 0):
        learn(seen, model, case.times * MODELS[model].seconds)
    usual = usual_duration(seen, model)
    return lambda elapsed: next_poll(elapsed, usual)


def _every(step: float, _: float) -> float:
    return step


def point(durations: list[float], schedule: Schedule) -> Point:
    """Return the mean requests and the mean delay of a schedule for jobs of these durations."""
    runs = [_polls(duration, schedule) for duration in durations]
    delays = [end - duration for (_, end), duration in zip(runs, durations, strict=True)]
    return mean(polls for polls, _ in runs), mean(delays)


def _polls(duration: float, schedule: Schedule) -> tuple[int, float]:
    """Return how many polls it takes to see the end, and when that is."""
    now, polls = 0.0, 0
    while now < duration:
        now += schedule(now)
        polls += 1
    return polls, now


def _known(failed: float, usual: float) -> float:
    return _polls(failed + 1e-9, lambda elapsed: next_poll(elapsed, usual))[1]


def _scattered(centre: float, sigma: float, count: int) -> list[float]:
    die = random.Random(7)  # noqa: S311 - a simulation
    return [centre * math.exp(die.gauss(0, sigma)) for _ in range(count)]
