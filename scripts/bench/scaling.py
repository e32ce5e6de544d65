"""Measure if the cost of a job grows with the number of jobs."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import Final

from bench import plots
from bench.harness import Plot, Row, Section, say, serving
from bench.many_compare import Who, run

AT_MOST: Final = 1.25
MODEL: Final = "ltx-video"

TEXT: Final = """\
CPU of a job of 0.2 s if so many of them are in flight at once, with each client's own schedule of polls. Our
client makes three requests for each job, however many there are. segmind runs in as many threads as there are jobs.
{rounds} rounds, all numbers of jobs in turn, each in a fresh process; medians.
"""


def measure(*, quick: bool) -> Section:
    """Measure the CPU time per job for growing numbers of jobs."""
    counts = (50, 100) if quick else (250, 500, 1000, 2000)
    rounds = 1 if quick else 5
    taken: dict[Who, list[float]] = {(name, count): [] for count in counts for name in ("segmind", "ours")}
    with serving(0.2) as url:
        for number in range(rounds):
            say(f"growing numbers of jobs: round {number + 1} of {rounds}")
            for who, figures in taken.items():
                figures.append(run(url, who, who[1], None, MODEL).cpu_of_a_job * 1e3)
    lines = {name: [median(taken[name, count]) for count in counts] for name in ("ours", "segmind")}
    row = _row(counts[0], counts[-1], lines["ours"], lines["segmind"], quick)
    plot = Plot("scaling", "CPU of a job by the number of jobs", partial(plots.scaling, counts=counts, lines=lines))
    return Section("Growing numbers of jobs", TEXT.format(rounds=rounds), [row], plot)


def _row(first: int, last: int, ours: list[float], other: list[float], quick: bool) -> Row:
    grown = ours[-1] / ours[0]
    shown = [f"{line[0]:.2f} → {line[-1]:.2f} ms" for line in (ours, other)]
    what = f"CPU of a job, {last} jobs at once against {first}"
    return Row(what, shown[0], shown[1], grown, f"≤ {AT_MOST}", None if quick else grown <= AT_MOST)
