"""The flow that brings a video from its address to disk: retries, redirects, and what is no video."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

from segmind_ltx import _retry
from segmind_ltx._files import PartialFile
from segmind_ltx._wire import Answer, Call, Env, Flow, Lost, Sink, looks_like_text, pause, send

TIMEOUT: Final = 30.0
MOST_REDIRECTS: Final = 5


def download(env: Env, url: str, file: PartialFile, sink: Sink, size: int | None = None) -> Flow[None]:
    """Fetch ``url`` into ``file`` through ``sink``. Raises `DownloadError`, also where it has less than ``size`` bytes.

    More is taken: a size that the service tells too low must not cost a video that is there.
    """
    attempt = hops = 0
    address = url
    while True:
        if not _fetchable(address):
            raise file.error(f"{address!r} is not an address to download from; only http and https are followed")
        file.restart()
        outcome = yield from send(Call("GET", address, env.patience or TIMEOUT, sink=sink))
        file.raise_if_stopped()
        if isinstance(outcome, Answer) and 300 <= outcome.status < 400:
            hops += 1
            if hops > MOST_REDIRECTS or "location" not in outcome.headers:
                raise file.error(f"{url} leads on and on, or nowhere: {hops} redirects, the last from {address}")
            address = _joined(address, outcome.headers["location"])
            continue
        trouble = _trouble(outcome, file, size)
        if trouble is None:
            return
        attempt += 1
        if attempt > env.retries or not _may_pass(outcome):
            raise file.error(f"{address} could not be downloaded: {trouble}")
        delay = _retry.delay_before(attempt, outcome, time=env.time(), random=env.random())
        env.log.warning("job %s: download from %s: %s; again in %.1f s", file.request_id, address, trouble, delay)
        yield from pause(delay)


def _fetchable(address: str) -> bool:
    try:
        return urlsplit(address).scheme in {"http", "https"}
    except ValueError:
        return False


def _joined(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        return location


def _trouble(outcome: Answer | Lost, file: PartialFile, size: int | None) -> str | None:
    if isinstance(outcome, Lost):
        return outcome.reason
    if outcome.status in {403, 404, 410}:
        return f"status {outcome.status}; outputs are kept for seven days"
    if outcome.status != 200:
        return f"status {outcome.status}"
    if outcome.broken:
        return outcome.broken
    if outcome.size == 0:
        return "it is empty"
    if outcome.media_type.startswith("text/") or outcome.media_type == "application/json":
        return f"it is {outcome.media_type}, not a video"
    if looks_like_text(file.beginning()):
        return "it is text, not a video"
    if size is not None and outcome.size < size:
        return f"{outcome.size} bytes came where the job's answer tells of {size}"
    return None


def _may_pass(outcome: Answer | Lost) -> bool:
    """Whether another try may help: not where the address itself is refused, or serves something else."""
    return isinstance(outcome, Lost) or outcome.status in {200, 429} or outcome.status >= 500
