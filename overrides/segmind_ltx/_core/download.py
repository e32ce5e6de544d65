"""Download a video, as a flow: retries, redirects, and the checks that the file is a video."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

from segmind_ltx._core import retry
from segmind_ltx._core.effects import (
    Call,
    Context,
    DownloadTarget,
    Flow,
    NoResponse,
    Response,
    Resume,
    Sink,
    send,
    sleep,
)
from segmind_ltx._core.media_types import not_a_video

TIMEOUT: Final = 30.0
"""Seconds of silence after which a download attempt fails, if the caller set no timeout."""
MAX_DURATION: Final = 3600.0
"""The longest download, in seconds, with its retries and redirects."""
HEAD_FACTOR: Final = 4
"""The longest wait for the headers of a response, as a multiple of the timeout."""
MAX_REDIRECTS: Final = 5


def download(
    context: Context,
    url: str,
    file: DownloadTarget,
    sink: Sink,
    size: int | None = None,
    timeout: float = MAX_DURATION,
) -> Flow[None]:
    """Fetch ``url`` into ``file`` through ``sink``. Raises `DownloadError`, also if it has fewer than ``size`` bytes.

    More bytes than ``size`` are accepted: if the service gave too low a size, the video is still good. ``timeout``
    bounds the whole download, in seconds. If the connection breaks, the next attempt asks only for the rest.
    """
    attempt = hops = 0
    address = url
    until = context.now() + timeout
    resume: Resume | None = None

    def sink_in_time(chunk: bytes, total: int | None) -> None:
        if context.now() >= until:
            raise file.error(f"{url} did not arrive within {timeout:g} s")
        sink(chunk, total)

    while True:
        if not _fetchable(address):
            raise file.error(f"{address!r} is not an address to download from; only http and https are followed")
        if resume is None:
            file.restart()
        outcome = yield from send(_call(context, address, sink_in_time, until, resume))
        file.raise_if_stopped()
        if isinstance(outcome, Response) and 300 <= outcome.status < 400:
            hops += 1
            if hops > MAX_REDIRECTS or "location" not in outcome.headers:
                raise file.error(f"{url} could not be followed: {hops} redirects, the last from {address}")
            address, resume = _resolve(address, outcome.headers["location"]), None
            continue
        problem = _problem(outcome, file, size, resume)
        if problem is None:
            return
        attempt += 1
        if attempt > context.max_retries or not _is_retryable(outcome, resume):
            raise file.error(f"{address} could not be downloaded: {problem}")
        resume = _rest(outcome, file, resume)
        delay = retry.delay_before(attempt, outcome, time=context.time(), random=context.random())
        if context.now() + delay >= until:
            raise file.error(f"{address} could not be downloaded within {timeout:g} s: {problem}")
        context.log.warning("job %s: download from %s: %s; retry in %.1f s", file.request_id, address, problem, delay)
        yield from sleep(delay)


def _call(context: Context, address: str, sink: Sink, until: float, resume: Resume | None) -> Call:
    timeout, remaining = context.read_timeout or TIMEOUT, max(0.001, until - context.now())
    return Call(
        "GET",
        address,
        min(timeout, remaining),
        sink=sink,
        deadline=min(HEAD_FACTOR * timeout, remaining),
        resume=resume,
    )


def _fetchable(address: str) -> bool:
    try:
        return urlsplit(address).scheme in {"http", "https"}
    except ValueError:
        return False


def _resolve(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        return location


def _rest(outcome: Response | NoResponse, file: DownloadTarget, resume: Resume | None) -> Resume | None:
    """Return what the next attempt has to ask for; None if that is the whole file.

    The rest is asked for only if the server named the version of the file, so that no two versions are joined.
    """
    if isinstance(outcome, NoResponse):
        return resume
    if not outcome.truncated or outcome.status not in {200, 206} or not_a_video(file.head(), outcome.media_type):
        return None
    etag, date = outcome.headers.get("etag", ""), outcome.headers.get("last-modified", "")
    validator = etag if etag.startswith('"') else date  # A weak ETag may stand for other bytes.
    # An encoded body is counted in other bytes than the file; a longer one than announced cannot be trusted.
    plain = outcome.headers.get("content-encoding", "identity") == "identity"
    announced = outcome.headers.get("content-length", "")
    whole = int(announced) if announced.isdecimal() and len(announced) < 20 else 0
    size = file.size()
    before = resume.offset if resume and outcome.status == 206 else 0
    if not validator or not plain or not 0 < size < before + whole:
        return None
    return Resume(size, validator, file.restart)


def _problem(
    outcome: Response | NoResponse, file: DownloadTarget, size: int | None, resume: Resume | None
) -> str | None:
    if isinstance(outcome, NoResponse):
        return outcome.reason
    if outcome.status in {403, 404, 410}:
        # contract: output.seven-days
        return f"status {outcome.status}; outputs are kept for seven days"
    if outcome.status != 200 and not (resume and resume.matches(outcome.status, outcome.headers)):
        return f"status {outcome.status}"
    if outcome.truncated:
        return outcome.truncated
    if outcome.size == 0:
        return "it is empty"
    other = not_a_video(file.head(), outcome.media_type)
    if other is not None:
        return f"it is {other}, not a video"
    if size is not None and outcome.size < size:
        return f"{outcome.size} bytes arrived, but the job's result says {size}"
    return None


_LATER: Final = frozenset({408, 409, 425, 429})
"""Statuses of a server or a proxy that ask for a later attempt."""


def _is_retryable(outcome: Response | NoResponse, resume: Resume | None) -> bool:
    """Whether a retry may help: not if the address is refused.

    A new video may not be at its address at once, so 404 is retried, and so is what asks for a later attempt. If the
    rest of a file is refused (206 with another part, 412, 416), the whole of it may be had.
    """
    if isinstance(outcome, NoResponse) or outcome.status in {200, 404, *_LATER} or outcome.status >= 500:
        return True
    return resume is not None and outcome.status in {206, 412, 416}
