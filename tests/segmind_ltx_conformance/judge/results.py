"""How a job ends: its output, its failure, and how long it is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import cast
from urllib.parse import urlsplit

from segmind_ltx_conformance.checks import Finding
from segmind_ltx_conformance.judge.jobs import HOUR, ORDER, SLACK, JobLife, Read, jobs_of, object_in
from segmind_ltx_conformance.judge.trace import Trace


def endings(trace: Trace) -> Iterator[Finding]:
    """Outputs, failures and retention; and ids that nobody was given."""
    jobs = jobs_of(trace)
    for job in jobs:
        yield from _outputs(job)
        yield from _failure(job)
        yield from _kept(job)
    yield from _unknown(trace, {job.id for job in jobs})


def _outputs(job: JobLife) -> Iterator[Finding]:
    for read in job.live:
        if read.state in {"QUEUED", "PROCESSING"} and read.kind != "alias":
            said = f"{read.request.last.where}: {read.state}, {'with' if read.output else 'without'} an output"
            yield Finding("job.no-early-output", job.slug, read.output is None, said, read.request.indices)
    results = [read for read in job.live if read.kind == "result"]
    for read in results:
        if read.state == "COMPLETED" and read.status == 200:
            output = read.value.get("output")
            holds = isinstance(output, str) and bool(output.strip())
            said = f"{read.request.last.where}: COMPLETED, output {'is there' if holds else f'is {output!r}'[:80]}"
            yield Finding("job.completed-has-output", job.slug, holds, said, read.request.indices)
    for read in job.live:
        if read.kind == "poll" and read.state in ORDER:
            holds = not read.value.get("output") and not read.value.get("video")
            yield Finding(
                "job.poll-has-no-output",
                job.slug,
                holds,
                f"{read.request.last.where}: {read.state}",
                read.request.indices,
            )
    done = [read for read in results if read.state == "COMPLETED" and read.status == 200]
    for before, read in pairwise(done):
        first, then = _stable(before), _stable(read)
        holds = all(first[name] == then[name] for name in first.keys() & then.keys())
        said = "read twice, it is the same" if holds else f"first {str(first)[:100]}, then {str(then)[:100]}"
        places = (*before.request.indices, *read.request.indices)
        yield Finding("job.result-stable", job.slug, holds, said, places)


def _stable(read: Read) -> dict[str, object]:
    """What has to stay the same of a result: where its video is (but not a signature in the query), and its cost."""
    output, metrics = read.value.get("output"), read.value.get("metrics")
    place = urlsplit(output)._replace(query="", fragment="").geturl() if isinstance(output, str) else output
    told = cast("dict[str, object]", metrics) if isinstance(metrics, dict) else {}
    return {"state": read.state, "output": place, **{name: told[name] for name in ("cost",) if name in told}}


def _failure(job: JobLife) -> Iterator[Finding]:
    failed = [read for read in job.live if (read.state == "FAILED" or read.status == 422) and read.kind != "alias"]
    for read in failed:
        where = read.request.last.where
        right = read.status == 422
        places = read.request.indices
        yield Finding("job.failed-is-422", job.slug, right, f"{where}: FAILED is answered {read.status}", places)
        yield Finding(f"{read.kind}.status.422", job.slug, right, f"{where}: FAILED is answered {read.status}", places)
        if right:
            yield Finding(
                "status.422-is-a-failed-job",
                job.slug,
                read.state == "FAILED",
                f"{where}: 422 says {read.state}",
                places,
            )
        detail = detail_of(read)
        said = f"{where}: {detail[:80]!r}" if detail else f"{where}: no word of why"
        yield Finding("job.failed-has-detail", job.slug, bool(detail), said, places)
        metrics = object_in(read.request).get("metrics")
        cost = cast("dict[str, object]", metrics).get("cost") if isinstance(metrics, dict) else None
        yield Finding("billing.failed-is-free", job.slug, not cost, f"{where}: cost is {cost!r}", places)
    if job.key == "failing" and not failed and job.first_ended is not None:
        end = job.first_ended
        said = f"the profile says that every job of the failing key ends FAILED; this one ended {end.state}"
        yield Finding("job.failed-is-422", job.slug, None, said, end.request.indices)
    if job.key == "failing":
        for read in job.reads:
            if not read.found and job.submit is not None and read.at <= job.submit.exchange.at + HOUR:
                said = f"{read.request.last.where}: a job that fails is answered {read.status}"
                yield Finding("job.failed-is-422", job.slug, False, said, read.request.indices)
                yield Finding(f"{read.kind}.status.422", job.slug, False, said, read.request.indices)


def detail_of(read: Read) -> str:
    """Why a job failed, in whatever field it is said."""
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


def _kept(job: JobLife) -> Iterator[Finding]:
    """Readable through one hour, and 404 after it, wherever between submit and end the hour begins."""
    if job.submit is None or not job.live:
        return
    begun, end = job.submit.exchange.at, job.first_ended
    first = job.live[0].request.last.index
    for read in job.reads:
        if read.kind == "alias" or read.request.last.index < first or job.key == "failing":
            continue
        age = read.at - begun
        said = f"{read.request.last.where}: answered {read.status}, {age:.0f} s after the submit"
        if age <= HOUR - SLACK:
            if not read.found or age > HOUR / 2:
                yield Finding("job.kept-one-hour", job.slug, read.found, said, read.request.indices)
        elif end is not None and read.at > end.at + HOUR + SLACK:
            gone = read.status == 404
            said = f"{read.request.last.where}: answered {read.status}, {read.at - end.at:.0f} s after the end was seen"
            yield Finding("job.expired-is-404", job.slug, gone, said, read.request.indices)
            yield Finding(f"{read.kind}.status.404", job.slug, gone, said, read.request.indices)


def _unknown(trace: Trace, known: set[str]) -> Iterator[Finding]:
    for request in trace.of("poll", "result"):
        if (
            not request.works
            or request.last.job in known
            or (request.exchange.probe or "").split(" ")[0] != "unknown-id"
        ):
            continue
        if request.status == 0 or (not request.answered and not request.keeps_failing):
            yield Finding(
                "job.unknown-is-404", None, None, f"{request.last.where}: answered {request.status}", request.indices
            )
            continue
        said = f"{request.last.where}: an id that was never given out is answered {request.status}"
        for clause in ("job.unknown-is-404", f"{request.kind}.status.404"):
            yield Finding(clause, None, request.status == 404, said, request.indices)
