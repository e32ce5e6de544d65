"""Start a server and fresh processes to measure in, and describe the results."""

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
    """A measurement failed."""


class TooLongError(BenchError):
    """A run was stopped, because it took too long."""


class Row(NamedTuple):
    """One line of the table. ``held`` is None if there is no bound, or if the run was too small to judge."""

    what: str
    ours: str
    other: str
    ratio: float | None = None
    bound: str = ""
    held: bool | None = None


class Plot(NamedTuple):
    """A picture: its file name, a caption, and a function that draws it onto a matplotlib figure."""

    name: str
    about: str
    draw: Callable[[Any], None]


class Section(NamedTuple):
    """The result of one measurement. ``text`` explains its rows."""

    title: str
    text: str
    rows: list[Row]
    plot: Plot | None = None


def say(words: str) -> None:
    """Print progress."""
    print(words, file=sys.stderr, flush=True)


def environment() -> dict[str, str]:
    """Return this process's variables without those that change a client: keys, ledgers, proxies, Python's switches."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SEGMIND_", "PYTHON")) and not name.lower().endswith("_proxy")
    }


@contextmanager
def serving(seconds: float, *, latency: float = 0.0, byte_by_byte: bool = False) -> Generator[str]:
    """Run a server in a process of its own, whose jobs take so many seconds. Yield its address."""
    command = [sys.executable, "-m", "bench.server", "--seconds", str(seconds), "--latency", str(latency)]
    with subprocess.Popen(
        [*command, *(["--byte-by-byte"] if byte_by_byte else [])],
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
    """Run a module of this folder in a fresh interpreter, and return the JSON that it prints.

    Raise `TooLongError` if that takes more than ``cap`` seconds, and `BenchError` if it fails.
    """
    command = [sys.executable, "-m", f"bench.{module}", *arguments]
    try:
        done = subprocess.run(
            command, cwd=SCRIPTS, env=environment(), capture_output=True, text=True, timeout=cap, check=False
        )
    except subprocess.TimeoutExpired:
        raise TooLongError(f"{module} {' '.join(arguments)} was stopped after {cap:g} s") from None
    if done.returncode:
        raise BenchError(f"{module} {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def paired(ours: Iterable[float], others: Iterable[float]) -> float:
    """Return the median of the ratios of figures that were measured one right after the other."""
    return median(mine / other for mine, other in zip(ours, others, strict=True))
