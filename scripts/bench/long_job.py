"""What a job of 70 s takes on a clock that does not tick: requests, and the delay until its end is known."""

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
Both clients whole, over a transport that answers at once and a clock that only their sleeping moves, each with
the schedule that it has where its user sets nothing. A job of exactly 70 s takes segmind {exact} requests;
since its end then falls onto a poll, the rows are means over {count} jobs of {low:g} to {high:g} s. Submit and
fetch are counted. Ours knows that `{model}` usually takes {usual:g} s.
"""


class World:
    """A server with one job, and the clock. It is a `Clock` of ours, and stands in for `time` in the vendor's SDK."""

    def __init__(self, seconds: float) -> None:
        self.now, self.requests, self._seconds = 0.0, 0, seconds
        self.transport = httpx.MockTransport(self._answer)

    def monotonic(self) -> float:
        """Seconds since the submit."""
        return self.now

    def time(self) -> float:
        """Now; nobody here asks for the real time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let the clock move."""
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        """Let the clock move."""
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
    """Requests and delay, ours against the vendor's."""
    say("a job of 70 s, on a clock")
    told: dict[str, list[list[float]]] = fresh("long_job", *(["--quick"] if quick else []))
    exact = int(told.pop("exact")[0][0])
    ours, segmind = told["ours"], told["segmind"]
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
    """Requests and delay of one job."""
    from segmind_ltx import Client

    world = World(seconds)
    with Client(KEY, URL, transport=world.transport, clock=world) as client:
        client.generate(MODEL.request(prompt=PROMPT))
    return world.requests, world.now - seconds


def run_segmind(seconds: float) -> tuple[int, float]:
    """The same with the vendor's SDK, in whose module of polls ``time`` is replaced."""
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
