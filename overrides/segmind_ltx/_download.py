"""The flow that brings a video from its address to disk: retries, redirects, and what is no video."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

from segmind_ltx import _retry
from segmind_ltx._files import PartialFile
from segmind_ltx._wire import Answer, Call, Env, Flow, Lost, Sink, pause, send

TIMEOUT: Final = 30.0
MOST_REDIRECTS: Final = 5


def download(env: Env, url: str, file: PartialFile, sink: Sink) -> Flow[None]:
    """Fetch ``url`` into ``file`` through ``sink``. Raises `DownloadError`."""
    attempt = hops = 0
    address = url
    while True:
        if urlsplit(address).scheme not in {"http", "https"}:
            raise file.error(f"{address!r} is not an address to download from; only http and https are followed")
        file.restart()
        outcome = yield from send(Call("GET", address, TIMEOUT, sink=sink))
        if isinstance(outcome, Answer) and 300 <= outcome.status < 400:
            hops += 1
            if hops > MOST_REDIRECTS or "location" not in outcome.headers:
                raise file.error(f"{url} leads on and on, or nowhere: {hops} redirects, the last from {address}")
            address = urljoin(address, outcome.headers["location"])
            continue
        trouble = _trouble(outcome)
        if trouble is None:
            return
        attempt += 1
        if attempt > env.retries or not _may_pass(outcome):
            raise file.error(f"{address} could not be downloaded: {trouble}")
        yield from pause(_retry.delay_before(attempt, outcome, time=env.time(), random=env.random()))


def _trouble(outcome: Answer | Lost) -> str | None:
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
    return None


def _may_pass(outcome: Answer | Lost) -> bool:
    """Whether another try may help: not where the address itself is refused, or serves something else."""
    return isinstance(outcome, Lost) or outcome.status in {200, 429} or outcome.status >= 500
