"""The life of a job: ids, addresses, states and their order, the output, failure, and how long it is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, cast
from urllib.parse import unquote, urlsplit

from segmind_ltx_conformance.findings import Finding, Observation
from segmind_ltx_conformance.judge.jobs import ENDED, ORDER, JobLife, Read, jobs_of, object_in, submits, tells
from segmind_ltx_conformance.judge.reading import Reading
from segmind_ltx_conformance.judge.statuses import message_of

HOUR: Final = 3600.0
SLACK: Final = 1.0
"""Seconds by which two clocks, or a request and its answer, may differ."""
_BLOCKED: Final = re.compile(r"BLOCK|MODERAT|REJECT|NSFW|POLICY|CENSOR", re.IGNORECASE)


def life(reading: Reading) -> Iterator[Finding]:
    """Everything about the jobs of a recording."""
    jobs = jobs_of(reading)
    yield from _ids(reading)
    for job in jobs:
        yield from _addresses(job, reading)
        yield from _reachable(job)
        yield from _states(job, reading)
        yield from _order(job)
        yield from _outputs(job)
        yield from _failure(job)
        yield from _kept(job)
    yield from _unknown(reading, {job.id for job in jobs})


def _ids(reading: Reading) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for name, request in submits(reading):
        fresh = name not in seen
        said = f"{request.last.where}: the id {name[:60]} {'is new' if fresh else 'was given to another job before'}"
        places = request.indices if fresh else (seen[name], *request.indices)
        yield Finding("job.id-unique", request.slug, fresh, said, places)
        seen.setdefault(name, request.last.index)
    by_body: dict[tuple[str, str | None], list[str]] = {}
    for name, request in submits(reading):
        by_body.setdefault((request.exchange.url, request.exchange.request_body), []).append(name)
    for (url, _), names in by_body.items():
        if len(names) > 1:
            holds = len(set(names)) == len(names)
            slug = next(r.slug for _, r in submits(reading) if r.exchange.url == url)
            said = f"the same request {len(names)} times: {len(set(names))} jobs"
            places = tuple(r.last.index for name, r in submits(reading) if name in names)
            yield Finding("billing.no-idempotency", slug, holds, said, places)


def _addresses(job: JobLife, reading: Reading) -> Iterator[Finding]:
    if job.submit is None:
        return
    for name, path in (("status_url", f"/v2/requests/{job.id}/status"), ("response_url", f"/v2/requests/{job.id}")):
        url = job.accepted.get(name)
        if isinstance(url, str) and url:
            # Behind a gateway the host, and what stands before the path, may be another; what names the job may not.
            leads = unquote(urlsplit(url).path).endswith(path)
            yield Finding("job.urls-are-its-own", job.slug, leads, f"{name} is {url[:120]}", job.submit.indices)
    for name in ("status_url", "response_url", "poll_url"):
        yield from _elsewhere(job, name, reading)
    alias = job.accepted.get("poll_url")
    if isinstance(alias, str) and alias and job.id not in unquote(urlsplit(alias).path):
        yield Finding("job.poll-url-works", job.slug, False, f"poll_url is {alias[:120]}", job.submit.indices)
    for request in reading.of("output", "other"):
        if request.exchange.url == alias and request.works and tells(request):
            said = f"poll_url is {str(alias)[:120]}: answered {request.status}"
            yield Finding("job.poll-url-works", job.slug, request.status in {200, 422}, said, request.indices)
    yield from _alias(job)


def _elsewhere(job: JobLife, name: str, reading: Reading) -> Iterator[Finding]:
    """An address on another host, which is never sent a key, has to lead to somebody at least."""
    url = job.accepted.get(name)
    for request in reading.of("output"):
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
            yield Finding(clause, job.slug, False, said, last.request.indices)


def _states(job: JobLife, reading: Reading) -> Iterator[Finding]:
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
    patience, end = reading.recording.patience, job.first_ended
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


def _unknown(reading: Reading, known: set[str]) -> Iterator[Finding]:
    for request in reading.of("poll", "result"):
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


def observations(reading: Reading) -> Iterator[Observation]:
    """How this target lives, where the documents leave it open."""
    jobs = jobs_of(reading)
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
