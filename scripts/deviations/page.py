"""What is said of the mutants: tables by kind, those that were not named, and clauses that have none."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median
from typing import Final

from deviations.baseline import Baseline
from deviations.results import PLAIN, Result, Row
from segmind_ltx_sandbox.deviations import UNSEEN, why_unseen
from segmind_ltx_spec import clauses

KNOWN: Final = Path(__file__).with_name("known.toml")
HEAD: Final = """\
# Mutants of the sandbox: what the conformance suite sees

Written by `nox -s deviations`, which runs the suite against sandboxes that are wrong on purpose. Each *mutant* breaks one
clause of the contract; each *variant* does what the documents leave open. `segmind-ltx sandbox --deviations` lists
them, `--deviation NAME` starts one. A mutant of a clause that the five documents state (D) has to fail the run; one of
a clause that only other pages state (P), or that is inferred (I), has to be named in a warning or a note, since by
their grade these cannot fail it. At least {share:.0%} of all have to be named by their own clause. No variant may fail
the run. A server that answers 429 for ever, instead of what is documented, cannot be told from one whose limit does not
pass: there the run may end with 2, which is no more green than 1.
"""


def written(rows: Sequence[Row], baseline: Sequence[Baseline], share: float) -> str:
    """The whole page."""
    mutants = [row for row in rows if row.is_mutant]
    decisive = [row for row in mutants if row.grade == "D"]
    other = [row for row in mutants if row.grade != "D"]
    parts = [
        HEAD.format(share=share),
        "## Clauses that the documents state (D)",
        table(decisive),
        "## Clauses of other grades (P, I)",
        table(other),
        "## The sandbox as it is, and what the documents allow",
        _allowed([row for row in rows if not row.is_mutant]),
        "## Mutants that were not named",
        "\n".join(_unnamed(mutants)) or "None.",
    ]
    if baseline:
        parts += ["## Beside it: plain schemathesis", _beside(rows, baseline)]
    parts += ["## Clauses without a mutant", "\n".join(_without())]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def table(mutants: Sequence[Row]) -> str:
    """Counts by kind."""
    head = [
        "| kind | mutants | run failed (1) | could not tell (2) | broken clause named | seconds, median |",
        "|---|---|---|---|---|---|",
    ]
    kinds = sorted({row.kind for row in mutants})
    lines = [_line(f"`{kind}/`", [row for row in mutants if row.kind == kind]) for kind in kinds]
    return "\n".join([*head, *lines, _line("all", mutants)])


def _line(label: str, rows: Sequence[Row]) -> str:
    failed = sum(row.exit_status == 1 for row in rows)
    untold = sum(row.exit_status == 2 for row in rows)
    named = sum(row.fate is Result.NAMED for row in rows)
    return f"| {label} | {len(rows)} | {failed} | {untold} | {named} | {_median(row.seconds for row in rows)} |"


def _median(values: Iterable[float]) -> str:
    found = list(values)
    return f"{median(found):.1f}" if found else "-"


def _allowed(rows: Sequence[Row]) -> str:
    head = ["| server | what it does | exit status | failed | seconds |", "|---|---|---|---|---|"]
    lines = [
        f"| `{row.name}` | {row.summary} | {row.exit_status} | {', '.join(row.failed) or '-'} | {row.seconds:.1f} |"
        for row in rows
    ]
    return "\n".join([*head, *lines])


def _unnamed(mutants: Iterable[Row]) -> Iterator[str]:
    known = tomllib.loads(KNOWN.read_text(encoding="utf-8")).get("known", [])
    for row in mutants:
        if row.fate is Result.NAMED and row.held:
            continue
        why = next((one["why"] for one in known if fnmatchcase(row.name, one["name"])), "nobody has looked into it")
        named = ", ".join((*row.failed, *row.unsure)[:4]) or "nothing"
        ended = f"{row.fate}, exit status {row.exit_status}, named: {named}"
        yield f"- `{row.name}` ({row.clauses[0]}, {row.grade}): {ended}; {why}"


def _beside(rows: Sequence[Row], baseline: Sequence[Baseline]) -> str:
    theirs = {one.name: one for one in baseline}
    ours = {(PLAIN if row.kind == PLAIN else row.name): row for row in rows}
    both = [name for name in theirs if name in ours]
    mutants = [name for name in both if ours[name].is_mutant and ours[name].grade == "D"]
    allowed = [name for name in both if not ours[name].is_mutant]
    lines = [
        "| tool | mutants failed | of | variants failed, and the plain sandbox | of | seconds, median |",
        "|---|---|---|---|---|---|",
        _tool("this suite", [ours[n].exit_status == 1 for n in mutants], [ours[n].exit_status == 1 for n in allowed])
        + f" {_median(ours[n].seconds for n in both)} |",
        _tool("schemathesis 4.32.5", [theirs[n].failed for n in mutants], [theirs[n].failed for n in allowed])
        + f" {_median(theirs[n].seconds for n in both)} |",
    ]
    said = (
        "`schemathesis run --checks all --phases examples,coverage,fuzzing,stateful`, on the same spec. In its favour, "
        "no job took any time, no video was made, and it had a key; a mutant counts where the run ended with status 1."
    )
    return "\n".join([*lines, "", said])


def _tool(label: str, mutants: Sequence[bool], allowed: Sequence[bool]) -> str:
    return f"| {label} | {sum(mutants)} | {len(mutants)} | {sum(allowed)} | {len(allowed)} |"


def _without() -> Iterator[str]:
    known = [clause.id for clause in clauses()]
    for pattern, reason in UNSEEN.items():
        meant = [one for one in known if fnmatchcase(one, pattern) and why_unseen(one) == reason]
        count = f" ({len(meant)} clauses)" if len(meant) > 1 else ""
        yield f"- `{pattern}`{count}: {reason}"


def told(rows: Sequence[Row], share: float) -> list[str]:
    """Which bounds do not hold, a line each."""
    mutants = [row for row in rows if row.is_mutant]
    wrong = [row for row in rows if not row.held and (not row.is_mutant or row.grade == "D")]
    lines = [f"{row.name} ended with {row.exit_status}: {', '.join((*row.failed, *row.unsure))}" for row in wrong]
    lines += [f"{row.name} ended early: {row.trouble}" for row in rows if row.trouble and not row.is_mutant]
    named = sum(row.fate is Result.NAMED for row in mutants)
    if mutants and named < share * len(mutants):
        lines.append(f"{named} of {len(mutants)} mutants were named by their clause, fewer than {share:.0%}")
    return lines
