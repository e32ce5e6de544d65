"""The stages with faults: jobs of real length, many short ones, a budget, and a rate."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from support.fleet import Fleet, made_up_items, pause, running_fleet
from support.fleet_faults import Storm

WORKERS: Final = 4
LIMIT: Final = 1700.0
"""Seconds after which a stage ends in any case."""
Result = dict[str, Any]


class Scene(NamedTuple):
    """What a stage runs. ``faults`` has the number of each, with at most ``longest_pause`` seconds between two."""

    jobs: int
    model: str
    speed: float
    concurrency: int
    give_up_after: float
    faults: dict[str, int]
    longest_pause: float
    delay: float = 0.05
    rate: str = ""
    budget_share: float | None = None
    seed: int = 13


LENGTH: Final = Scene(
    2_000,
    "ltx-2-19b-t2v",
    1,
    500,
    12,
    {"kill": 20, "terminate": 4, "pause": 2, "crash": 1},
    3,
)
MANY: Final = Scene(
    100_000,
    "ltx-video",
    60,
    120,
    8,
    {"kill": 180, "terminate": 16, "pause": 18, "crash": 1, "restart": 1, "away": 1, "gone": 2},
    5,
)
BUDGET: Final = Scene(900, "ltx-2-pro", 30, 100, 6, {"kill": 12}, 4, budget_share=1 / 3)
RATE: Final = Scene(600, "ltx-video", 60, 100, 6, {}, 1, rate="100/10")


def run_scene(folder: Path, scene: Scene) -> Result:
    """Run a scene, and return what was counted."""
    chance = random.Random(scene.seed)  # noqa: S311 - moments, not secrets
    faults = [fault for fault, count in scene.faults.items() for _ in range(count)]
    chance.shuffle(faults)
    with running_fleet(
        folder, speed=scene.speed, delay=scene.delay, rate=scene.rate, give_up_after=scene.give_up_after
    ) as fleet:
        price = {"ltx-video": 57_000, "ltx-2-19b-t2v": 416_000, "ltx-2-pro": 300_000}[scene.model]
        budget = None if scene.budget_share is None else round(scene.budget_share * scene.jobs * price)
        started = time.monotonic()
        fleet.plan(made_up_items(scene.jobs, scene.model), budget=budget)
        filled = time.monotonic() - started
        if scene.rate:
            count, _, seconds = scene.rate.partition("/")
            fleet.set_rate(int(count), float(seconds))
        for _ in range(WORKERS):
            fleet.start(concurrency=scene.concurrency)
        most = _wait(fleet, started + LIMIT, lambda: fleet.counts().prompts)
        if scene.speed == 1:
            most = _wait(fleet, started + 300, lambda: _in_flight(fleet) >= min(0.97 * scene.jobs, 1_950))
        storm = Storm(fleet, chance, concurrency=scene.concurrency, give_up_after=scene.give_up_after)
        storm.run(faults, longest_pause=scene.longest_pause, until=started + LIMIT)
        most = max(most, _wait(fleet, started + LIMIT, lambda: _at_rest(fleet)))
        return _result(fleet, scene, storm, budget, filled=filled, seconds=time.monotonic() - started, most=most)


def _wait(fleet: Fleet, until: float, done: Callable[[], object]) -> int:
    """Wait, and return the most jobs that were in flight meanwhile."""
    most = 0
    while not done() and time.monotonic() < until:
        most = max(most, _in_flight(fleet))
        pause(1)
    return max(most, _in_flight(fleet))


def _in_flight(fleet: Fleet) -> int:
    states = fleet.states()
    return sum(states.get(state, 0) for state in ("sending", "accepted", "completed"))


def _at_rest(fleet: Fleet) -> bool:
    """Whether no worker can do more: every row has ended, or the next one does not fit into the budget."""
    states = fleet.states()
    if _in_flight(fleet):
        return False
    if not states.get("todo"):
        return True
    rows = fleet.query("SELECT budget, spent + reserved FROM batches")
    price = fleet.query("SELECT coalesce(min(highest), 0) FROM prices")[0][0]
    return any(budget is not None and used + price > budget for budget, used in rows)


def _result(
    fleet: Fleet, scene: Scene, storm: Storm, budget: int | None, *, filled: float, seconds: float, most: int
) -> Result:
    states, counts = fleet.states(), fleet.counts()
    doubtful: Sequence[tuple[Any, ...]] = fleet.query(
        "SELECT request::json->>'prompt' FROM jobs WHERE state IN ('uncertain', 'sending')"
    )
    spent, reserved = fleet.query("SELECT spent, reserved FROM batches")[0]
    submits, limited = fleet.query("SELECT submits, limited FROM account")[0]
    return {
        "jobs": scene.jobs,
        "seconds": round(seconds, 1),
        "filled": round(filled, 2),
        "in_flight": most,
        "faults": dict(storm.happened),
        "longest_stop": round(storm.longest_stop, 1),
        "states": states,
        "made": len(counts.prompts),
        "twice": sum(count > 1 for count in counts.prompts.values()),
        "ambiguous": len(doubtful),
        "ambiguous_made": sum(row[0] in counts.prompts for row in doubtful),
        "doubtful": storm.doubtful,
        "cost": counts.cost,
        "budget": None if budget is None else budget / 1e6,
        "spent": spent / 1e6,
        "reserved": reserved / 1e6,
        "submits": submits,
        "limited": counts.limited,
        "limited_noted": limited,
        "problems": fleet.problems() + storm.problems,
    }
