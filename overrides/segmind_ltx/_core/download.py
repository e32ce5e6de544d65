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
    Sink,
    looks_like_text,
    send,
    sleep,
)

TIMEOUT: Final = 30.0
"""Seconds of silence after which a download attempt fails, if the caller set no timeout."""
MAX_REDIRECTS: Final = 5


def download(context: Context, url: str, file: DownloadTarget, sink: Sink, size: int | None = None) -> Flow[None]:
    """Fetch ``url`` into ``file`` through ``sink``. Raises `DownloadError`, also if it has fewer than ``size`` bytes.

    More bytes than ``size`` are accepted: if the service gave too low a size, the video is still good.
    """
    attempt = hops = 0
    address = url
    while True:
        if not _fetchable(address):
            raise file.error(f"{address!r} is not an address to download from; only http and https are followed")
        file.restart()
        outcome = yield from send(Call("GET", address, context.read_timeout or TIMEOUT, sink=sink))
        file.raise_if_stopped()
        if isinstance(outcome, Response) and 300 <= outcome.status < 400:
            hops += 1
            if hops > MAX_REDIRECTS or "location" not in outcome.headers:
                raise file.error(f"{url} could not be followed: {hops} redirects, the last from {address}")
            address = _resolve(address, outcome.headers["location"])
            continue
        problem = _problem(outcome, file, size)
        if problem is None:
            return
        attempt += 1
        if attempt > context.max_retries or not _is_retryable(outcome):
            raise file.error(f"{address} could not be downloaded: {problem}")
        delay = retry.delay_before(attempt, outcome, time=context.time(), random=context.random())
        context.log.warning("job %s: download from %s: %s; retry in %.1f s", file.request_id, address, problem, delay)
        yield from sleep(delay)


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


def _problem(outcome: Response | NoResponse, file: DownloadTarget, size: int | None) -> str | None:
    if isinstance(outcome, NoResponse):
        return outcome.reason
    if outcome.status in {403, 404, 410}:
        return f"status {outcome.status}; outputs are kept for seven days"
    if outcome.status != 200:
        return f"status {outcome.status}"
    if outcome.truncated:
        return outcome.truncated
    if outcome.size == 0:
        return "it is empty"
    if outcome.media_type.startswith("text/") or outcome.media_type == "application/json":
        return f"it is {outcome.media_type}, not a video"
    if looks_like_text(file.head()):
        return "it is text, not a video"
    if size is not None and outcome.size < size:
        return f"{outcome.size} bytes arrived, but the job's result says {size}"
    return None


def _is_retryable(outcome: Response | NoResponse) -> bool:
    """Whether a retry may help: not if the address is refused, or serves something other than a video."""
    return isinstance(outcome, NoResponse) or outcome.status in {200, 429} or outcome.status >= 500
