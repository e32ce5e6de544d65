"""Following jobs to their end: the result first, then the status, in each round, so that an early output is no race."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urljoin, urlsplit

from segmind_ltx_conformance.prober.context import Job, RunContext, field_at, text_at
from segmind_ltx_conformance.recording import Exchange

FINAL: Final = frozenset({"COMPLETED", "FAILED"})
STATES: Final = FINAL | {"QUEUED", "PROCESSING"}
MOST_ODD: Final = 3
"""So many readings that say none of the four states, or two of them, end the polling of a job."""
USUAL: Final = 20.0
"""How many times the slowest model's usual time a clock with a lever is moved on for a job."""
STEPS: Final = (0.01, 0.05)
"""The first steps of a lever, as parts of the slowest model's usual time; short, so that waiting and running show."""
STEP: Final = 0.25


def follow(run: RunContext) -> None:
    """Read every live job until it has ended, moving the clock or letting time pass between the rounds."""
    rounds = 0
    slowest = max((one.seconds for one in run.contract.models.values()), default=60.0)
    limit = USUAL * slowest if run.clock_control else run.target.limits.job_timeout
    if any(not job.over for job in run.jobs):
        run.patience = limit
    begun = {id(job): time.monotonic() for job in run.jobs}
    while live := [job for job in run.jobs if not job.over]:
        run.each(live, lambda job: _read(run, job))
        for job in live:
            waited = run.wire.moved - job.clock_control if run.clock_control else job.read - job.submitted
            late = time.monotonic() - begun[id(job)] > run.target.limits.job_timeout
            job.over = job.over or waited >= limit or late
            if late and run.clock_control and not job.ended:
                run.patience = min(run.patience or limit, job.read - job.submitted)
        if all(job.over for job in live):
            return
        _pass_time(run, rounds, slowest)
        rounds += 1


def _pass_time(run: RunContext, rounds: int, slowest: float) -> None:
    if run.clock_control:
        # A job that takes unusually long is waited for in growing steps.
        share = STEPS[rounds] if rounds < len(STEPS) else STEP * 2 ** max(0, (rounds - 8) // 2)
        if run.wire.advance(max(0.1, share * slowest)):
            return
        run.clock_control = False
        run.skip("retention", None, "the clock's lever does not work")
    time.sleep(run.target.limits.poll_interval)


def _read(run: RunContext, job: Job) -> None:
    """One round of one job."""
    result = run.get(f"result {job.label} round {job.rounds}", job.path, job.key)
    status = run.get(f"poll {job.label} round {job.rounds}", f"{job.path}/status", job.key)
    job.rounds, job.read = job.rounds + 1, status.at
    told = (state_of(result), state_of(status))
    if all(state in FINAL for state in told):
        _ended(run, job, result, status)
    elif any(state not in STATES for state in told) or any(state in FINAL for state in told):
        # A job may end between the two readings, so one that differs is no reason to stop yet.
        job.unexpected += 1
        job.over = job.unexpected >= MOST_ODD


def _ended(run: RunContext, job: Job, result: Exchange, status: Exchange) -> None:
    job.over, job.state = True, state_of(result)
    job.ended, job.moved = status.at, run.wire.moved
    # What it cost may stand in either, and a job that failed is not charged for.
    for one in (result, status):
        run.budget.settle(job.hold, field_at(one, "metrics", "cost"))
    # What has ended stays so: the result read twice has to be the same, and so does the state.
    run.get(f"result {job.label} again", job.path, job.key)
    run.get(f"poll {job.label} again", f"{job.path}/status", job.key)
    if job.state != "COMPLETED":
        run.unexpected = run.unexpected or job.key != "failing"
        return
    job.output = output_of(result)
    if job.output is not None:
        run.outputs.append((job.label, job.output))
    for name, path, word in (("response_url", job.path, "result"), ("status_url", f"{job.path}/status", "poll")):
        _given(run, job, name, path, f"{word} {job.label} at its {name}")


def _given(run: RunContext, job: Job, name: str, path: str, probe: str) -> None:
    """Read the location that the submit gave, where it is another one than the documented path."""
    given = text_at(job.answer, name)
    if given is None:
        return
    whole = same_origin(run, given)
    if whole is None:
        run.skip("poll", job.model.slug, f"{name} lies on another origin, where the key must not be sent")
    elif whole != f"{run.target.base_url}{path}":
        run.get(probe, whole, job.key)


def same_origin(run: RunContext, location: str) -> str | None:
    """The whole URL, where it leads to the target itself; None where the key must not be sent there."""
    whole = urljoin(f"{run.target.base_url}/", location)
    try:
        here, there = urlsplit(run.target.base_url), urlsplit(whole)
        same = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
    except ValueError:
        return None
    return whole if same and "@" not in there.netloc else None


def state_of(one: Exchange) -> str | None:
    """The state that an answer tells; 422 is how a job that FAILED is answered."""
    if one.status == 422:
        return text_at(one, "status") or "FAILED"
    return text_at(one, "status") if one.status == 200 else None


def output_of(one: Exchange) -> str | None:
    """The location of the video in an answer, wherever in it that stands."""
    return text_at(one, "output") or text_at(one, "video", "url")
