"""Check that a submit returns before its job has ended, and that polling the status alone shows the end."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Final

from segmind_ltx_conformance.checks import Finding
from segmind_ltx_conformance.judge.jobs import FINAL_STATES, ORDER, SLACK, JobHistory, jobs_of
from segmind_ltx_conformance.judge.trace import Trace

SLOW: Final = 1.0
"""Seconds. A submit that returns sooner keeps no caller waiting, even if its job has ended by then."""
SLOWER: Final = 3.0
"""How many times longer than other requests of the run a submit has to take to count as slow."""
AT_ONCE: Final = 1.0
"""Seconds between a response to a submit and a read that shows the state at that moment."""


def progress(trace: Trace) -> Iterator[Finding]:
    """Check both for every job."""
    usual = _usual_duration(trace)
    for job in jobs_of(trace):
        yield from _answers_at_once(job, usual)
        yield from _poll_tells(job, trace.recording.job_deadline)


def _usual_duration(trace: Trace) -> float:
    """Return how long a read usually took, in seconds."""
    durations = [r.exchange.took for r in trace.of("poll", "result") if r.exchange.took is not None]
    return median(durations) if durations else 0.0


def _answers_at_once(job: JobHistory, usual: float) -> Iterator[Finding]:
    if job.submit is None or not job.found_reads:
        return
    clause, first, took = "v2.answers-at-once", job.found_reads[0], job.submit.exchange.took
    indices = (*job.submit.indices, *first.request.indices)
    if first.state in ORDER and first.state not in FINAL_STATES:
        yield Finding(clause, job.slug, True, f"after the submit the job was {first.state}", indices)
    elif first.state in FINAL_STATES and took is not None:
        detail = f"the submit took {took:.2f} s, and right after it the job was {first.state}"
        if took < max(SLOW, SLOWER * usual):
            yield Finding(clause, job.slug, True, detail, indices)
        elif first.at - (job.submit.exchange.at + took) <= AT_ONCE:
            yield Finding(clause, job.slug, False, detail, indices)


def _poll_tells(job: JobHistory, deadline: float | None) -> Iterator[Finding]:
    """Judge the polls before the result was read for the first time."""
    if job.submit is None:
        return
    result = next((read for read in job.reads if read.kind != "poll"), None)
    polls = [
        read
        for read in job.reads
        if read.kind == "poll" and (result is None or read.request.last.index < result.request.last.index)
    ]
    if not polls:
        return
    clause, last = "job.poll-tells", polls[-1]
    ended = next((read for read in polls if read.state in FINAL_STATES), None)
    if ended is not None:
        detail = f"{ended.request.last.summary}: {ended.state}, before the result was read"
        yield Finding(clause, job.slug, True, detail, ended.request.indices)
        return
    waited = last.at - job.submit.exchange.at
    silent = not any(read.state in ORDER for read in polls)
    # No page says in which field the status route gives the state.
    through = ("job-status.status.required",) if all(read.state is None for read in polls) else ()
    if deadline is None or not (silent or waited >= deadline - SLACK):
        return
    detail = f"after {waited:.0f} s of polling the status is {last.state or 'missing'}"
    if result is not None and result.state in FINAL_STATES:
        indices = (*last.request.indices, *result.request.indices)
        yield Finding(clause, job.slug, False, f"{detail}, and the result is {result.state}", indices, through)
    else:
        yield Finding(clause, job.slug, None, f"{detail}, and so is the result", last.request.indices, through)
