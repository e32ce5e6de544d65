"""A job before and after its hour, and its video before the seven days are over: with a lever, or on a second visit."""

from __future__ import annotations

from typing import Final

from segmind_ltx_conformance.media import can_measure
from segmind_ltx_conformance.prober.context import Job, RunContext
from segmind_ltx_conformance.prober.downloads import download
from segmind_ltx_conformance.prober.follow import FINAL, output_of, state_of
from segmind_ltx_conformance.recording import Exchange, Recording

WATCHED: Final = 2
"""How many jobs are watched."""
BEFORE: Final = 3597.0
"""Seconds after the submit: the result must still be there."""
AFTER: Final = 3605.0
"""Seconds after the end was first seen: it must be gone."""
SEVEN_DAYS: Final = 6.9 * 86400


def watch(run: RunContext) -> None:
    """Move the clock to the moments that matter, and read."""
    done = [job for job in run.jobs if job.state == "COMPLETED" and job.key == "valid"]
    if not run.clock_control:
        run.skip("retention", None, "no clock lever: use --visit resume")
        return
    if not done:
        run.skip("retention", None, "no job was COMPLETED")
        return
    # A target's clock may have been moved by blocking calls: one that stands still otherwise makes them at once.
    blocking = max((one.at for one in run.wire.exchanges if one.path.endswith(run.blocking_paths)), default=0.0)
    jobs = [job for job in done if job.submitted > blocking][-WATCHED:] or done[-WATCHED:]
    ahead = min(job.submitted for job in jobs) + BEFORE - run.wire.now()
    if ahead >= 0 and _move(run, ahead):
        _read(run, jobs, "before its hour")
    else:
        run.skip("retention", None, "the hour of the jobs was nearly over when they came to be watched")
    # Counted by the lever alone: a clock may stand still between two moves.
    if _move(run, max(0.0, max(job.moved for job in jobs) + AFTER - run.wire.moved)):
        _read(run, jobs, "after its hour")
    days = min(job.ended or job.submitted for job in jobs) + SEVEN_DAYS - run.wire.now()
    if run.options.videos and can_measure() and days > 0 and _move(run, days):
        for job in jobs:
            if job.output is not None:
                download(run, f"retention download {job.label}", job.output)


def _move(run: RunContext, seconds: float) -> bool:
    if seconds == 0 or run.wire.advance(seconds):
        return True
    run.skip("retention", None, "the clock's lever does not work")
    return False


def _read(run: RunContext, jobs: list[Job], when: str) -> None:
    for job in jobs:
        run.get(f"retention result {job.label} {when}", job.path, job.key)
        run.get(f"retention poll {job.label} {when}", f"{job.path}/status", job.key)


def visit(run: RunContext, earlier: Recording, offset: float) -> None:
    """Read the jobs of an earlier recording again, and the videos of the last of them. Submits nothing."""
    paths = finished(earlier)
    moment = f"at {offset:.0f} s"
    for number, path in enumerate(paths):
        run.get(f"retention result {number} {moment}", path, "valid")
        run.get(f"retention poll {number} {moment}", f"{path}/status", "valid")
    if run.options.videos and can_measure():
        for number, path in enumerate(paths[-WATCHED:]):
            last = [one for one in earlier.exchanges if one.path == path and state_of(one) == "COMPLETED"]
            if last and (location := output_of(last[-1])) is not None:
                download(run, f"retention download {number} {moment}", location)


def finished(earlier: Recording) -> list[str]:
    """The results that were final when they were read with the valid key."""
    found: dict[str, Exchange] = {}
    for one in earlier.exchanges:
        mine = one.method == "GET" and one.key == "valid" and one.path.startswith("/v2/requests/")
        if mine and not one.path.endswith("/status") and state_of(one) in FINAL:
            found.setdefault(one.path, one)
    return list(found)
