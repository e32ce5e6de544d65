"""Measure many jobs at once: short ones, short ones on a slow connection, long ones."""

from __future__ import annotations

from functools import partial
from typing import Final

from bench import plots
from bench.harness import Plot, Section, say, serving
from bench.many_compare import CAP, NAMES, Bounds, Runs, Setting, best, compare, compared, losses, pace
from segmind_ltx_api.contract import MODELS

BOUNDS: Final = Bounds(pace=2.0, cpu=0.5, peak=1.0)
NO_WORSE: Final = Bounds(pace=1.0, cpu=1.0, peak=1.0)
FEW_EACH: Final = 4
SHORT: Final = """\
One process, {jobs} jobs of {seconds:g} s, each polled every {interval:g} s. Ours is `generate_many`, with all
jobs in flight at once. The other is segmind's `submit_async(…).wait(…)` in a pool of threads, with the number of
threads that gives the most jobs/s: {best}. CPU is that of the client's process, per job. {rounds} rounds, all
clients in turn; from the second round on, only the two best numbers of threads. Each run is a fresh process, after
one job to warm up. Medians, and the median of the ratios within a round. The rows of `AsyncClient` have no
bound; aiohttp's transport comes with the extra `aiohttp`. {losses}
"""
FAR: Final = """\
The same with a server that takes {latency:g} ms for each response, like one that is far away, so that waiting
counts as well as work. The best of the other is {best}. The bounds only require that ours is no worse. {losses}
"""
LONG: Final = """\
One process, {jobs:,} jobs of {seconds:g} s; each client polls by its own schedule: segmind every 1 s, ours by the
usual duration of the model. `{model}` has the documented duration ({usual:g} s) that is nearest to {seconds:g} s.
It is still {factor:.1f} times as long, so our client expects the wrong duration here, and cannot correct it,
because all jobs start before the first one ends. A run with few threads has {few} jobs for each thread, because
its pace is steady by then; a run of more than {cap:g} s is stopped.
The best of the other is {best}. {losses}
"""


def short(*, quick: bool) -> Section:
    """Measure 500 jobs of 0.2 s, polled every 0.05 s."""
    setting = _short(quick, ("ours", "ours-async", "ours-aiohttp"))
    say("many jobs, short")
    with serving(0.2) as url:
        runs = compare(url, setting)
    text = SHORT.format(
        jobs=setting.jobs,
        seconds=0.2,
        interval=0.05,
        best=_best(runs, setting),
        losses=losses(runs, setting),
        rounds=setting.rounds,
    )
    what = f"{setting.jobs} jobs of 0.2 s"
    rows = compared(what, runs, setting, "ours", None if quick else BOUNDS)
    rows += [row for name in setting.ours[1:] for row in compared(what, runs, setting, name, None)]
    return Section("Many short jobs", text, rows, _plot("many-short", what, runs, setting))


def far(*, quick: bool) -> Section:
    """Measure the same with 50 ms for each response."""
    setting = _short(quick, ("ours", "ours-aiohttp"))
    if not quick:
        setting = setting._replace(rivals=(*setting.rivals, ("segmind-each", 128), ("segmind-each", 256)))
    say("many jobs, far away")
    with serving(0.2, latency=0.05) as url:
        runs = compare(url, setting)
    text = FAR.format(latency=50, best=_best(runs, setting), losses=losses(runs, setting))
    what = f"{setting.jobs} jobs of 0.2 s, 50 ms away"
    rows = compared(what, runs, setting, "ours", None if quick else NO_WORSE)
    rows += compared(what, runs, setting, "ours-aiohttp", None)
    return Section("Many short jobs, far away", text, rows, _plot("many-far", what, runs, setting))


def long(*, quick: bool) -> Section:
    """Measure 5,000 jobs of 20 s, polled by each client's own schedule."""
    jobs, seconds = (500, 5.0) if quick else (5000, 20.0)
    threads = (125, 250) if quick else (256, 1000, 2500, 5000)
    model = min(MODELS.values(), key=lambda model: abs(model.seconds - seconds))
    rivals = tuple(("segmind", count) for count in threads)
    setting = Setting(jobs, None, model.slug, rivals, ("ours",), 1 if quick else 3, each=FEW_EACH)
    say("many jobs, long")
    with serving(seconds) as url:
        runs = compare(url, setting)
    text = LONG.format(
        jobs=jobs,
        seconds=seconds,
        model=model.slug,
        usual=model.seconds,
        factor=model.seconds / seconds,
        few=FEW_EACH,
        cap=CAP,
        best=_best(runs, setting),
        losses=losses(runs, setting),
    )
    what = f"{jobs:,} jobs of {seconds:g} s"
    rows = compared(what, runs, setting, "ours", None if quick else BOUNDS)
    return Section("Many long jobs", text, rows, _plot("many-long", what, runs, setting))


def _short(quick: bool, ours: tuple[str, ...]) -> Setting:
    threads = (16, 64) if quick else (16, 64, 128, 256)
    rivals = tuple(("segmind", count) for count in threads)
    return Setting(100 if quick else 500, 0.05, "ltx-video", rivals, ours, 1 if quick else 7)


def _best(runs: Runs, setting: Setting) -> str:
    client, threads = best(runs, setting)
    return f"{NAMES[client]}, {threads} threads"


def _plot(name: str, what: str, runs: Runs, setting: Setting) -> Plot:
    theirs = {who: pace(runs[who]) for who in setting.rivals if who in runs}
    ours = {NAMES[name].replace("`", ""): pace(runs[name, setting.jobs]) for name in setting.ours}
    return Plot(name, f"{what}: jobs/s by the number of threads", partial(plots.many_compare, theirs=theirs, ours=ours))
