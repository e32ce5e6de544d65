"""What all rows share: a server, fresh processes to measure in, and what a row says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

SCRIPTS: Final = Path(__file__).resolve().parents[1]
KEY: Final = "SG_0000000000000200"
PROMPT: Final = "A kite rises above a windy beach."


class BenchError(Exception):
    """A measurement did not come to its end."""


class TooLongError(BenchError):
    """A run was stopped."""


class Row(NamedTuple):
    """One line of the table. ``held`` is None where there is no bound, or the run was too small to judge."""

    what: str
    ours: str
    other: str
    ratio: float | None = None
    bound: str = ""
    held: bool | None = None


class Plot(NamedTuple):
    """A picture: the name of its file, what it shows, and what draws it onto a matplotlib figure."""

    name: str
    about: str
    draw: Callable[[Any], None]


class Section(NamedTuple):
    """What one measurement gave. ``text`` says what its rows mean."""

    title: str
    text: str
    rows: list[Row]
    plot: Plot | None = None


def say(words: str) -> None:
    """Tell how far it is."""
    print(words, file=sys.stderr, flush=True)


def environment() -> dict[str, str]:
    """This process's, without what would change a client's ways: keys, ledgers, proxies, Python's own switches."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SEGMIND_", "PYTHON")) and not name.lower().endswith("_proxy")
    }


@contextmanager
def serving(seconds: float, *, latency: float = 0.0, drips: bool = False) -> Generator[str]:
    """A server in a process of its own whose jobs take so long; gives its address."""
    command = [sys.executable, "-m", "bench.server", "--seconds", str(seconds), "--latency", str(latency)]
    with subprocess.Popen(
        [*command, *(["--drips"] if drips else [])],
        cwd=SCRIPTS,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def fresh(module: str, *arguments: str, cap: float = 600.0) -> Any:
    """What a module of this folder prints as JSON, run in a fresh interpreter; stopped after ``cap`` seconds."""
    command = [sys.executable, "-m", f"bench_tools.{module}", *arguments]
    try:
        ended = subprocess.run(
            command, cwd=SCRIPTS, env=environment(), capture_output=True, text=True, timeout=cap, check=False
        )
    except subprocess.TimeoutExpired:
        raise TooLongError(f"{module} {' '.join(arguments)} was stopped after {cap:g} s") from None
    if ended.returncode:
        raise BenchError(f"{module} {' '.join(arguments)} ended with {ended.returncode}:\n{ended.stderr[-2000:]}")
    return json.loads(ended.stdout)


def paired(ours: Iterable[float], others: Iterable[float]) -> float:
    """The median of the ratios, each of two figures that were measured one right after the other."""
    return median(mine / other for mine, other in zip(ours, others, strict=True))
