"""Poll jobs to their final state. Each round reads the result before the status, so an early output is no race.

One job of each run is read by nothing but its status until its end, as a caller does who polls.
"""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urljoin, urlsplit

from segmind_ltx_conformance.bodies import locations_in
from segmind_ltx_conformance.prober.context import Job, RunContext, field_at, text_at
from segmind_ltx_conformance.prober.selection import STATUS_ONLY_CLAUSE
from segmind_ltx_conformance.recording import Exchange

FINAL: Final = frozenset({"COMPLETED", "FAILED"})
STATES: Final = FINAL | {"QUEUED", "PROCESSING"}
MAX_UNEXPECTED: Final = 3
"""After this many rounds with an unknown or contradictory state, a job is not polled any more."""
CLOCK_LIMIT: Final = 20.0
"""How far a clock control is advanced for a job, in multiples of the slowest model's usual time."""
FIRST_STEPS: Final = (0.01, 0.05)
"""The first steps of a clock control, in the same unit; short, so that QUEUED and PROCESSING are seen."""
STEP: Final = 0.25


def follow(run: RunContext) -> None:
    """Poll every job until its final state, and advance the clock or sleep between the rounds."""
    rounds = 0
    slowest = max((model.seconds for model in run.contract.models.values()), default=60.0)
    limit = CLOCK_LIMIT * slowest if run.clock_control else run.target.limits.job_timeout
    if any(not job.polling_ended for job in run.jobs):
        # Earlier jobs may have been given up sooner; the judge needs the shorter time.
        run.job_deadline = min(run.job_deadline or limit, limit)
    _choose_status_only(run)
    started = {id(job): time.monotonic() for job in run.jobs}
    while live := [job for job in run.jobs if not job.polling_ended]:
        run.each(live, lambda job: _read(run, job))
        for job in live:
            waited = run.recorder.advanced - job.advanced_at_submit if run.clock_control else job.read - job.submitted
            timed_out = time.monotonic() - started[id(job)] > run.target.limits.job_timeout
            # Only the steps of the clock count for the job that is read by its status alone: the others' results may
            # take long, and what its status says in the end has to be seen.
            timed_out = timed_out and not (job.status_only and run.clock_control)
            job.polling_ended = job.polling_ended or waited >= limit or timed_out
            if timed_out and run.clock_control and not job.ended:
                run.job_deadline = min(run.job_deadline or limit, job.read - job.submitted)
        for job in live:
            if job.polling_ended and job.status_only and job.state is None:
                # The status never told the end. The result shows whether there was one.
                run.get(f"result {job.label} after its polls", job.path, job.key)
        if all(job.polling_ended for job in live):
            break
        _pass_time(run, rounds, slowest)
        rounds += 1
    _read_later(run, slowest)


def _read_later(run: RunContext, slowest: float) -> None:
    """Read the jobs that have ended once more, some time later: a final state has to stay."""
    ended = [job for job in run.jobs if job.ended is not None and not job.read_later]
    if not ended or not run.clock_control or not run.recorder.advance(STEP * slowest):
        return
    for job in ended:
        job.read_later = True
    run.each(ended, lambda job: run.get(f"poll {job.label} later", f"{job.path}/status", job.key))


def _choose_status_only(run: RunContext) -> None:
    """Choose the job that is read by its status alone, if possible one whose route is on the five pages."""
    mine = [job for job in run.jobs if job.key == "valid"]
    waiting = [job for job in mine if not job.polling_ended]
    if run.options.clauses is not None and STATUS_ONLY_CLAUSE not in run.options.clauses:
        return  # No selected clause needs it, and the other reads may.
    if waiting and not any(job.status_only for job in mine):
        documented = [job for job in waiting if job.documented]
        (documented or waiting)[0].status_only = True


def _pass_time(run: RunContext, rounds: int, slowest: float) -> None:
    if run.clock_control:
        # For a job that takes unusually long the steps grow.
        share = FIRST_STEPS[rounds] if rounds < len(FIRST_STEPS) else STEP * 2 ** max(0, (rounds - 8) // 2)
        if run.recorder.advance(max(0.1, share * slowest)):
            return
        run.clock_control = False
        run.skip("retention", None, "the clock control does not work")
    time.sleep(run.target.limits.poll_interval)


def _read(run: RunContext, job: Job) -> None:
    """Poll one job once."""
    result = None if job.status_only else run.get(f"result {job.label} round {job.rounds}", job.path, job.key)
    status = run.get(f"poll {job.label} round {job.rounds}", f"{job.path}/status", job.key)
    job.rounds, job.read = job.rounds + 1, status.at
    state = state_of(status)
    if result is None:
        if state not in FINAL:
            _count_unexpected(job, as_expected=state in STATES)
            return
        result = run.get(f"result {job.label} round {job.rounds}", job.path, job.key)
    fetched = state_of(result)
    if state is None and 200 <= status.status < 300:
        state = fetched  # The status route may call the state something else; the result tells it as well.
    if state in FINAL and fetched in FINAL:
        _finish(run, job, result, status)
        return
    # A job may end between the two reads, so one contradiction does not stop the polling. Before the end a result may
    # be answered in any way.
    _count_unexpected(job, as_expected=state in STATES and state not in FINAL and fetched not in FINAL)


def _count_unexpected(job: Job, *, as_expected: bool) -> None:
    job.unexpected += not as_expected
    job.polling_ended = job.unexpected >= MAX_UNEXPECTED


def _finish(run: RunContext, job: Job, result: Exchange, status: Exchange) -> None:
    job.polling_ended, job.state = True, state_of(result)
    job.ended, job.advanced_at_end = status.at, run.recorder.advanced
    # Either response may give the cost; a job that failed is not charged.
    for exchange in (result, status):
        run.budget.settle(job.reservation, field_at(exchange, "metrics", "cost"))
    # Read both again: a final result and a final state must not change.
    run.get(f"result {job.label} again", job.path, job.key)
    run.get(f"poll {job.label} again", f"{job.path}/status", job.key)
    if job.state != "COMPLETED":
        run.unexpected = run.unexpected or job.key != "failing"
        return
    job.output = output_of(result)
    if job.output is not None:
        run.outputs.append((job.label, job.output))
    for name, path, word in (("response_url", job.path, "result"), ("status_url", f"{job.path}/status", "poll")):
        _read_given_url(run, job, name, path, f"{word} {job.label} at its {name}")


def _read_given_url(run: RunContext, job: Job, name: str, path: str, probe: str) -> None:
    """Read the URL that the submit gave, if it differs from the documented path."""
    url = text_at(job.answer, name)
    if url is None:
        return
    full_url = same_origin(run, url, job.answer.url)
    if full_url is None:
        run.skip("poll", job.model.slug, f"{name} leads to another origin, and the key must not be sent there")
    elif full_url != f"{run.target.base_url}{path}":
        run.get(probe, full_url, job.key)


def same_origin(run: RunContext, location: str, base: str) -> str | None:
    """Return the absolute URL if it leads to the target; None if the key must not be sent there.

    A relative location is one from ``base``, the URL of the request that it answered.
    """
    try:
        full_url = urljoin(base, location)
        here, there = urlsplit(run.target.base_url), urlsplit(full_url)
        same = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
    except ValueError:
        return None
    return full_url if same and "@" not in there.netloc else None


def state_of(exchange: Exchange) -> str | None:
    """Return the state in a response; a FAILED job is answered with 422."""
    if exchange.status == 422:
        return text_at(exchange, "status") or "FAILED"
    return text_at(exchange, "status") if 200 <= exchange.status < 300 else None


def output_of(exchange: Exchange) -> str | None:
    """Return the location of the video in a result, in any form."""
    return next(iter(locations_in(exchange.json)), None)
