"""A small fleet with every fault: nothing lost, nothing paid twice, each doubt listed.

`nox -s fleet` has the large one.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import pytest

from support.fleet import made_up_items, pause, running_fleet
from support.fleet_faults import Storm
from support.postgres import Postgres

pytestmark = pytest.mark.postgres

JOBS, WORKERS, CONCURRENCY, GIVE_UP_AFTER = 300, 3, 20, 4.0
FAULTS = (*["kill"] * 6, *["terminate"] * 3, *["pause"] * 2, "crash")
LIMIT = 150.0


@pytest.mark.skipif("SEGMIND_LTX_STORM" not in os.environ, reason="takes most of a minute; see `nox -s fleet_tests`")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL and SIGSTOP")
def test_fleet_survives_every_fault(postgres: Postgres, tmp_path: Path) -> None:
    """300 jobs, 3 workers: 6 kills, 3 SIGTERM, 2 pauses, a crash of PostgreSQL, a worker that never comes back."""
    chance = random.Random(13)  # noqa: S311 - moments, not secrets
    faults = list(FAULTS if postgres.ours else FAULTS[:-1])
    chance.shuffle(faults)
    with running_fleet(tmp_path, speed=8, delay=0.3, give_up_after=GIVE_UP_AFTER, postgres=postgres) as fleet:
        fleet.plan(made_up_items(JOBS))
        for _ in range(WORKERS):
            fleet.start(concurrency=CONCURRENCY)
        until = time.monotonic() + LIMIT
        while not fleet.counts().prompts and time.monotonic() < until:
            pause(0.2)
        storm = Storm(fleet, chance, concurrency=CONCURRENCY, give_up_after=GIVE_UP_AFTER)
        storm.run([*faults, "gone"], longest_pause=1.2, until=until)
        while fleet.unfinished() and time.monotonic() < until:
            pause(0.5)
        states, counts = fleet.states(), fleet.counts()
        assert storm.happened["kill"] == 6, "the jobs were done before the faults"
        assert fleet.problems() + storm.problems == [], fleet.logs()
        assert states.get("saved", 0) + states.get("uncertain", 0) == JOBS, (states, fleet.logs())
        assert states.get("uncertain", 0) <= storm.doubtful
        assert fleet.query("SELECT sum(reserved) FROM batches") == [(57_000 * states.get("uncertain", 0),)]
        assert fleet.query("SELECT spent FROM batches") == [(57_000 * states["saved"],)]
        assert len(counts.prompts) >= states["saved"]
