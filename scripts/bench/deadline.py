"""Measure how long a wait takes if its deadline passes before the job is done."""

from __future__ import annotations

import json
import sys
import time
from statistics import median
from typing import Any, Final

from bench.harness import KEY, PROMPT, Row, Section, fresh, say, serving

TIMEOUT: Final = 1.0
INTERVAL: Final = 5.0
MODEL: Final = "ltx-2-pro"
WITHIN: Final = 0.05

TEXT: Final = """\
`wait(timeout=1, poll_interval=5)` for a job that takes an hour (segmind: `wait(timeout=1, interval=5)`), {times}
times; medians. The bound is for the worst run of ours. In the second row the program has only the job's id
(`client.job(id)`), and the server sends one byte of each response every 0.2 s, so that no read timeout ends
it{remark}.
"""


def measure(*, quick: bool) -> Section:
    """Measure it with a normal server, and with one that sends a response byte by byte."""
    times = 1 if quick else 5
    with serving(3600) as url:
        say("deadlines")
        rows = [_row("`wait(timeout=1, poll_interval=5)`", *(_taken(name, url, times) for name in ("ours", "segmind")))]
    with serving(3600, byte_by_byte=True) as url:
        say("deadlines, responses byte by byte")
        ours, other = _taken("ours-by-id", url, times), [] if quick else _taken("segmind", url, 1)
        rows.append(_row("… if the response to a poll comes byte by byte", ours, other))
    remark = "" if quick else "; segmind was measured once in this row"
    return Section("Deadlines", TEXT.format(times=times, remark=remark), rows)


def _taken(who: str, url: str, times: int) -> list[float]:
    return [float(fresh("deadline", who, url)) for _ in range(times)]


def _row(what: str, ours: list[float], other: list[float]) -> Row:
    figure = f"{median(other):.2f} s" if other else "not measured"
    held = all(abs(seconds - TIMEOUT) <= WITHIN for seconds in ours)
    return Row(what, f"{median(ours):.3f} s", figure, None, f"{TIMEOUT:g} s ± {WITHIN * 1e3:.0f} ms", held)


def _ours(url: str, *, by_id: bool) -> float:
    from segmind_ltx import Client, WaitTimeoutError

    with Client(KEY, url) as client:
        job = client.submit(MODEL, prompt=PROMPT)
        if by_id:
            job = client.job(job.id, MODEL)
        begun = time.perf_counter()
        try:
            job.wait(timeout=TIMEOUT, poll_interval=INTERVAL)
        except WaitTimeoutError:
            return time.perf_counter() - begun
    raise RuntimeError("the job ended, although it takes an hour")


def _segmind(url: str) -> float:
    from segmind import InferenceTimeout, SegmindClient  # pyright: ignore[reportMissingTypeStubs]

    client: Any = SegmindClient(api_key=KEY, base_url=f"{url}/v1")  # Its own types are partial.
    job = client.submit_async(MODEL, prompt=PROMPT)
    begun = time.perf_counter()
    try:
        job.wait(timeout=TIMEOUT, interval=INTERVAL)
    except InferenceTimeout:
        return time.perf_counter() - begun
    raise RuntimeError("the job ended, although it takes an hour")


def main() -> None:
    """Print how many seconds a wait took."""
    who, url = sys.argv[1:]
    print(json.dumps(_segmind(url) if who == "segmind" else _ours(url, by_id=who == "ours-by-id")))


if __name__ == "__main__":
    main()
