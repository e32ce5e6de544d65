"""Check the results of jobs: output, failure and retention."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, cast
from urllib.parse import urlsplit

from segmind_ltx_conformance.checks import Finding
from segmind_ltx_conformance.judge.jobs import (
    ORDER,
    RETENTION,
    SLACK,
    JobHistory,
    Read,
    jobs_of,
    json_object,
    succeeded,
)
from segmind_ltx_conformance.judge.trace import Trace
from segmind_ltx_conformance.recording import Part


def results(trace: Trace) -> Iterator[Finding]:
    """Check outputs, failures and retention, and reads of unknown request ids."""
    jobs = jobs_of(trace)
    for job in jobs:
        yield from _outputs(job)
        yield from _failure(job)
        yield from _retention(job)
    yield from _unknown(trace, {job.id for job in jobs})


def _outputs(job: JobHistory) -> Iterator[Finding]:
    for read in job.found_reads:
        if read.state in {"QUEUED", "PROCESSING"} and read.kind != "alias":
            detail = f"{read.request.last.summary}: {read.state}, {'with' if read.output else 'without'} an output"
            yield Finding("job.no-early-output", job.slug, read.output is None, detail, read.request.indices)
    results = [read for read in job.found_reads if read.kind == "result"]
    for read in results:
        if read.state == "COMPLETED" and succeeded(read.status):
            output = read.value.get("output")
            holds = bool(output.strip()) if isinstance(output, str) else output not in (None, [], {})
            detail = f"{read.request.last.summary}: COMPLETED, output {'is there' if holds else f'is {output!r}'[:80]}"
            yield Finding("job.completed-has-output", job.slug, holds, detail, read.request.indices)
    for read in job.found_reads:
        if read.kind == "poll" and read.state in ORDER:
            holds = not read.value.get("output") and not read.value.get("video")
            yield Finding(
                "job.poll-has-no-output",
                job.slug,
                holds,
                f"{read.request.last.summary}: {read.state}",
                read.request.indices,
            )
    done = [read for read in results if read.state == "COMPLETED" and succeeded(read.status)]
    for before, read in pairwise(done):
        first, then = _stable(before), _stable(read)
        holds = all(first[name] == then[name] for name in first.keys() & then.keys())
        detail = "both reads are the same" if holds else f"first {str(first)[:100]}, then {str(then)[:100]}"
        indices = (*before.request.indices, *read.request.indices)
        yield Finding("job.result-stable", job.slug, holds, detail, indices)


def _stable(read: Read) -> dict[str, object]:
    """Return the parts of a result that must not change: the video's URL without its query, and the cost."""
    output, metrics = read.value.get("output"), read.value.get("metrics")
    url = urlsplit(output)._replace(query="", fragment="").geturl() if isinstance(output, str) else output
    reported = cast("dict[str, object]", metrics) if isinstance(metrics, dict) else {}
    return {"state": read.state, "output": url, **{name: reported[name] for name in ("cost",) if name in reported}}


def _failure(job: JobHistory) -> Iterator[Finding]:
    """Check how a FAILED job is served. The pages mean the result; the same for its status is of grade P."""
    failed = [
        read for read in job.found_reads if (read.state == "FAILED" or read.status == 422) and read.kind != "alias"
    ]
    for read in failed:
        where, indices, right = read.request.last.summary, read.request.indices, read.status == 422
        through = job.weakness_of(read) if read.kind == "result" else ("job.failed-status-is-422",)
        for clause in FAILED_STATUS[read.kind]:
            yield Finding(clause, job.slug, right, f"{where}: FAILED returned {read.status}", indices)
        if not read.request.shows(Part.BODY):
            continue
        if right and read.kind == "result":
            holds, detail = read.state == "FAILED", f"{where}: 422 gives the state {read.state}"
            yield Finding("status.422-is-a-failed-job", job.slug, holds, detail, indices, through)
        reason = detail_of(read)
        detail = f"{where}: {reason[:80]!r}" if reason else f"{where}: no reason is given"
        yield Finding("job.failed-has-detail", job.slug, bool(reason), detail, indices, through)
        metrics = json_object(read.request).get("metrics")
        cost = cast("dict[str, object]", metrics).get("cost") if isinstance(metrics, dict) else None
        yield Finding("billing.failed-is-free", job.slug, not cost, f"{where}: cost is {cost!r}", indices)
    if job.key == "failing" and not failed and job.first_ended is not None:
        end = job.first_ended
        detail = f"every job of the failing key should end FAILED; this one ended {end.state}"
        yield Finding("job.failed-is-422", job.slug, None, detail, end.request.indices)
    yield from _failure_not_served(job)


def _failure_not_served(job: JobHistory) -> Iterator[Finding]:
    """Check that a job that was seen FAILED is still answered as such within its hour."""
    seen = next((read for read in job.found_reads if read.state == "FAILED"), None)
    if seen is None or job.submit is None:
        return
    for read in job.reads:
        young = read.at <= job.submit.exchange.at + RETENTION - SLACK
        if read.kind != "alias" and not read.found and young and read.request.last.index > seen.request.last.index:
            detail = f"{read.request.last.summary}: a FAILED job returned {read.status}"
            for clause in FAILED_STATUS[read.kind]:
                yield Finding(clause, job.slug, False, detail, read.request.indices)


FAILED_STATUS: Final = {
    "result": ("job.failed-is-422", "result.status.422"),
    "poll": ("job.failed-status-is-422", "poll.status.422"),
}
"""The clauses about the status of a FAILED job, by kind of route."""


def detail_of(read: Read) -> str:
    """Return the reason for a failure, from whichever field gives it."""
    known = {
        "status",
        "request_id",
        "status_url",
        "response_url",
        "poll_url",
        "metrics",
        "output",
        "video",
        "status_code",
    }
    texts = [value for name, value in read.value.items() if name not in known]
    return next((json.dumps(text) for text in texts if re.search(r"\w", str(text or ""))), "")


def _retention(job: JobHistory) -> Iterator[Finding]:
    """Check that a job can be read for one hour and then answers 404, whenever the target starts the hour."""
    if job.submit is None or not job.found_reads:
        return
    submitted, end = job.submit.exchange.at, job.first_ended
    first = job.found_reads[0].request.last.index
    for read in job.reads:
        if read.kind == "alias" or read.request.last.index < first or job.key == "failing":
            continue
        if read.kind == "result" and not read.found and not job.ended_before(read):
            continue  # Before the end no page says how a result is answered.
        age = read.at - submitted
        detail = f"{read.request.last.summary}: returned {read.status}, {age:.0f} s after the submit"
        if age <= RETENTION - SLACK:
            if not read.found or age > RETENTION / 2:
                yield Finding("job.kept-one-hour", job.slug, read.found, detail, read.request.indices)
        elif end is not None and read.at > end.at + RETENTION + SLACK:
            gone = read.status == 404
            detail = (
                f"{read.request.last.summary}: returned {read.status}, {read.at - end.at:.0f} s after the final state"
            )
            yield Finding("job.expired-is-404", job.slug, gone, detail, read.request.indices)
            yield Finding(f"{read.kind}.status.404", job.slug, gone, detail, read.request.indices)
    for read in job.unclear:
        age = read.at - submitted
        if read.kind != "alias" and job.key != "failing" and age > RETENTION / 2:
            clause = "job.kept-one-hour" if age <= RETENTION - SLACK else "job.expired-is-404"
            detail = f"{read.request.last.summary}: returned {read.status or 'no response'} each time"
            yield Finding(clause, job.slug, None, detail, read.request.indices)


def _unknown(trace: Trace, known: set[str]) -> Iterator[Finding]:
    for request in trace.of("poll", "result"):
        if (
            not request.key_works
            or request.last.job in known
            or (request.exchange.probe or "").split(" ")[0] != "unknown-id"
        ):
            continue
        if request.status == 0 or (not request.answered and not request.keeps_failing):
            yield Finding(
                "job.unknown-is-404", None, None, f"{request.last.summary}: returned {request.status}", request.indices
            )
            continue
        detail = f"{request.last.summary}: an unknown request id returned {request.status}"
        for clause in ("job.unknown-is-404", f"{request.kind}.status.404"):
            yield Finding(clause, None, request.status == 404, detail, request.indices)
