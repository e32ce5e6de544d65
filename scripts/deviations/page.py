"""Write the page about the mutants: tables by kind, mutants that were not named, and clauses without a mutant."""

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
BLAMED: Final = 0.97
"""The share of mutants of grade D whose own clause has to be among the failures."""
HEAD: Final = """\
# Mutants of the sandbox: what the conformance suite sees

Written by `nox -s deviations`, which runs the suite against sandboxes with deliberate mistakes. Each *mutant* breaks
one clause of the contract; each *variant* uses a freedom that the documents leave. `segmind-ltx sandbox --deviations`
lists them, `--deviation NAME` starts one. A mutant of a clause of grade D, which the five documents state, has to fail
the run. A mutant of a clause of grade P (other pages) or I (inferred) cannot fail the run; a warning or a note has to
name it. At least {share:.0%} of all mutants have to be named by their own clause. No variant may fail the run. A
mutant that always answers 429 looks like a server whose rate limit never ends; its run may end with 2, inconclusive.
"""


def page_text(rows: Sequence[Row], baseline: Sequence[Baseline], share: float) -> str:
    """Return the whole page."""
    mutants = [row for row in rows if row.is_mutant]
    decisive = [row for row in mutants if row.grade == "D"]
    other = [row for row in mutants if row.grade != "D"]
    parts = [
        HEAD.format(share=share),
        "## Clauses that the documents state (D)",
        table(decisive),
        "## Clauses of other grades (P, I)",
        table(other),
        "## The plain sandbox, and what the documents allow",
        _allowed([row for row in rows if not row.is_mutant]),
        "## Mutants that were not named",
        "\n".join(_unnamed(mutants)) or "None.",
    ]
    if baseline:
        parts += ["## For comparison: plain schemathesis", _beside(rows, baseline)]
    parts += ["## Clauses without a mutant", "\n".join(_without())]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def table(mutants: Sequence[Row]) -> str:
    """Count the results by kind."""
    head = [
        "| kind | mutants | run failed (1) | inconclusive (2) | broken clause named | seconds, median |",
        "|---|---|---|---|---|---|",
    ]
    kinds = sorted({row.kind for row in mutants})
    lines = [_line(f"`{kind}/`", [row for row in mutants if row.kind == kind]) for kind in kinds]
    return "\n".join([*head, *lines, _line("all", mutants)])


def _line(label: str, rows: Sequence[Row]) -> str:
    failed = sum(row.exit_status == 1 for row in rows)
    inconclusive = sum(row.exit_status == 2 for row in rows)
    named = sum(row.result is Result.NAMED for row in rows)
    return f"| {label} | {len(rows)} | {failed} | {inconclusive} | {named} | {_median(row.seconds for row in rows)} |"


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
        if row.result is Result.NAMED and row.as_expected:
            continue
        reason = next((entry["why"] for entry in known if fnmatchcase(row.name, entry["name"])), "not investigated")
        named = ", ".join((*row.failed, *row.unsure)[:4]) or "nothing"
        ended = f"{row.result}, exit status {row.exit_status}, named: {named}"
        yield f"- `{row.name}` ({row.clauses[0]}, {row.grade}): {ended}; {reason}"


def _beside(rows: Sequence[Row], baseline: Sequence[Baseline]) -> str:
    by_name = {baseline_row.name: baseline_row for baseline_row in baseline}
    rows_by_name = {(PLAIN if row.kind == PLAIN else row.name): row for row in rows}
    both = [name for name in by_name if name in rows_by_name]
    mutants = [name for name in both if rows_by_name[name].is_mutant and rows_by_name[name].grade == "D"]
    allowed = [name for name in both if not rows_by_name[name].is_mutant]
    lines = [
        "| tool | mutants failed | of | variants failed, and the plain sandbox | of | seconds, median |",
        "|---|---|---|---|---|---|",
        _tool(
            "this suite",
            [rows_by_name[n].exit_status == 1 for n in mutants],
            [rows_by_name[n].exit_status == 1 for n in allowed],
        )
        + f" {_median(rows_by_name[n].seconds for n in both)} |",
        _tool("schemathesis 4.32.5", [by_name[n].failed for n in mutants], [by_name[n].failed for n in allowed])
        + f" {_median(by_name[n].seconds for n in both)} |",
    ]
    said = (
        "`schemathesis run --checks all --phases examples,coverage,fuzzing,stateful`, on the same spec. In its favour, "
        "no job took time, no video was rendered, and it had a key. A mutant counts as failed if the run ended with 1."
    )
    return "\n".join([*lines, "", said])


def _tool(label: str, mutants: Sequence[bool], allowed: Sequence[bool]) -> str:
    return f"| {label} | {sum(mutants)} | {len(mutants)} | {sum(allowed)} | {len(allowed)} |"


def _without() -> Iterator[str]:
    known = [clause.id for clause in clauses()]
    for pattern, reason in UNSEEN.items():
        matching = [
            clause_id for clause_id in known if fnmatchcase(clause_id, pattern) and why_unseen(clause_id) == reason
        ]
        count = f" ({len(matching)} clauses)" if len(matching) > 1 else ""
        yield f"- `{pattern}`{count}: {reason}"


def _is_bound(row: Row) -> bool:
    """Return whether the exit status of a run is bound: a mutant of a weaker grade only must not fail it."""
    return not row.is_mutant or row.grade == "D" or (row.exit_status == 1 and not row.also_d)


def broken_bounds(rows: Sequence[Row], share: float) -> list[str]:
    """List the bounds that do not hold, one per line."""
    mutants = [row for row in rows if row.is_mutant]
    missed = [row for row in rows if not row.as_expected and _is_bound(row)]
    lines = [f"{row.name} ended with {row.exit_status}: {', '.join((*row.failed, *row.unsure))}" for row in missed]
    lines += [f"{row.name} ended early: {row.trouble}" for row in rows if row.trouble and not row.is_mutant]
    decisive = [row for row in mutants if row.grade == "D"]
    blamed = sum(row.result is Result.NAMED for row in decisive)
    if decisive and blamed < BLAMED * len(decisive):
        lines.append(f"{blamed} of {len(decisive)} mutants of grade D failed by their clause, fewer than {BLAMED:.0%}")
    named = sum(row.result is Result.NAMED for row in mutants)
    if mutants and named < share * len(mutants):
        lines.append(f"{named} of {len(mutants)} mutants were named by their clause, fewer than {share:.0%}")
    return lines
