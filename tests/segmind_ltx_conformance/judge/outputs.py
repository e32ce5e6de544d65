"""Check the output of jobs, and what the target billed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast
from urllib.parse import urlsplit

from segmind_ltx_conformance.bodies import is_url, locations_in
from segmind_ltx_conformance.checks import Finding, Observation
from segmind_ltx_conformance.judge.downloads import Downloads
from segmind_ltx_conformance.judge.jobs import JobHistory, jobs_of
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_conformance.recording import Part

DAY: Final = 86400.0
TOLERANCE_USD: Final = 0.0051
"""USD by which sums of money may differ, since targets round."""


def outputs(trace: Trace) -> Iterator[Finding]:
    """Check that each output is a video, needs no key, is on another host, and stays for seven days."""
    downloads = Downloads(trace)
    api_host = urlsplit(trace.recording.base_url).hostname
    for job in jobs_of(trace):
        result = job.completed
        if result is None or result.output is None:
            continue
        url = downloads.absolute(result.output)
        if not is_url(url):
            detail = f"the output is no http or https URL, so it was not downloaded: {result.output[:80]!r}"
            yield Finding("output.is-a-video", job.slug, None, detail, result.request.indices)
            continue
        detail = f"the output is on {urlsplit(url).hostname}"
        holds = urlsplit(url).hostname != api_host
        yield Finding("output.other-host", job.slug, holds, detail, result.request.indices)
        for request in downloads.of(result.output):
            yield from _download(job, request, request.exchange.at - result.at)
    for request in trace.of("v1"):
        if request.key_works and request.status == 200 and request.shows(Part.BODY):
            yield _blocking(request)
            for location in locations_in(request.exchange.json, anywhere=True)[:1]:
                for download in downloads.of(location):
                    yield from _downloaded(request.slug, download)


def _download(job: JobHistory, request: Request, age: float) -> Iterator[Finding]:
    status = request.status
    if age > DAY:
        detail = f"after {age / DAY:.1f} days the output returned {status}"
        if age <= 7 * DAY:
            yield Finding("output.seven-days", job.slug, status == 200, detail, request.indices)
        return
    if status == 200:
        yield Finding("output.without-key", job.slug, True, f"without a key: returned {status}", request.indices)
    yield from _downloaded(job.slug, request)


def _downloaded(slug: str | None, request: Request) -> Iterator[Finding]:
    """Judge one download. Nothing if it came but the recording does not show what it is."""
    exchange, clause = request.exchange, "output.is-a-video"
    if not request.shows(Part.BODY) or exchange.status in {206, 304}:
        return  # A part of a file, or none since the reader has it.
    if exchange.status in {401, 403}:
        detail = f"without a key the output returned {exchange.status}"
        yield Finding("output.without-key", slug, False, detail, request.indices)
        # No page says that a download needs no key, and the suite sends none, so whether it is a video is open.
        yield Finding(clause, slug, None, f"{detail}, so its content is unknown", request.indices)
    elif "refused" in (exchange.fault or ""):
        yield Finding(clause, slug, False, f"the output's host refuses connections: {exchange.fault}", request.indices)
    elif not request.answered and not request.keeps_failing:
        yield Finding(clause, slug, None, f"the output returned {exchange.status or 'no response'}", request.indices)
    elif exchange.media is not None or exchange.status != 200 or exchange.size == 0 or _is_text(request):
        yield _is_a_video(slug, request)


def _is_text(request: Request) -> bool:
    """Return whether the response says that it is text: a page or an error with a good status."""
    kind = request.exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith(("json", "xml")) or bool(request.exchange.body)


def _is_a_video(slug: str | None, request: Request) -> Finding:
    media = request.exchange.media or {}
    why = media.get("why") or f"it returned {request.status}, {request.exchange.headers.get('content-type', 'no type')}"
    holds = request.status == 200 and media.get("kind") == "video"
    detail = "the output is a video" if holds else f"the output is not a video: {why}"
    return Finding("output.is-a-video", slug, holds, detail, request.indices)


def _blocking(request: Request) -> Finding:
    """Judge the response to a blocking call: it has to be a video, or JSON with its URL."""
    media = request.exchange.media or {}
    urls = locations_in(request.exchange.json, anywhere=True)
    kind = request.exchange.headers.get("content-type", "")
    unmeasured = request.exchange.media is None and request.exchange.size > 0 and kind.startswith("video/")
    video = media.get("kind") == "video" or unmeasured
    holds = video or bool(urls)
    form = "a video" if video else "a URL" if urls else "neither a video nor its URL"
    return Finding(
        "transport.v1-bytes-or-json", request.slug, holds, f"{request.last.summary}: {form}", request.indices
    )


def billing(trace: Trace) -> Iterator[Finding]:
    """Judge what the target billed, from credits and prices."""
    yield from _balances(trace)
    yield from _duplicates(trace)


def _duplicates(trace: Trace) -> Iterator[Finding]:
    """Two jobs for the same request are both charged, and the same amount."""
    by_body: dict[tuple[str, str | None], list[tuple[JobHistory, float]]] = {}
    for job in jobs_of(trace):
        metrics = job.completed.value.get("metrics") if job.completed and job.submit else None
        cost = cast("dict[str, object]", metrics).get("cost") if isinstance(metrics, dict) else None
        shown = job.submit is not None and job.submit.shows(Part.REQUEST_BODY)
        if job.submit is not None and shown and isinstance(cost, int | float) and not isinstance(cost, bool):
            by_body.setdefault((job.submit.exchange.url, job.submit.exchange.request_body), []).append((job, cost))
    for same in by_body.values():
        if len(same) > 1:
            costs = [cost for _, cost in same]
            detail = f"the same request {len(same)} times cost {', '.join(f'{cost:g}' for cost in costs)} USD"
            indices = tuple(index for job, _ in same if job.completed for index in job.completed.request.indices)
            yield Finding(
                "billing.no-idempotency", same[0][0].slug, max(costs) - min(costs) <= TOLERANCE_USD, detail, indices
            )


def _balances(trace: Trace) -> Iterator[Finding]:
    """Between two paid calls the credits fall by the price of the second, whatever is read or refused between."""
    for before, meanwhile, after in _consecutive_paid_calls(trace):
        before_usd, after_usd, cost = (
            _money(before, REMAINING_HEADER),
            _money(after, REMAINING_HEADER),
            _money(after, COST_HEADER),
        )
        if before_usd is None or after_usd is None or cost is None:
            continue
        holds = abs(before_usd - after_usd - cost) <= TOLERANCE_USD
        spent = f"the credits fell by {before_usd - after_usd:.4f} USD"
        detail = f"{spent} over a call of {cost:.4f} USD and {len(meanwhile)} other requests"
        indices = (*before.indices, *after.indices)
        if all(request.exchange.method == "GET" for request in meanwhile):
            yield Finding("billing.reads-are-free", after.slug, holds, detail, indices)
        elif not any(request.exchange.method == "GET" for request in meanwhile):
            yield Finding("billing.accepted-only", after.slug, holds, detail, indices)


REMAINING_HEADER: Final = "x-remaining-credits"
COST_HEADER: Final = "x-cost"


def _consecutive_paid_calls(trace: Trace) -> Iterator[tuple[Request, list[Request], Request]]:
    """Yield two paid blocking calls of one key and the requests between them, if nothing else was paid."""
    previous: Request | None = None
    meanwhile: list[Request] = []
    for request in trace.requests:
        if request.exchange.key is None or request.kind in {"output", "other"}:
            continue
        paid = request.exchange.method == "POST" and 200 <= request.status < 300
        if not paid:
            meanwhile.append(request)
            continue
        quiet = request.kind == "v1" and previous is not None and previous.exchange.key == request.exchange.key
        if quiet and previous is not None and meanwhile and len(request.calls) == 1:
            yield previous, meanwhile, request
        previous, meanwhile = (request if request.kind == "v1" else None), []


def _money(request: Request, name: str) -> float | None:
    try:
        return float(request.exchange.headers[name])
    except (KeyError, ValueError):
        return None


def observations(trace: Trace) -> Iterator[Observation]:
    """Report in which form blocking calls respond."""
    good = [r for r in trace.of("v1") if r.key_works and r.status == 200]
    forms = {r.exchange.headers.get("content-type", "no type").partition(";")[0] for r in good}
    if forms:
        yield Observation("v1-form", None, f"blocking calls return {', '.join(sorted(forms))}", good[0].indices)
