"""What an import costs, in CPU time of a fresh interpreter."""

from __future__ import annotations

import resource
import subprocess
import sys
from statistics import median
from typing import Final

from bench.harness import Row, Section, environment, paired, say

NOTHING: Final = "pass"
IMPORTS: Final = ("import segmind_ltx", "import segmind", "import httpx")

TEXT: Final = """\
CPU time (user and system) of `python -c "import …"` less that of `python -c pass`, the interpreters started in
turn, {rounds} times; medians, and the median of the ratios of neighbours. httpx is what both stand on.
"""


def measure(*, quick: bool) -> Section:
    """Ours against the vendor's, and httpx's own."""
    rounds = 5 if quick else 61
    taken: dict[str, list[float]] = {name: [] for name in (NOTHING, *IMPORTS)}
    for code in taken:
        _cpu(code)  # So that all is compiled, and in the cache of the disk.
    for number in range(rounds):
        say(f"import: {number + 1} of {rounds}")
        for code, seconds in taken.items():
            seconds.append(_cpu(code))
    ours, segmind, httpx = (_beyond(taken[name], taken[NOTHING]) for name in IMPORTS)
    ratio = paired(ours, segmind)
    rows = [
        Row("`import segmind_ltx` against `import segmind`", _ms(ours), _ms(segmind), ratio, "≤ 1", ratio <= 1),
        Row("… against `import httpx`", _ms(ours), _ms(httpx), paired(ours, httpx)),
    ]
    return Section("Import", TEXT.format(rounds=rounds), rows)


def _cpu(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=environment(), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _beyond(seconds: list[float], nothing: list[float]) -> list[float]:
    base = median(nothing)
    return [one - base for one in seconds]


def _ms(seconds: list[float]) -> str:
    return f"{median(seconds) * 1e3:.0f} ms"
