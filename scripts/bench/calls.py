"""Measure the CPU time of three calls over one connection, against a bare `httpx.Client`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Final

from bench.harness import KEY, PROMPT, Row, Section, fresh, paired, say, serving

AT_MOST: Final = 1.15
MODEL: Final = "ltx-2-pro"

TEXT: Final = """\
CPU time of one submit, one status poll and one fetch over an open connection to a server in another process,
with `Client` (`submit`, `job.status()`, `job.result()`) and with a bare `httpx.Client` that makes the same
three requests, calls `raise_for_status()` and reads the JSON. Blocks of {block} in turn, {count} of each over
{processes} fresh processes; medians, and the median of the ratios of neighbours. The second row is `submit`,
then `client.job(id).wait()` for a job that is already done. This client calls httpx's transports directly,
without the redirects, cookies and hooks of `httpx.Client`.
"""


def measure(*, quick: bool) -> Section:
    """Compare two ways to use this client with bare httpx."""
    processes, rounds, block = (1, 10, 20) if quick else (5, 30, 40)
    taken: dict[str, list[float]] = {"bare": [], "ours": [], "wait": []}
    with serving(0) as url:
        for number in range(processes):
            say(f"three calls: process {number + 1} of {processes}")
            for name, seconds in fresh("calls", url, str(rounds), str(block)).items():
                taken[name] += seconds
    text = TEXT.format(block=block, count=processes * rounds, processes=processes)
    rows = [_row("submit, poll and fetch", taken["ours"], taken["bare"])]
    rows.append(_row("submit, and wait for a job that is done", taken["wait"], taken["bare"]))
    return Section("Three calls", text, rows)


def _row(what: str, ours: list[float], bare: list[float]) -> Row:
    ratio = paired(ours, bare)
    figures = [f"{median(seconds) * 1e6:.0f} µs" for seconds in (ours, bare)]
    return Row(f"CPU of {what}, against bare httpx", figures[0], figures[1], ratio, f"≤ {AT_MOST}", ratio <= AT_MOST)


def ways(url: str) -> dict[str, Callable[[], object]]:
    """Return three ways to make the same requests."""
    import httpx

    from segmind_ltx import Client

    bare, client = httpx.Client(base_url=url, headers={"x-api-key": KEY}), Client(KEY, url)

    def read(response: httpx.Response) -> dict[str, str]:
        response.raise_for_status()
        body: dict[str, str] = response.json()
        return body

    def with_httpx() -> None:
        request_id = read(bare.post(f"/v2/{MODEL}", json={"prompt": PROMPT}))["request_id"]
        read(bare.get(f"/v2/requests/{request_id}/status"))
        read(bare.get(f"/v2/requests/{request_id}"))

    def with_ours() -> None:
        job = client.submit(MODEL, prompt=PROMPT)
        job.status()
        job.result()

    def with_wait() -> None:
        client.job(client.submit(MODEL, prompt=PROMPT).id, MODEL).wait()

    return {"bare": with_httpx, "ours": with_ours, "wait": with_wait}


def main() -> None:
    """Print the CPU seconds of each way, one figure for each block."""
    url, rounds, block = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    made = list(ways(url).items())
    taken: dict[str, list[float]] = {name: [] for name, _ in made}
    for number in range(rounds + 1):
        # Every other round in reverse, so that no way always follows the same other one.
        for name, way in made if number % 2 else made[::-1]:
            begun = time.process_time()
            for _ in range(block):
                way()
            if number:  # The first round only warms up.
                taken[name].append((time.process_time() - begun) / block)
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
