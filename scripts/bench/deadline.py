"""How long a wait takes whose time is over before the job is done."""

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
`wait(timeout=1, interval=5)` of a job that takes an hour, {times} times; the median, and for ours the bound
holds for the one that is furthest off. In the second row the job is taken up by its id (`client.job(id)`), and
the server answers each poll one byte every 0.2 s, which no limit on the silence of the line ends{dripped}.
"""


def measure(*, quick: bool) -> Section:
    """On a quiet line, and on one that drips."""
    times = 1 if quick else 5
    with serving(3600) as url:
        say("deadlines")
        rows = [_row("`wait(timeout=1, interval=5)`", *(_taken(name, url, times) for name in ("ours", "segmind")))]
    with serving(3600, drips=True) as url:
        say("deadlines on a line that drips")
        ours, other = _taken("ours-by-id", url, times), [] if quick else _taken("segmind", url, 1)
        rows.append(_row("… where the answer to the poll drips", ours, other))
    dripped = "" if quick else "; the other was measured once there"
    return Section("Deadlines", TEXT.format(times=times, dripped=dripped), rows)


def _taken(who: str, url: str, times: int) -> list[float]:
    return [float(fresh("deadline", who, url)) for _ in range(times)]


def _row(what: str, ours: list[float], other: list[float]) -> Row:
    told = f"{median(other):.2f} s" if other else "not measured"
    held = all(abs(seconds - TIMEOUT) <= WITHIN for seconds in ours)
    return Row(what, f"{median(ours):.3f} s", told, None, f"{TIMEOUT:g} s ± {WITHIN * 1e3:.0f} ms", held)


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
    raise RuntimeError("the job was not to end")


def _segmind(url: str) -> float:
    from segmind import InferenceTimeout, SegmindClient  # pyright: ignore[reportMissingTypeStubs]

    client: Any = SegmindClient(api_key=KEY, base_url=f"{url}/v1")  # Its own types are partial.
    job = client.submit_async(MODEL, prompt=PROMPT)
    begun = time.perf_counter()
    try:
        job.wait(timeout=TIMEOUT, interval=INTERVAL)
    except InferenceTimeout:
        return time.perf_counter() - begun
    raise RuntimeError("the job was not to end")


def main() -> None:
    """Print the seconds that a wait took."""
    who, url = sys.argv[1:]
    print(json.dumps(_segmind(url) if who == "segmind" else _ours(url, by_id=who == "ours-by-id")))


if __name__ == "__main__":
    main()
