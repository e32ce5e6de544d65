"""The life of a job: ids, addresses, states and their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final
from urllib.parse import unquote, urlsplit

from segmind_ltx_conformance.checks import Finding, Observation
from segmind_ltx_conformance.judge.jobs import ENDED, HOUR, ORDER, SLACK, JobLife, Read, jobs_of, submits, tells
from segmind_ltx_conformance.judge.statuses import message_of
from segmind_ltx_conformance.judge.trace import Trace

_BLOCKED: Final = re.compile(r"BLOCK|MODERAT|REJECT|NSFW|POLICY|CENSOR", re.IGNORECASE)


def life(trace: Trace) -> Iterator[Finding]:
    """The ids and addresses of the jobs, and how they go on to their end."""
    yield from _ids(trace)
    for job in jobs_of(trace):
        yield from _addresses(job, trace)
        yield from _reachable(job)
        yield from _states(job, trace)
        yield from _order(job)


def _ids(trace: Trace) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for name, request in submits(trace):
        fresh = name not in seen
        said = f"{request.last.where}: the id {name[:60]} {'is new' if fresh else 'was given to another job before'}"
        places = request.indices if fresh else (seen[name], *request.indices)
        yield Finding("job.id-unique", request.slug, fresh, said, places)
        seen.setdefault(name, request.last.index)
    by_body: dict[tuple[str, str | None], list[str]] = {}
    for name, request in submits(trace):
        by_body.setdefault((request.exchange.url, request.exchange.request_body), []).append(name)
    for (url, _), names in by_body.items():
        if len(names) > 1:
            holds = len(set(names)) == len(names)
            slug = next(r.slug for _, r in submits(trace) if r.exchange.url == url)
            said = f"the same request {len(names)} times: {len(set(names))} jobs"
            places = tuple(r.last.index for name, r in submits(trace) if name in names)
            yield Finding("billing.no-idempotency", slug, holds, said, places)


def _addresses(job: JobLife, trace: Trace) -> Iterator[Finding]:
    if job.submit is None:
        return
    for name, path in (("status_url", f"/v2/requests/{job.id}/status"), ("response_url", f"/v2/requests/{job.id}")):
        url = job.accepted.get(name)
        if isinstance(url, str) and url:
            # Behind a gateway the host, and what stands before the path, may be another; what names the job may not.
            leads = unquote(urlsplit(url).path).endswith(path)
            yield Finding("job.urls-are-its-own", job.slug, leads, f"{name} is {url[:120]}", job.submit.indices)
    for name in ("status_url", "response_url", "poll_url"):
        yield from _elsewhere(job, name, trace)
    alias = job.accepted.get("poll_url")
    if isinstance(alias, str) and alias and job.id not in unquote(urlsplit(alias).path):
        yield Finding("job.poll-url-works", job.slug, False, f"poll_url is {alias[:120]}", job.submit.indices)
    for request in trace.of("output", "other"):
        if request.exchange.url == alias and request.works and tells(request):
            said = f"poll_url is {str(alias)[:120]}: answered {request.status}"
            yield Finding("job.poll-url-works", job.slug, request.status in {200, 422}, said, request.indices)
    yield from _alias(job)


def _elsewhere(job: JobLife, name: str, trace: Trace) -> Iterator[Finding]:
    """An address on another host, which is never sent a key, has to lead to somebody at least."""
    url = job.accepted.get(name)
    for request in trace.of("output"):
        if request.exchange.url == url and request.exchange.key is None and job.submit is not None:
            there = request.status != 0
            said = f"{name} is {str(url)[:120]}, {'where somebody listens' if there else 'where nobody listens'}"
            clause = "job.poll-url-works" if name == "poll_url" else "job.urls-are-its-own"
            yield Finding(clause, job.slug, there, said, (*job.submit.indices, *request.indices))


def _alias(job: JobLife) -> Iterator[Finding]:
    for place, read in enumerate(job.reads):
        if read.kind != "alias":
            continue
        before = next((one for one in reversed(job.reads[:place]) if one.found and one.state in ORDER), None)
        same = read.value.get("request_id", job.id) == job.id
        holds = read.found and same and read.state in ORDER and (before is None or _may_follow(before, read))
        holds = holds and (read.status == 422) == (read.state == "FAILED")
        said = f"poll_url: answered {read.status}, {read.state}" + ("" if same else ", of another job")
        yield Finding("job.poll-url-works", job.slug, holds, said, read.request.indices)


def _reachable(job: JobLife) -> Iterator[Finding]:
    """Whether a job that was accepted can be read at all."""
    for kind in ("poll", "result"):
        reads = [read for read in job.reads if read.kind == kind]
        good = [read for read in reads if read.status == 200]
        failed = [read for read in reads if read.status == 422]
        if good:
            yield Finding(f"{kind}.status.200", job.slug, True, good[0].request.last.where, good[0].request.indices)
            yield Finding(f"{kind}.route", job.slug, True, good[0].request.last.where, good[0].request.indices)
            yield Finding("path.request_id", job.slug, True, good[0].request.last.where, good[0].request.indices)
            yield Finding("auth.key-in-header", job.slug, True, good[0].request.last.where, good[0].request.indices)
        elif reads and not failed and (job.submit is None or reads[-1].at <= job.submit.exchange.at + HOUR):
            last = reads[-1]
            said = f"{last.request.last.where}: a job that was accepted is answered {last.status}"
            clause = f"{kind}.status.200" if last.status != 401 else "auth.key-in-header"
            for broken in [clause, f"{kind}.route"] if last.status == 404 else [clause]:
                yield Finding(broken, job.slug, False, said, last.request.indices)


def _states(job: JobLife, trace: Trace) -> Iterator[Finding]:
    for read in job.live:
        if read.state is None:
            continue
        known = read.state in ORDER
        said = f"{read.request.last.where}: the state is {read.state[:60]!r}"
        if not known and _BLOCKED.search(read.state):
            yield Finding("job.blocked-is-failed", job.slug, False, said, read.request.indices)
        yield Finding("job.states", job.slug, known, said, read.request.indices)
        if known and job.submit is not None and job.key == "failing" and _BLOCKED.search(message_of(read.request)):
            yield Finding("job.blocked-is-failed", job.slug, read.state == "FAILED", said, read.request.indices)
    patience, end = trace.recording.patience, job.first_ended
    if end is not None:
        yield Finding("job.ends", job.slug, True, f"it ended {end.state}", end.request.indices)
    elif job.submit is not None and patience is not None and job.live:
        last = job.live[-1]
        waited = last.at - job.submit.exchange.at
        if waited >= patience - SLACK or last.state not in ORDER:
            said = f"after {waited:.0f} s it is still {last.state}"
            yield Finding("job.ends", job.slug, False, said, last.request.indices)


def _order(job: JobLife) -> Iterator[Finding]:
    """No state comes before one that was seen earlier, and the two routes do not contradict each other."""
    furthest: Read | None = None
    for read in job.live:
        if read.state not in ORDER or read.kind == "alias":
            continue
        if furthest is not None and furthest.kind != read.kind:
            said = f"{furthest.kind} said {furthest.state}, and then {read.kind} {read.state}"
            places = (*furthest.request.indices, *read.request.indices)
            yield Finding("job.reads-agree", job.slug, _may_follow(furthest, read), said, places)
        if furthest is None or _may_follow(furthest, read):
            furthest = read
    for kind in ("poll", "result"):
        yield from _order_on(job, kind)


def _may_follow(before: Read, read: Read) -> bool:
    """Whether a state may be seen after another one."""
    if before.state in ENDED:
        return read.state == before.state
    return ORDER[str(read.state)] >= ORDER[str(before.state)]


def _order_on(job: JobLife, kind: str) -> Iterator[Finding]:
    reads = [read for read in job.live if read.kind == kind and read.state in ORDER]
    for before, read in pairwise(reads):
        said = f"{kind} said {before.state}, and then {read.state}"
        places = (*before.request.indices, *read.request.indices)
        clause = "job.final" if before.state in ENDED else "job.never-backwards"
        yield Finding(clause, job.slug, _may_follow(before, read), said, places)


def observations(trace: Trace) -> Iterator[Observation]:
    """How this target lives, where the documents leave it open."""
    jobs = jobs_of(trace)
    ended = [job for job in jobs if job.first_ended is not None]
    if ended and not any(read.state == "PROCESSING" for job in jobs for read in job.live):
        yield Observation("no-processing", None, "no job was ever seen PROCESSING")
    if jobs and not any("poll_url" in job.accepted for job in jobs):
        yield Observation("no-poll-url", None, "the answer to a submit has no poll_url")
    if any(re.fullmatch(r"[0-9a-fA-F-]{36}", job.id) is None for job in jobs):
        yield Observation("ids", None, "the ids are not UUIDs")
    early = [
        r
        for job in jobs
        for r in job.reads
        if r.kind == "result" and not r.found and (end := job.first_ended) and r.at < end.at
    ]
    if early:
        yield Observation(
            "early-result", None, f"a result before the end is answered {early[0].status}", early[0].request.indices
        )
