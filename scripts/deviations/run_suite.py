"""Run the suite against one sandbox in this process, with the server in a thread. All runs share their videos."""

from __future__ import annotations

import time
from functools import cache
from typing import Any, Final

import anyio.lowlevel

from deviations.results import PLAIN, SEPARATOR, VARIANT, Row
from segmind_ltx_conformance.checks import Judgement, Outcome, weakest
from segmind_ltx_conformance.judge import judge
from segmind_ltx_conformance.prober import CannotRunError, Interrupted, Options, probe
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.target import Keys, Limits, Target
from segmind_ltx_sandbox import SCENARIOS, SystemClock
from segmind_ltx_sandbox.deviations import VARIANTS, find
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.testing import running_sandbox
from segmind_ltx_sandbox.video.render import render
from segmind_ltx_spec import clauses_by_id, load

SPEED: Final = 1.0
"""Jobs take their usual time, and the clock control steps through it, so that each state is seen."""
LIMITS: Final = Limits(max_jobs=60, max_cost=1000.0, job_timeout=5.0, poll_interval=0.02)
KEYS: Final = {scenario.name: scenario.key for scenario in SCENARIOS}
_VARIANT_NAMES: Final = frozenset(one.name for one in VARIANTS)


class InstantClock(SystemClock):
    """Real time with a clock control and without waiting: a blocking call responds at once."""

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002
        """Return at once, without advancing the time."""
        await anyio.lowlevel.checkpoint()


@cache
def videos() -> VideoCache:
    """Return the video cache of this process."""
    return VideoCache(render, limit=1 << 30)


def run(name: str, seed: int = 0) -> Row:
    """Run the suite against the plain sandbox, or against the deviation with this name."""
    deviation = None if name == PLAIN else find(name)
    options: dict[str, Any] = {}
    if deviation is not None:
        options = {**deviation.options, "behaviour": deviation.behaviour}
    started = time.monotonic()
    trouble = None
    recording = Recording("", ())
    with running_sandbox(clock=InstantClock(), speed=SPEED, videos=videos(), **options) as sandbox:
        target = Target(sandbox.base_url, Keys(KEYS), LIMITS, "/_control/advance")
        try:
            recording = probe(target, load(), Options(seed=seed))
        except Interrupted as stopped:
            recording, trouble = stopped.recording, str(stopped)
        except CannotRunError as error:
            trouble = str(error)
    judgement = judge(recording, load())
    clauses, through = ((), ()) if deviation is None else (deviation.clauses, deviation.through)
    return Row(
        name=name if deviation else f"{PLAIN}, seed {seed}",
        kind=PLAIN if deviation is None else VARIANT if _is_allowed(name) else deviation.kind,
        clauses=clauses,
        grade=weakest(*(clauses_by_id()[name] for name in (clauses[0], *through))) if clauses else "",
        summary="The plain sandbox." if deviation is None else deviation.summary,
        exit_status=judgement.exit_status,
        failed=_ids(judgement, Outcome.FAILED),
        warned=_ids(judgement, Outcome.WARNED, Outcome.NOTED),
        unsure=_ids(judgement, Outcome.INCONCLUSIVE, Outcome.ERROR),
        requests=len(recording.exchanges),
        jobs=sum(
            exchange.method == "POST" and 200 <= exchange.status < 300 and _is_paid(exchange.path)
            for exchange in recording.exchanges
        ),
        seconds=round(time.monotonic() - started, 2),
        also_d=not through and any(clauses_by_id()[clause].grade == "D" for clause in clauses),
        trouble=trouble,
    )


def _is_allowed(name: str) -> bool:
    return set(name.split(SEPARATOR)) <= _VARIANT_NAMES


def _is_paid(path: str) -> bool:
    return path.startswith(("/v1/", "/v2/"))


def _ids(judgement: Judgement, *outcomes: Outcome) -> tuple[str, ...]:
    return tuple(dict.fromkeys(check.clause.id for check in judgement.having(*outcomes)))
