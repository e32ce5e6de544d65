"""Count the requests of a job of 70 s, and the delay until its end is known, on a simulated clock."""

from __future__ import annotations

import json
import time
from statistics import mean
from types import SimpleNamespace
from typing import Any, Final

import httpx

from bench.harness import KEY, PROMPT, Row, Section, fresh, say
from segmind_ltx_api.contract import MODELS

SECONDS: Final = 70.0
SPREAD: Final = 2.0
STEPS: Final = 100
URL: Final = "http://127.0.0.1"
MODEL: Final = min(MODELS.values(), key=lambda model: abs(model.seconds - SECONDS))

TEXT: Final = """\
Both clients as they are, each with its default schedule of polls, over a transport that responds at once and a
clock that moves only while they sleep. A job of exactly 70 s takes segmind {exact} requests; because its end
then coincides with a poll, the rows are means over {count} jobs of {low:g} to {high:g} s. Submit and fetch are
counted. Our client knows that `{model}` usually takes {usual:g} s.
"""


class World:
    """A server with one job, and a clock: a `Clock` for our client, and the module `time` for the vendor's SDK."""

    def __init__(self, seconds: float) -> None:
        self.now, self.requests, self._seconds = 0.0, 0, seconds
        self.transport = httpx.MockTransport(self._answer)

    def monotonic(self) -> float:
        """Return the seconds since the submit."""
        return self.now

    def time(self) -> float:
        """Return the real time; no schedule depends on it."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        """Move the clock."""
        self.sleep(seconds)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        at = f"{URL}/v2/requests/1"
        if request.method == "POST":
            job = {"request_id": "1", "status": "QUEUED", "status_url": f"{at}/status", "response_url": at}
            return httpx.Response(200, json=job)
        state = "COMPLETED" if self.now >= self._seconds else "PROCESSING"
        return httpx.Response(200, json={"request_id": "1", "status": state, "output": f"{URL}/kite.mp4"})


def measure(*, quick: bool) -> Section:
    """Compare requests and delay with those of the vendor's SDK."""
    say("a job of 70 s, on a clock")
    results: dict[str, list[list[float]]] = fresh("long_job", *(["--quick"] if quick else []))
    exact = int(results.pop("exact")[0][0])
    ours, segmind = results["ours"], results["segmind"]
    rows = [_row("requests", ours, segmind, 0, "{:.1f}"), _row("delay until it is known", ours, segmind, 1, "{:.2f} s")]
    text = TEXT.format(
        exact=exact,
        count=len(ours),
        low=SECONDS - SPREAD,
        high=SECONDS + SPREAD,
        model=MODEL.slug,
        usual=MODEL.seconds,
    )
    return Section("A job of 70 s", text, rows)


def _row(what: str, ours: list[list[float]], other: list[list[float]], column: int, form: str) -> Row:
    mine, theirs = (mean(run[column] for run in runs) for runs in (ours, other))
    ratio = mine / theirs
    return Row(f"A job of 70 s: {what}", form.format(mine), form.format(theirs), ratio, "< 1", ratio < 1)


def run_ours(seconds: float) -> tuple[int, float]:
    """Return the requests and the delay of one job."""
    from segmind_ltx import Client

    world = World(seconds)
    with Client(KEY, URL, transport=world.transport, clock=world) as client:
        client.generate(MODEL.request(prompt=PROMPT))
    return world.requests, world.now - seconds


def run_segmind(seconds: float) -> tuple[int, float]:
    """Do the same with the vendor's SDK, after replacing ``time`` in its module of polls."""
    from segmind import SegmindClient, v2  # pyright: ignore[reportMissingTypeStubs]

    world = World(seconds)
    client: Any = SegmindClient(api_key=KEY, base_url=f"{URL}/v1")  # Its own types are partial.
    client._client = httpx.Client(transport=world.transport, base_url=client.base_url)
    module: Any = v2
    module.time = SimpleNamespace(monotonic=world.monotonic, sleep=world.sleep)
    client.submit_async(MODEL.slug, prompt=PROMPT).wait()
    return world.requests, world.now - seconds


def main() -> None:
    """Print [requests, delay] for each job."""
    durations = [SECONDS - SPREAD + 2 * SPREAD * (step + 0.5) / STEPS for step in range(STEPS)]
    runs = {name: [run(one) for one in durations] for name, run in {"ours": run_ours, "segmind": run_segmind}.items()}
    print(json.dumps({"exact": [run_segmind(SECONDS)], **runs}))


if __name__ == "__main__":
    main()
