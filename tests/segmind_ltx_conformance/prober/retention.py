"""Read jobs before and after their hour, and videos before seven days, with a clock control or in a second visit."""

from __future__ import annotations

from typing import Final

from segmind_ltx_conformance.media import can_measure
from segmind_ltx_conformance.prober.context import Job, RunContext
from segmind_ltx_conformance.prober.downloads import download
from segmind_ltx_conformance.prober.follow import FINAL, output_of, state_of
from segmind_ltx_conformance.recording import Exchange, Recording

WATCHED_JOBS: Final = 2
"""How many jobs are read."""
BEFORE: Final = 3597.0
"""Seconds after the submit: the result must still be there."""
AFTER: Final = 3605.0
"""Seconds after the final state was first seen: the result must be gone."""
SEVEN_DAYS: Final = 6.9 * 86400


def check_retention(run: RunContext) -> None:
    """Advance the clock to each deadline and read the jobs."""
    completed = [job for job in run.jobs if job.state == "COMPLETED" and job.key == "valid"]
    if not run.clock_control:
        run.skip("retention", None, "the target has no clock control: use --visit start, then --visit resume")
        return
    if not completed:
        run.skip("retention", None, "no job became COMPLETED")
        return
    # A blocking call may advance the target's clock if that clock does not run by itself.
    blocking = max(
        (exchange.at for exchange in run.recorder.exchanges if exchange.path.endswith(run.blocking_paths)), default=0.0
    )
    jobs = [job for job in completed if job.submitted > blocking][-WATCHED_JOBS:] or completed[-WATCHED_JOBS:]
    ahead = min(job.submitted for job in jobs) + BEFORE - run.recorder.now()
    if ahead >= 0 and _move(run, ahead):
        _read(run, jobs, "before its hour")
    else:
        run.skip("retention", None, "the jobs were too old to read them before the end of their hour")
    # Count only the time that was advanced: the target's clock may not run by itself.
    if _move(run, max(0.0, max(job.advanced_at_end for job in jobs) + AFTER - run.recorder.advanced)):
        _read(run, jobs, "after its hour")
    days = min(job.ended or job.submitted for job in jobs) + SEVEN_DAYS - run.recorder.now()
    if run.options.videos and can_measure() and days > 0 and _move(run, days):
        for job in jobs:
            if job.output is not None:
                download(run, f"retention download {job.label}", job.output)


def _move(run: RunContext, seconds: float) -> bool:
    if seconds == 0 or run.recorder.advance(seconds):
        return True
    run.skip("retention", None, "the clock control does not work")
    return False


def _read(run: RunContext, jobs: list[Job], when: str) -> None:
    for job in jobs:
        run.get(f"retention result {job.label} {when}", job.path, job.key)
        run.get(f"retention poll {job.label} {when}", f"{job.path}/status", job.key)


def visit(run: RunContext, earlier: Recording, offset: float) -> None:
    """Read the jobs of an earlier recording again, and download the last videos. Nothing is submitted."""
    paths = final_results(earlier)
    moment = f"at {offset:.0f} s"
    for number, path in enumerate(paths):
        run.get(f"retention result {number} {moment}", path, "valid")
        run.get(f"retention poll {number} {moment}", f"{path}/status", "valid")
    if run.options.videos and can_measure():
        for number, path in enumerate(paths[-WATCHED_JOBS:]):
            last = [
                exchange
                for exchange in earlier.exchanges
                if exchange.path == path and state_of(exchange) == "COMPLETED"
            ]
            if last and (location := output_of(last[-1])) is not None:
                download(run, f"retention download {number} {moment}", location)


def final_results(earlier: Recording) -> list[str]:
    """Return the paths of the results that were final when they were read with the valid key."""
    results: dict[str, Exchange] = {}
    for exchange in earlier.exchanges:
        is_result = exchange.method == "GET" and exchange.key == "valid" and exchange.path.startswith("/v2/requests/")
        if is_result and not exchange.path.endswith("/status") and state_of(exchange) in FINAL:
            results.setdefault(exchange.path, exchange)
    return list(results)
