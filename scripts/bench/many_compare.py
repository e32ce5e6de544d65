"""Many jobs at once in one process: ours against the vendor's SDK in as many threads as suit it best."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any, Final, NamedTuple

from bench.harness import Row, TooLongError, fresh, paired, say

CAP: Final = 400.0
"""Seconds after which a run is stopped."""

NAMES: Final = {
    "ours": "`Client`",
    "ours-async": "`AsyncClient`",
    "ours-aiohttp": "`AsyncClient` over aiohttp",
    "segmind": "segmind",
    "segmind-each": "segmind, a client for each thread",
}


class Bounds(NamedTuple):
    """Ours as a multiple of the other's: jobs/s at least, the others at most."""

    pace: float
    cpu: float
    peak: float


class Setting(NamedTuple):
    """What is to be done. ``rivals`` are clients with the number of threads; None as interval is each one's own.

    A rival gets no more than ``each`` jobs for each thread.
    """

    jobs: int
    interval: float | None
    model: str
    rivals: tuple[tuple[str, int], ...]
    ours: tuple[str, ...]
    rounds: int
    each: int = 1000


class Run(NamedTuple):
    """What one process took: seconds, CPU seconds, MB at most."""

    jobs: int
    lost: int
    seconds: float
    cpu: float
    peak: float
    requests: int

    @property
    def pace(self) -> float:
        """Jobs that gave a video, in a second."""
        return (self.jobs - self.lost) / self.seconds

    @property
    def cpu_of_a_job(self) -> float:
        """In seconds."""
        return self.cpu / self.jobs


Who = tuple[str, int]
"""A client, and how many threads or jobs at once."""
Runs = dict[Who, list[Run]]


def run(url: str, who: Who, jobs: int, interval: float | None, model: str) -> Run:
    """One run in a fresh process."""
    client, at_once = who
    options = ["--url", url, "--jobs", str(jobs), "--at-once", str(at_once), "--model", model]
    if interval is not None:
        options += ["--interval", str(interval)]
    told: dict[str, Any] = fresh("many", client, *options, cap=CAP)
    made = Run(jobs, sum(told.pop("errors").values()), **told)
    say(f"  {client} {at_once}: {made.pace:.1f} jobs/s, {made.cpu:.2f} s of CPU, {made.peak:.0f} MB, {made.lost} lost")
    return made


def compare(url: str, setting: Setting) -> Runs:
    """All in turn; from the second round on only the two rivals that were fastest in the first."""
    runs: Runs = {}
    rivals = setting.rivals
    for number in range(setting.rounds):
        say(f" round {number + 1} of {setting.rounds}")
        for who in (*rivals, *((name, setting.jobs) for name in setting.ours)):
            jobs = setting.jobs if who[0] in setting.ours else min(setting.jobs, setting.each * who[1])
            try:
                runs.setdefault(who, []).append(run(url, who, jobs, setting.interval, setting.model))
            except TooLongError as error:
                say(f"  {error}")
        rivals = tuple(sorted((who for who in rivals if runs.get(who)), key=lambda who: -pace(runs[who]))[:2])
    return runs


def pace(runs: list[Run]) -> float:
    """Jobs in a second."""
    return median(one.pace for one in runs)


def best(runs: Runs, setting: Setting) -> Who:
    """The rival with the most jobs in a second, among those that were in each round."""
    whole = [who for who in setting.rivals if len(runs.get(who, ())) == setting.rounds]
    return max(whole, key=lambda who: pace(runs[who]))


def compared(what: str, runs: Runs, setting: Setting, name: str, bounds: Bounds | None) -> list[Row]:
    """Three rows: one of ours against the best rival."""
    ours, other = runs[name, setting.jobs], runs[best(runs, setting)]
    at_least, cpu, peak = bounds or (None, None, None)
    about = f"{NAMES[name]}, {what}:"
    return [
        _row(f"{about} jobs/s", ours, other, lambda run: run.pace, "{:.0f}", at_least, more=True),
        _row(f"{about} CPU of a job", ours, other, lambda run: run.cpu_of_a_job * 1e3, "{:.2f} ms", cpu),
        _row(f"{about} peak memory", ours, other, lambda run: run.peak, "{:.0f} MB", peak),
    ]


def _row(
    what: str,
    ours: list[Run],
    other: list[Run],
    figure: Callable[[Run], float],
    form: str,
    bound: float | None,
    *,
    more: bool = False,
) -> Row:
    mine, theirs = ([figure(run) for run in runs] for runs in (ours, other))
    ratio, told = paired(mine, theirs), [form.format(median(figures)) for figures in (mine, theirs)]
    if bound is None:
        return Row(what, told[0], told[1], ratio)
    held = ratio >= bound if more else ratio <= bound
    # A client that loses paid jobs is not fast.
    return Row(what, told[0], told[1], ratio, f"{'≥' if more else '≤'} {bound:g}", held and not lost(ours))


def losses(runs: Runs, setting: Setting) -> str:
    """Says how many jobs the rivals lost, and that ours lost none where that is so."""
    theirs, mine = (
        [run for who, made in runs.items() if (who in setting.rivals) is rival for run in made]
        for rival in (True, False)
    )
    told = [f"{lost(made)} of {sum(run.jobs for run in made)}" for made in (theirs, mine)]
    return f"In all runs, {told[0]} jobs gave no video with segmind, {told[1]} with ours."


def lost(runs: list[Run]) -> int:
    """Jobs that were begun and gave no video."""
    return sum(run.lost for run in runs)
