"""A call that is cancelled or interrupted at any point tells the id of every job that was accepted.

``SEGMIND_LTX_CANCELLATIONS=10000`` stops that many calls at random points, instead of the few of the default run.
"""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from segmind_ltx.ledger import Ledger
from support.interrupts import CALLS, Runner

WAYS = [
    ("scope", "asyncio"),
    ("scope", "trio"),
    ("sibling", "asyncio"),
    ("sibling", "trio"),
    ("task", "asyncio"),
    ("interrupt", "trio"),
]
CANCELLATIONS = int(os.environ.get("SEGMIND_LTX_CANCELLATIONS", "120"))
IN_ONE_LOOP = 20


@pytest.mark.parametrize(("how", "backend"), WAYS)
@pytest.mark.parametrize("call", CALLS)
def test_cancel_at_every_point(tmp_path: Path, call: str, how: str, backend: str) -> None:
    """No id is lost, no file is left half, no task and no response is left open."""

    async def main(runner: Runner) -> None:
        points = (await runner.run(0)).points
        assert points > 5
        for at in range(1, points + 1):
            stopped = await runner.run(at)
            assert (at, stopped.lost, stopped.left) == (at, [], [])

    _run(main, tmp_path, call, how, backend)


def test_cancel_at_random_points(tmp_path: Path) -> None:
    """The same holds for any mixture of calls, ways and points; the number of open files stays what it was."""
    draw = random.Random(5)  # noqa: S311 - points, not secrets
    open_files: list[int] = []

    async def main(runner: Runner) -> None:
        for _ in range(IN_ONE_LOOP):
            at = draw.randint(1, 60)
            stopped = await runner.run(at)
            assert (at, stopped.lost, stopped.left) == (at, [], [])

    for _ in range(CANCELLATIONS // IN_ONE_LOOP):
        _run(main, tmp_path, draw.choice(list(CALLS)), *draw.choice(WAYS))
        for path in tmp_path.glob("*.mp4"):
            path.unlink()
        if os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - it is a folder of Linux only
            open_files.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - as above
    assert open_files == [] or open_files[-1] <= open_files[1]


def _run(main: Callable[[Runner], Awaitable[None]], folder: Path, call: str, how: str, backend: str) -> None:
    options = {"restrict_keyboard_interrupt_to_checkpoints": True} if backend == "trio" else {}
    with closing(Ledger(":memory:")) as ledger:
        anyio.run(main, Runner(folder, call, how, ledger), backend=backend, backend_options=options)
