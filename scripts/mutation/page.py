"""Report on the mutants: a table, and a line for each that no test noticed."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import _page
from mutation.mutants import Mutant

REASONS = Path(__file__).with_name("survivors.toml")
PAGE = """\
# Mutation testing: changes of the client that the tests notice

Written by `nox -s mutation` ({environment}). The session changes the modules below one place at a time (a number, a
comparison, an argument, a default) and runs the unit and wire tests on each change, called a *mutant*. If no test
fails, no test checks that decision. At least {at_least:.0%} of the mutants have to be noticed; {share:.1%} are. Strings
are left out, because most of them are messages.

{table}
A mutant is *noticed* if a test fails (*killed*) or if the tests no longer end (*timeout*).
[mutmut](https://mutmut.readthedocs.io) makes the mutants and runs those inside of functions;
`scripts/mutation/constants.py` runs the others. Of the tests that run once with each client only the sync half is used,
because both clients run the same flows.

`nox -s mutation` writes this page again; `nox -s mutation -- 'segmind_ltx._core.retry.*'` runs some of the mutants and
prints the result.

## Mutants that no test notices

{survivors}
"""


def share(mutants: Sequence[Mutant]) -> float:
    """Return the share of the mutants that a test noticed."""
    return sum(mutant.noticed for mutant in mutants) / max(1, len(mutants))


def page(modules: Sequence[str], mutants: Sequence[Mutant], at_least: float) -> str:
    """Return the whole page."""
    return PAGE.format(
        environment=_page.environment("mutmut"),
        at_least=at_least,
        share=share(mutants),
        table=table(modules, mutants),
        survivors="\n".join(survivors(mutants)) or "None.",
    )


def table(modules: Sequence[str], mutants: Sequence[Mutant]) -> str:
    """Return the counts of each module."""
    rows = [_row(f"`{name}`", [mutant for mutant in mutants if mutant.module == name]) for name in modules]
    return _page.table(["module", "mutants", "killed", "timeout", "survived", "noticed"], [*rows, _row("all", mutants)])


def _row(name: str, mutants: Sequence[Mutant]) -> list[object]:
    states = [mutant.state for mutant in mutants]
    killed, timeout = states.count("killed"), states.count("timeout")
    return [name, len(states), killed, timeout, len(states) - killed - timeout, f"{share(mutants):.1%}"]


def survivors(mutants: Iterable[Mutant]) -> Iterator[str]:
    """Yield a line for each mutant that nobody examined, then one for each reason that `survivors.toml` gives."""
    known = [_Known(**entry) for entry in tomllib.loads(REASONS.read_text(encoding="utf-8"))["known"]]
    explained: dict[str, list[str]] = {}
    for mutant in mutants:
        if mutant.noticed:
            continue
        place, new = f"{mutant.module}.{mutant.function}", mutant.new or "nothing"
        reason = next((entry.why for entry in known if entry.fits(place, new)), None)
        if reason is None:
            yield f"- `{place}` ({mutant.state}): `{mutant.old}` became `{new}`; not examined"
        else:
            explained.setdefault(reason, []).append(f"`{place}`")
    for reason, places in explained.items():
        counts = [f"{place} ({count})" if count > 1 else place for place, count in Counter(places).items()]
        yield f"- {', '.join(counts)}: {reason}"


class _Known(NamedTuple):
    where: str
    now: str
    why: str

    def fits(self, place: str, new: str) -> bool:
        return fnmatchcase(place, self.where) and re.search(self.now, new) is not None
