"""Put faults in the way of a fleet at random moments, and count what they may have put in doubt."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Sequence

from support.fleet import Fleet, pause


class Storm:
    """Lets faults happen to a fleet. ``doubtful`` is the most rows that they may have put in doubt.

    - kill: SIGKILL, and a new worker; gone: SIGKILL, and none;
    - terminate: SIGTERM, and a new worker; it has 12 s, and may put no row in doubt;
    - pause: SIGSTOP until the worker is given up, then SIGCONT;
    - crash, restart: the server is killed, or stopped in order, and started again;
    - away: the server is away for a minute.
    """

    def __init__(self, fleet: Fleet, chance: random.Random, *, concurrency: int, give_up_after: float) -> None:
        self.doubtful, self.problems = 0, list[str]()
        self.happened: Counter[str] = Counter()
        self.longest_stop = 0.0
        self._fleet, self._chance = fleet, chance
        self._concurrency, self._give_up_after = concurrency, give_up_after

    def run(self, faults: Sequence[str], *, longest_pause: float, until: float) -> None:
        """Let the faults happen one after the other, as long as there is work, and at most until that moment."""
        for fault in faults:
            pause(self._chance.uniform(0.1, longest_pause))
            if time.monotonic() > until or not self._fleet.unfinished():
                return
            self._happen(fault)
            self.happened[fault] += 1

    def _happen(self, fault: str) -> None:
        fleet = self._fleet
        worker = self._chance.choice(fleet.workers)
        if fault in {"kill", "gone"}:
            fleet.kill(worker)
            self.doubtful += fleet.states().get("sending", 0)
            if fault == "kill":
                fleet.start(concurrency=self._concurrency)
        elif fault == "terminate":
            doubted = self._stopped_submits()
            took = fleet.terminate(worker, 60)
            self.longest_stop = max(self.longest_stop, took)
            if took > 12:
                self.problems.append(f"a worker took {took:.1f} s to stop")
            if self._stopped_submits() != doubted:
                self.problems.append("a SIGTERM put a row in doubt")
            fleet.start(concurrency=self._concurrency)
        elif fault == "pause":
            worker.send_signal(signal.SIGSTOP)
            self.doubtful += fleet.states().get("sending", 0)
            pause(1.6 * self._give_up_after)
            worker.send_signal(signal.SIGCONT)
        else:
            if fault == "crash":
                fleet.postgres.crash()
            else:
                fleet.postgres.stop()
            pause(60 if fault == "away" else 1)
            fleet.postgres.start()

    def _stopped_submits(self) -> int:
        found = self._fleet.query("SELECT count(*) FROM jobs WHERE detail LIKE '%%the worker was stopped before%%'")
        return int(found[0][0])
