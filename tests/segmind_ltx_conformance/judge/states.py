"""Check the life of a job: its id, its URLs, its states and their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from segmind_ltx_conformance.checks import Finding, Observation
from segmind_ltx_conformance.judge.jobs import (
    FINAL_STATES,
    ORDER,
    RETENTION,
    SLACK,
    JobHistory,
    Read,
    is_conclusive,
    jobs_of,
    submits,
    succeeded,
)
from segmind_ltx_conformance.judge.statuses import message_of
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_conformance.recording import Part

_ON_A_JOB: Final = re.compile(r"/v[12]/requests/[^/]+(/status)?$")
_BLOCKED: Final = re.compile(r"BLOCK|MODERAT|REJECT|NSFW|POLICY|CENSOR", re.IGNORECASE)


def lifecycle(trace: Trace) -> Iterator[Finding]:
    """Check the ids and URLs of all jobs, and their states up to the final one."""
    yield from _ids(trace)
    for job in jobs_of(trace):
        yield from _addresses(job, trace)
        yield from _reachable(job)
        yield from _states(job, trace)
        yield from _order(job)


def _ids(trace: Trace) -> Iterator[Finding]:
    seen: dict[str, Request] = {}
    for name, request in submits(trace):
        # An id may be given out again once its job has expired. A job of the last hour certainly is still kept.
        fresh = name not in seen or request.exchange.at - seen[name].exchange.at > RETENTION - SLACK
        detail = f"{request.last.summary}: the id {name[:60]} {'is new' if fresh else 'already belongs to another job'}"
        indices = request.indices if fresh else (seen[name].last.index, *request.indices)
        yield Finding("job.id-unique", request.slug, fresh, detail, indices)
        if fresh:
            seen[name] = request
    by_body: dict[tuple[str, str | None], list[str]] = {}
    for name, request in submits(trace):
        if not request.shows(Part.REQUEST_BODY):
            continue
        by_body.setdefault((request.exchange.url, request.exchange.request_body), []).append(name)
    for (url, _), names in by_body.items():
        if len(names) > 1:
            holds = len(set(names)) == len(names)
            slug = next(r.slug for _, r in submits(trace) if r.exchange.url == url)
            detail = f"the same request {len(names)} times: {len(set(names))} jobs"
            indices = tuple(r.last.index for name, r in submits(trace) if name in names)
            yield Finding("billing.no-idempotency", slug, holds, detail, indices)


def _addresses(job: JobHistory, trace: Trace) -> Iterator[Finding]:
    if job.submit is None:
        return
    for name, path in (("status_url", f"/v2/requests/{job.id}/status"), ("response_url", f"/v2/requests/{job.id}")):
        url = job.accepted.get(name)
        if isinstance(url, str) and url.strip():
            yield from _leads(job, trace, name, url, path)
    for name in ("status_url", "response_url", "poll_url"):
        yield from _elsewhere(job, name, trace)
    alias = job.accepted.get("poll_url")
    if isinstance(alias, str) and alias and job.id not in unquote(urlsplit(alias).path):
        yield Finding("job.poll-url-works", job.slug, False, f"poll_url is {alias[:120]}", job.submit.indices)
    for request in trace.of("output", "other"):
        if request.exchange.url == alias and request.key_works and is_conclusive(request):
            detail = f"poll_url is {str(alias)[:120]}: returned {request.status}"
            yield Finding("job.poll-url-works", job.slug, request.status in {200, 422}, detail, request.indices)
    yield from _alias(job)


def _leads(job: JobHistory, trace: Trace, name: str, url: str, path: str) -> Iterator[Finding]:
    """Check that a URL of a submit leads to the job: by its form if that is the documented one, or by its response."""
    if job.submit is None:
        return
    detail, clause = f"{name} is {url[:120]}", "job.urls-are-its-own"
    whole = urljoin(job.submit.exchange.url, url)
    own = unquote(urlsplit(whole).path)
    if own.endswith(path):
        # Behind a gateway the host and a prefix of the path may differ, but not the part that names the job.
        yield Finding(clause, job.slug, True, detail, job.submit.indices)
        return
    if _ON_A_JOB.search(own):
        yield Finding(clause, job.slug, False, f"{detail}, and not of the job {job.id[:60]}", job.submit.indices)
        return
    for request in trace.of("output", "other", "alias"):
        if request.exchange.url == whole and request.key_works and is_conclusive(request):
            leads = succeeded(request.status) or request.status == 422
            indices = (*job.submit.indices, *request.indices)
            yield Finding(clause, job.slug, leads, f"{detail}: returned {request.status}", indices)


def _elsewhere(job: JobHistory, name: str, trace: Trace) -> Iterator[Finding]:
    """Check that a URL on another host is served; it gets no key, so nothing else can be judged."""
    given = job.accepted.get(name)
    if not isinstance(given, str) or job.submit is None:
        return
    url = urljoin(job.submit.exchange.url, given)
    for request in trace.of("output"):
        if request.exchange.url == url and request.exchange.key is None:
            there = request.status != 0
            detail = f"{name} is {str(url)[:120]}, and its host {'responds' if there else 'does not respond'}"
            clause = "job.poll-url-works" if name == "poll_url" else "job.urls-are-its-own"
            yield Finding(clause, job.slug, there, detail, (*job.submit.indices, *request.indices))


def _alias(job: JobHistory) -> Iterator[Finding]:
    for position, read in enumerate(job.reads):
        if read.kind != "alias":
            continue
        previous = next(
            (
                read_before
                for read_before in reversed(job.reads[:position])
                if read_before.found and read_before.state in ORDER
            ),
            None,
        )
        same = str(read.value.get("request_id", job.id)) == job.id
        holds = read.found and same and read.state in ORDER and (previous is None or _may_follow(previous, read))
        holds = holds and (read.status == 422) == (read.state == "FAILED")
        detail = f"poll_url: returned {read.status}, {read.state}" + ("" if same else ", of another job")
        yield Finding("job.poll-url-works", job.slug, holds, detail, read.request.indices)
        yield Finding("alias.route", job.slug, read.found, detail, read.request.indices)
        wanted = 422 if read.state == "FAILED" else 200
        if read.found:
            yield Finding(f"alias.status.{wanted}", job.slug, read.status == wanted, detail, read.request.indices)


def _reachable(job: JobHistory) -> Iterator[Finding]:
    """Check that an accepted job can be read at all. Before its end no page says how its result is answered."""
    for kind in ("poll", "result"):
        reads = [read for read in job.reads if read.kind == kind and (kind == "poll" or job.ended_before(read))]
        found = [read for read in reads if read.found]
        for read in (one for one in found if one.status != 422):
            detail = f"{read.request.last.summary}: returned {read.status}"
            yield Finding(f"{kind}.status.200", job.slug, read.status == 200, detail, read.request.indices)
        if found:
            detail, indices = found[0].request.last.summary, found[0].request.indices
            for clause in (f"{kind}.route", "path.request_id", "auth.key-in-header"):
                yield Finding(clause, job.slug, True, detail, indices)
        elif reads and (job.submit is None or reads[-1].at <= job.submit.exchange.at + RETENTION):
            last = reads[-1]
            detail = f"{last.request.last.summary}: an accepted job returned {last.status}"
            for broken in ["auth.key-in-header"] if last.status == 401 else [f"{kind}.route", f"{kind}.status.200"]:
                yield Finding(broken, job.slug, False, detail, last.request.indices)
        elif unclear := [read for read in job.unclear if read.kind == kind]:
            detail = f"{unclear[0].request.last.summary}: returned {unclear[0].status or 'no response'} each time"
            yield Finding(f"{kind}.route", job.slug, None, detail, unclear[0].request.indices)
    for read in job.reads:
        if read.kind == "result" and not job.ended_before(read):
            detail = f"{read.request.last.summary}: before the end: {read.status}, {read.state or 'no state'}"
            holds = read.status == 200 and read.state in ORDER
            yield Finding("job.result-before-end", job.slug, holds, detail, read.request.indices)


def _states(job: JobHistory, trace: Trace) -> Iterator[Finding]:
    for read in job.found_reads:
        if read.state is None:
            continue
        through = job.weakness_of(read)
        known = read.state in ORDER
        detail = f"{read.request.last.summary}: the state is {read.state[:60]!r}"
        if not known and _BLOCKED.search(read.state):
            yield Finding("job.blocked-is-failed", job.slug, False, detail, read.request.indices, through)
        yield Finding("job.states", job.slug, known, detail, read.request.indices, through)
        if known and job.submit is not None and job.key == "failing" and _BLOCKED.search(message_of(read.request)):
            yield Finding("job.blocked-is-failed", job.slug, read.state == "FAILED", detail, read.request.indices)
    polled_for, end = trace.recording.job_deadline, job.first_ended
    if end is not None:
        yield Finding("job.ends", job.slug, True, f"it ended {end.state}", end.request.indices)
    elif job.submit is not None and polled_for is not None and job.found_reads:
        last = job.found_reads[-1]
        waited = last.at - job.submit.exchange.at
        if waited >= polled_for - SLACK or last.state not in ORDER:
            detail = f"after {waited:.0f} s it is still {last.state}"
            yield Finding("job.ends", job.slug, False, detail, last.request.indices)


def _order(job: JobHistory) -> Iterator[Finding]:
    """Check that a job's state never goes backwards, and that both routes agree."""
    furthest: Read | None = None
    for read in job.found_reads:
        if read.state not in ORDER or read.kind == "alias":
            continue
        if furthest is not None and furthest.kind != read.kind:
            detail = f"{furthest.kind} gave {furthest.state}, then {read.kind} gave {read.state}"
            indices = (*furthest.request.indices, *read.request.indices)
            clause = "job.reads-agree" if furthest.state in FINAL_STATES else "job.reads-agree-early"
            yield Finding(clause, job.slug, _may_follow(furthest, read), detail, indices)
        if furthest is None or _may_follow(furthest, read):
            furthest = read
    for kind in ("poll", "result"):
        yield from _order_on_route(job, kind)


def _may_follow(before: Read, read: Read) -> bool:
    """Return whether the state of ``read`` may come after that of ``before``."""
    if before.state in FINAL_STATES:
        return read.state == before.state
    return ORDER[str(read.state)] >= ORDER[str(before.state)]


def _order_on_route(job: JobHistory, kind: str) -> Iterator[Finding]:
    reads = [read for read in job.found_reads if read.kind == kind and read.state in ORDER]
    for before, read in pairwise(reads):
        detail = f"{kind} gave {before.state}, then {read.state}"
        indices = (*before.request.indices, *read.request.indices)
        clause = "job.final" if before.state in FINAL_STATES else "job.never-backwards"
        yield Finding(clause, job.slug, _may_follow(before, read), detail, indices)


def observations(trace: Trace) -> Iterator[Observation]:
    """Report what the target does about jobs that the documents leave open."""
    jobs = jobs_of(trace)
    ended = [job for job in jobs if job.first_ended is not None]
    if ended and not any(read.state == "PROCESSING" for job in jobs for read in job.found_reads):
        yield Observation("no-processing", None, "no job was ever seen PROCESSING")
    if jobs and not any("poll_url" in job.accepted for job in jobs):
        yield Observation("no-poll-url", None, "the response to a submit has no poll_url")
    if any(re.fullmatch(r"[0-9a-fA-F-]{36}", job.id) is None for job in jobs):
        yield Observation("ids", None, "the ids are not UUIDs")
    early = [r for job in jobs for r in job.reads if r.kind == "result" and r.status != 200 and not job.ended_before(r)]
    if early:
        yield Observation(
            "early-result", None, f"a result before the end returned {early[0].status}", early[0].request.indices
        )
