"""Where the video is, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast
from urllib.parse import urlsplit

from segmind_ltx_conformance.checks import Finding, Observation
from segmind_ltx_conformance.judge.jobs import JobLife, jobs_of, object_in
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_conformance.judge.videos import downloads

DAY: Final = 86400.0
CENT: Final = 0.0051
"""USD by which sums of money may differ, since targets round."""


def outputs(trace: Trace) -> Iterator[Finding]:
    """Each output: a video, without a key, on another host, for seven days."""
    fetched = downloads(trace)
    home = urlsplit(trace.recording.base_url).hostname
    for job in jobs_of(trace):
        done = job.completed
        if done is None or done.output is None:
            continue
        host = urlsplit(done.output).hostname
        yield Finding("output.other-host", job.slug, host != home, f"the output lies on {host}", done.request.indices)
        for request in fetched.get(done.output, []):
            yield from _download(job, request, request.exchange.at - done.at)
    for request in trace.of("v1"):
        if request.works and request.status == 200:
            yield _blocking(request)
            file = object_in(request).get("output")
            for one in fetched.get(str(file), []):
                yield from _downloaded(request.slug, one)


def _download(job: JobLife, request: Request, age: float) -> Iterator[Finding]:
    status = request.status
    if status in {401, 403}:
        said = f"without a key the output is answered {status}"
        yield Finding("output.without-key", job.slug, False, said, request.indices)
        return
    if age > DAY:
        said = f"after {age / DAY:.1f} days the output is answered {status}"
        if age <= 7 * DAY:
            yield Finding("output.seven-days", job.slug, status == 200, said, request.indices)
        return
    if status == 200:
        yield Finding("output.without-key", job.slug, True, f"without a key it is answered {status}", request.indices)
    yield from _downloaded(job.slug, request)


def _downloaded(slug: str | None, request: Request) -> Iterator[Finding]:
    """What a download gave; nothing where nobody looked at it."""
    one, clause = request.exchange, "output.is-a-video"
    if "refused" in (one.fault or ""):
        yield Finding(clause, slug, False, f"the output leads nowhere: {one.fault}", request.indices)
    elif not request.answered and not request.keeps_failing:
        yield Finding(clause, slug, None, f"the output is answered {one.status or 'not at all'}", request.indices)
    elif one.media is not None or one.status != 200 or one.size == 0:
        yield _is_a_video(slug, request)


def _is_a_video(slug: str | None, request: Request) -> Finding:
    media = request.exchange.media or {}
    why = (
        media.get("why")
        or f"it is answered {request.status}, {request.exchange.headers.get('content-type', 'no type')}"
    )
    holds = request.status == 200 and media.get("kind") == "video"
    said = "the output is a video" if holds else f"the output is no video: {why}"
    return Finding("output.is-a-video", slug, holds, said, request.indices)


def _blocking(request: Request) -> Finding:
    """The answer of a blocking call: bytes of a video, or JSON with its location."""
    media = request.exchange.media or {}
    value = object_in(request)
    file: object = value.get("video")
    url = cast("dict[str, object]", file).get("url") if isinstance(file, dict) else None
    places = [
        one for one in (value.get("output"), url) if isinstance(one, str) and urlsplit(one).scheme in {"http", "https"}
    ]
    kind = request.exchange.headers.get("content-type", "")
    unread = request.exchange.media is None and request.exchange.size > 0 and kind.startswith("video/")
    video = media.get("kind") == "video" or unread
    holds = video or bool(places)
    form = "a video" if video else "a location" if places else "neither a video nor its location"
    return Finding("transport.v1-bytes-or-json", request.slug, holds, f"{request.last.where}: {form}", request.indices)


def billing(trace: Trace) -> Iterator[Finding]:
    """What was charged, as far as balances and prices tell."""
    yield from _balances(trace)
    yield from _twins(trace)


def _twins(trace: Trace) -> Iterator[Finding]:
    """Of two jobs for the same request both are charged, and alike."""
    by_body: dict[tuple[str, str | None], list[tuple[JobLife, float]]] = {}
    for job in jobs_of(trace):
        metrics = job.completed.value.get("metrics") if job.completed and job.submit else None
        cost = cast("dict[str, object]", metrics).get("cost") if isinstance(metrics, dict) else None
        if job.submit is not None and isinstance(cost, int | float) and not isinstance(cost, bool):
            by_body.setdefault((job.submit.exchange.url, job.submit.exchange.request_body), []).append((job, cost))
    for same in by_body.values():
        if len(same) > 1:
            costs = [cost for _, cost in same]
            said = f"the same request {len(same)} times cost {', '.join(f'{cost:g}' for cost in costs)} USD"
            places = tuple(index for job, _ in same if job.completed for index in job.completed.request.indices)
            yield Finding("billing.no-idempotency", same[0][0].slug, max(costs) - min(costs) <= CENT, said, places)


def _balances(trace: Trace) -> Iterator[Finding]:
    """Between two paid calls the balance falls by the price of the second, whatever was read or refused meanwhile."""
    for before, meanwhile, after in _quiet(trace):
        left, now, cost = (_money(before, LEFT), _money(after, LEFT), _money(after, COST))
        if left is None or now is None or cost is None:
            continue
        holds = abs(left - now - cost) <= CENT
        said = f"the balance fell by {left - now:.4f} USD over a call of {cost:.4f} USD and {len(meanwhile)} others"
        places = (*before.indices, *after.indices)
        if all(one.exchange.method == "GET" for one in meanwhile):
            yield Finding("billing.reads-are-free", after.slug, holds, said, places)
        elif not any(one.exchange.method == "GET" for one in meanwhile):
            yield Finding("billing.accepted-only", after.slug, holds, said, places)


LEFT: Final = "x-remaining-credits"
COST: Final = "x-cost"


def _quiet(trace: Trace) -> Iterator[tuple[Request, list[Request], Request]]:
    """Two paid blocking calls of one key, and what was asked between them, where nothing paid was under way."""
    before: Request | None = None
    meanwhile: list[Request] = []
    for request in trace.requests:
        if request.exchange.key is None or request.kind in {"output", "other"}:
            continue
        paid = request.exchange.method == "POST" and 200 <= request.status < 300
        if not paid:
            meanwhile.append(request)
            continue
        quiet = request.kind == "v1" and before is not None and before.exchange.key == request.exchange.key
        if quiet and before is not None and meanwhile and len(request.calls) == 1:
            yield before, meanwhile, request
        before, meanwhile = (request if request.kind == "v1" else None), []


def _money(request: Request, name: str) -> float | None:
    try:
        return float(request.exchange.headers[name])
    except (KeyError, ValueError):
        return None


def observations(trace: Trace) -> Iterator[Observation]:
    """In which form a blocking call answers."""
    good = [r for r in trace.of("v1") if r.works and r.status == 200]
    forms = {r.exchange.headers.get("content-type", "no type").partition(";")[0] for r in good}
    if forms:
        yield Observation("v1-form", None, f"blocking calls answer {', '.join(sorted(forms))}", good[0].indices)
