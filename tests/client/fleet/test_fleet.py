"""A small fleet with every fault: nothing lost, nothing paid twice, each doubt listed.

`nox -s fleet` has the large one.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

import pytest

from support.fleet import Fleet, made_up_items, pause, running_fleet
from support.postgres import Postgres

pytestmark = pytest.mark.postgres

JOBS, WORKERS, CONCURRENCY, GIVE_UP_AFTER = 300, 3, 20, 4.0
FAULTS = (*["kill"] * 6, *["terminate"] * 3, *["pause"] * 2, "crash")
LIMIT = 240.0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL and SIGSTOP")
def test_fleet_survives_every_fault(postgres: Postgres, tmp_path: Path) -> None:
    """300 jobs, 3 workers: 6 kills, 3 SIGTERM, 2 pauses, a crash of PostgreSQL, a worker that never comes back."""
    chance = random.Random(13)  # noqa: S311 - moments, not secrets
    faults = list(FAULTS if postgres.ours else FAULTS[:-1])
    chance.shuffle(faults)
    with running_fleet(tmp_path, speed=20, give_up_after=GIVE_UP_AFTER, postgres=postgres) as fleet:
        fleet.plan(made_up_items(JOBS))
        for _ in range(WORKERS):
            fleet.start(concurrency=CONCURRENCY)
        until = time.monotonic() + LIMIT
        while not fleet.counts().prompts and time.monotonic() < until:
            pause(0.2)
        in_flight = sum(put_in_the_way(fleet, fault, chance) for fault in [*faults, "gone"])
        while fleet.unfinished() and time.monotonic() < until:
            pause(0.5)
        states, counts = fleet.states(), fleet.counts()
        assert fleet.problems() == [], fleet.logs()
        assert states.get("saved", 0) + states.get("uncertain", 0) == JOBS, (states, fleet.logs())
        assert states.get("uncertain", 0) <= in_flight
        assert fleet.query("SELECT sum(reserved) FROM batches") == [(57_000 * states.get("uncertain", 0),)]
        assert fleet.query("SELECT spent FROM batches") == [(57_000 * states["saved"],)]
        assert len(counts.prompts) >= states["saved"]


def put_in_the_way(fleet: Fleet, fault: str, chance: random.Random) -> int:
    """Let one fault happen; return how many submits were in flight, at most, if it was a kill or a crash."""
    pause(chance.uniform(0.2, 1.2))
    worker = chance.choice(fleet.workers)
    if fault in {"kill", "gone"}:
        fleet.kill(worker)
        if fault == "kill":
            fleet.start(concurrency=CONCURRENCY)
        return fleet.states().get("sending", 0)
    if fault == "terminate":
        before = fleet.states().get("uncertain", 0)
        assert fleet.terminate(worker) < 12
        assert fleet.states().get("uncertain", 0) == before, "a SIGTERM put a row in doubt"
        fleet.start(concurrency=CONCURRENCY)
    elif fault == "pause":
        worker.send_signal(signal.SIGSTOP)
        pause(1.6 * GIVE_UP_AFTER)
        worker.send_signal(signal.SIGCONT)
        return fleet.states().get("uncertain", 0)
    else:
        fleet.postgres.crash()
        pause(1)
        fleet.postgres.start()
    return 0
