"""What is said of the mutants: a table, and a line on each that no test noticed."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from mutation.mutants import Mutant

REASONS = Path(__file__).with_name("survivors.toml")
HEAD = """\
# Mutants: what the tests notice

Written by `nox -s mutation`, which changes the modules that decide on retries, polls and errors, one place at a time
(a number, a comparison, an argument, a word), and runs the unit and wire tests on each. A mutant that no test notices
is a decision that nobody holds. At least {at_least:.0%} have to be noticed; {share:.1%} are.
"""
TAIL = """\
A mutant counts as noticed where a test fails, or where the tests no longer end (*timeout*). They are made by
[mutmut](https://mutmut.readthedocs.io), which runs those inside of functions; `scripts/mutation_tools/constants.py`
runs the others. The tests are those of `scripts/mutation.py`. The async half of them is left out, since both clients
run the very same flows.

Again: `nox -s mutation`, or for some alone `nox -s mutation -- 'segmind_ltx._core.retry.*'`.
"""


def share(mutants: Sequence[Mutant]) -> float:
    """The share that was noticed."""
    return sum(mutant.noticed for mutant in mutants) / max(1, len(mutants))


def written(modules: Sequence[str], mutants: Sequence[Mutant], at_least: float) -> str:
    """The whole page."""
    head = HEAD.format(at_least=at_least, share=share(mutants))
    survivors = "\n".join(lines_about(mutants))
    return f"{head}\n{table(modules, mutants)}\n\n{TAIL}\n## Those that no test notices\n\n{survivors}\n"


def table(modules: Sequence[str], mutants: Sequence[Mutant]) -> str:
    """Counts by module."""
    head = ["| module | mutants | killed | timeout | survived | noticed |", "|---|---|---|---|---|---|"]
    rows = [_row(f"`{name}.py`", [mutant for mutant in mutants if mutant.module == name]) for name in modules]
    return "\n".join([*head, *rows, _row("all", mutants)])


def _row(name: str, mutants: Sequence[Mutant]) -> str:
    states = [mutant.state for mutant in mutants]
    killed, timeout = states.count("killed"), states.count("timeout")
    left = len(states) - killed - timeout
    return f"| {name} | {len(states)} | {killed} | {timeout} | {left} | {share(mutants):.1%} |"


def lines_about(mutants: Iterable[Mutant]) -> Iterator[str]:
    """What no test noticed: a line on each that nobody looked into, and one for each reason that somebody found."""
    known = [_Known(**entry) for entry in tomllib.loads(REASONS.read_text(encoding="utf-8"))["known"]]
    explained: dict[str, list[str]] = {}
    for mutant in mutants:
        if mutant.noticed:
            continue
        where, now = f"{mutant.module}.{mutant.where}", mutant.now or "nothing"
        reason = next((one.why for one in known if one.fits(where, now)), None)
        if reason is None:
            yield f"- `{where}` ({mutant.state}): `{mutant.was}` became `{now}`; nobody looked into it"
        else:
            explained.setdefault(reason, []).append(f"`{where}`")
    for reason, places in explained.items():
        counts = [f"{place} ({count})" if count > 1 else place for place, count in Counter(places).items()]
        yield f"- {', '.join(counts)}: {reason}"


class _Known(NamedTuple):
    where: str
    now: str
    why: str

    def fits(self, where: str, now: str) -> bool:
        return fnmatchcase(where, self.where) and re.search(self.now, now) is not None
