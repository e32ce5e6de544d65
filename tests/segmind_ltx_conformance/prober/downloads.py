"""Download videos without a key, and measure them. The bytes are not kept."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

from segmind_ltx_conformance.media import can_measure
from segmind_ltx_conformance.prober.context import RunContext

REDIRECTS: Final = 5


def download_all(run: RunContext) -> None:
    """Download all waiting videos."""
    waiting, run.outputs[:] = list(run.outputs), []
    if not waiting or not run.options.wants("download"):
        return
    if not run.options.videos:
        run.skip("download", None, "left out by --no-videos")
    elif not can_measure():
        run.skip("download", None, "PyAV is not installed: python -m pip install '.[conformance]' in a checkout")
    else:
        run.each(waiting, lambda pair: download(run, f"download {pair[0]}", pair[1]), min(4, run.options.jobs))


def download(run: RunContext, probe: str, location: str) -> None:
    """Download one video and follow redirects; each redirect is an exchange."""
    url = urljoin(f"{run.target.base_url}/", location)
    for _ in range(REDIRECTS + 1):
        if urlsplit(url).scheme not in {"http", "https"}:
            run.skip("download", None, f"{probe}: not an http or https location")
            return
        exchange = run.recorder.send(probe, "GET", url)
        if exchange.status not in {301, 302, 303, 307, 308} or "location" not in exchange.headers:
            return
        url = urljoin(url, exchange.headers["location"])
