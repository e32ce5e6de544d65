"""Measure what an import and a first client cost, in CPU time of a fresh interpreter."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import venv
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from bench.harness import KEY, BenchError, Row, Section, environment, paired, say

ROOT: Final = Path(__file__).resolve().parents[2]
AT_MOST: Final = 1.1

TEXT: Final = """\
CPU time (user and system) of `python -c "…"` minus that of `python -c pass`, in two environments: one with this package
and one with segmind, both with httpx {httpx} and nothing that their own metadata does not ask for. (If rich and click
are installed, httpx imports them.) The interpreters are started in turn, {rounds} times; medians, and the median of the
ratios of neighbours. Making a client is `Client("…")` here and `SegmindClient(api_key="…")` there.
"""


class Program(NamedTuple):
    """A line of Python, and the environment in which it runs."""

    home: str
    code: str


NOTHING: Final = {home: Program(home, "pass") for home in ("ours", "segmind")}
CLIENT: Final = Program("ours", f"from segmind_ltx import Client; Client({KEY!r})")
CLIENT_OF_SEGMIND: Final = Program("segmind", f"from segmind import SegmindClient; SegmindClient(api_key={KEY!r})")
IMPORT: Final = Program("ours", "import segmind_ltx")
IMPORT_OF_SEGMIND: Final = Program("segmind", "import segmind")
IMPORT_OF_HTTPX: Final = Program("ours", "import httpx")
PROGRAMS: Final = (
    *NOTHING.values(),
    *(CLIENT, CLIENT_OF_SEGMIND, IMPORT, IMPORT_OF_SEGMIND, IMPORT_OF_HTTPX),
)


def measure(*, quick: bool) -> Section:
    """Compare this package with segmind, and with httpx, which both import."""
    rounds = 5 if quick else 61
    with tempfile.TemporaryDirectory() as folder:
        homes = {
            "ours": _environment(Path(folder, "ours"), str(ROOT)),
            "segmind": _environment(Path(folder, "segmind"), f"segmind=={version('segmind')}"),
        }
        taken: dict[Program, list[float]] = {program: [] for program in PROGRAMS}
        for program in PROGRAMS:
            _cpu(homes, program)  # The first run compiles, and fills the cache of the disk.
        for number in range(rounds):
            say(f"import: {number + 1} of {rounds}")
            for program, seconds in taken.items():
                seconds.append(_cpu(homes, program))
    rows = [
        _row(
            "`from segmind_ltx import Client` and making one",
            taken,
            CLIENT,
            CLIENT_OF_SEGMIND,
            AT_MOST,
        ),
        _row("`import segmind_ltx` against `import segmind`", taken, IMPORT, IMPORT_OF_SEGMIND, 1),
        _row("… against `import httpx`", taken, IMPORT, IMPORT_OF_HTTPX),
    ]
    return Section("Import", TEXT.format(rounds=rounds, httpx=version("httpx")), rows)


def _environment(folder: Path, requirement: str) -> Path:
    """Make an environment and return its Python."""
    say(f"import: making an environment with {requirement}")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", requirement, f"httpx=={version('httpx')}"]
    done = subprocess.run(install, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{requirement} could not be installed:\n{done.stderr[-2000:]}")
    return python


def _cpu(homes: dict[str, Path], program: Program) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([homes[program.home], "-c", program.code], env=environment(), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _row(
    what: str, taken: dict[Program, list[float]], mine: Program, other: Program, at_most: float | None = None
) -> Row:
    ours, theirs = _beyond_nothing(taken, mine), _beyond_nothing(taken, other)
    ratio = paired(ours, theirs)
    if at_most is None:
        return Row(what, _ms(ours), _ms(theirs), ratio)
    return Row(what, _ms(ours), _ms(theirs), ratio, f"≤ {at_most:g}", ratio <= at_most)


def _beyond_nothing(taken: dict[Program, list[float]], program: Program) -> list[float]:
    base = median(taken[NOTHING[program.home]])
    return [seconds - base for seconds in taken[program]]


def _ms(seconds: list[float]) -> str:
    return f"{median(seconds) * 1e3:.0f} ms"
