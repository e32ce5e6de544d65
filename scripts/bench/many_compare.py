"""Compare many jobs at once in one process: our client, and the vendor's SDK in its best number of threads."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any, Final, NamedTuple

from bench.harness import Row, TooLongError, fresh, paired, say

CAP: Final = 400.0
"""Seconds; a run that takes longer is stopped."""

NAMES: Final = {
    "ours": "`Client`",
    "ours-async": "`AsyncClient`",
    "ours-aiohttp": "`AsyncClient` over aiohttp",
    "segmind": "segmind",
    "segmind-each": "segmind, a client for each thread",
}


class Bounds(NamedTuple):
    """Bounds for our figure divided by the other: a minimum for jobs/s, a maximum for CPU and memory."""

    pace: float
    cpu: float
    peak: float


class Setting(NamedTuple):
    """The jobs of a comparison. ``rivals`` are clients with their numbers of threads.

    If ``interval`` is None, each client polls by its own schedule. A rival gets at most ``each`` jobs per thread.
    """

    jobs: int
    interval: float | None
    model: str
    rivals: tuple[tuple[str, int], ...]
    ours: tuple[str, ...]
    rounds: int
    each: int = 1000


class Run(NamedTuple):
    """The figures of one process: seconds, CPU seconds, peak memory in MB."""

    jobs: int
    lost: int
    seconds: float
    cpu: float
    peak: float
    requests: int

    @property
    def pace(self) -> float:
        """Return the jobs per second, counting only those that gave a video."""
        return (self.jobs - self.lost) / self.seconds

    @property
    def cpu_of_a_job(self) -> float:
        """Return the CPU seconds per job."""
        return self.cpu / self.jobs


Who = tuple[str, int]
"""A client, with its number of threads or of jobs at once."""
Runs = dict[Who, list[Run]]


def run(url: str, who: Who, jobs: int, interval: float | None, model: str) -> Run:
    """Run the jobs in a fresh process."""
    client, at_once = who
    options = ["--url", url, "--jobs", str(jobs), "--at-once", str(at_once), "--model", model]
    if interval is not None:
        options += ["--interval", str(interval)]
    result: dict[str, Any] = fresh("many_run", client, *options, cap=CAP)
    done = Run(jobs, sum(result.pop("errors").values()), **result)
    say(f"  {client} {at_once}: {done.pace:.1f} jobs/s, {done.cpu:.2f} s of CPU, {done.peak:.0f} MB, {done.lost} lost")
    return done


def compare(url: str, setting: Setting) -> Runs:
    """Run all clients in turn; from the second round on, only the two fastest rivals of the first."""
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
    """Return the median of the jobs per second."""
    return median(one.pace for one in runs)


def best(runs: Runs, setting: Setting) -> Who:
    """Return the rival with the most jobs per second, among those that ran in every round."""
    whole = [who for who in setting.rivals if len(runs.get(who, ())) == setting.rounds]
    return max(whole, key=lambda who: pace(runs[who]))


def compared(what: str, runs: Runs, setting: Setting, name: str, bounds: Bounds | None) -> list[Row]:
    """Return three rows that compare one of our clients with the best rival."""
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
    ratio, shown = paired(mine, theirs), [form.format(median(figures)) for figures in (mine, theirs)]
    if bound is None:
        return Row(what, shown[0], shown[1], ratio)
    held = ratio >= bound if more else ratio <= bound
    # If a client loses paid jobs, its speed does not count.
    return Row(what, shown[0], shown[1], ratio, f"{'≥' if more else '≤'} {bound:g}", held and not lost(ours))


def losses(runs: Runs, setting: Setting) -> str:
    """Say how many jobs gave no video, of the rivals and of our clients."""
    theirs, mine = (
        [run for who, made in runs.items() if (who in setting.rivals) is rival for run in made]
        for rival in (True, False)
    )
    counts = [f"{lost(made)} of {sum(run.jobs for run in made)}" for made in (theirs, mine)]
    return f"In all runs, {counts[0]} jobs gave no video with segmind, {counts[1]} with ours."


def lost(runs: list[Run]) -> int:
    """Count the jobs that were started and gave no video."""
    return sum(run.lost for run in runs)
