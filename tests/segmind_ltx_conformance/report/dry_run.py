"""Print what ``--dry-run`` shows: the checks, and what a run would send and cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from segmind_ltx_conformance.coverage import stages_of, undetectable
from segmind_ltx_spec import Clause, Contract

if TYPE_CHECKING:
    from segmind_ltx_conformance.prober import Plan


def print_plan(console: Console, plan: Plan, contract: Contract, chosen: Iterable[Clause]) -> None:
    """Print the checks, the requests of each stage, and the totals."""
    done = {row.stage for row in plan.rows}
    tested, left_out = list[Clause](), list[Clause]()
    for clause in chosen:
        idle = clause.permission or undetectable(clause, contract) or not stages_of(clause) & done
        (left_out if idle else tested).append(clause)
    for text in (*_clauses("Would be tested", tested), *_clauses("Would not be exercised", left_out), Text()):
        console.print(text, soft_wrap=True, highlight=False, markup=False)
    console.print(_table(plan))
    money = f"{plan.usd_low:.2f} to {plan.usd_high:.2f} USD at the documented prices"
    summary = f"{len(tested)} clauses, about {plan.requests} requests, {plan.jobs} accepted jobs, {money}"
    room = f"; the budget has no room for {plan.left_out} more jobs" if plan.left_out else ""
    console.print(f"Nothing was sent. A run: {summary}{room}.", soft_wrap=True, highlight=False, markup=False)


def _clauses(heading: str, clauses: list[Clause]) -> Iterator[Text]:
    kinds: defaultdict[str, list[Clause]] = defaultdict(list)
    for clause in clauses:
        kinds[clause.kind].append(clause)
    if kinds:
        yield Text(f"\n{heading}", "bold")
    for kind, members in kinds.items():
        yield Text(f"  {kind} ({len(members)})", "bold")
        yield from (Text(f"    {clause.grade}  {clause.id}: {clause.statement}") for clause in members)


def _table(plan: Plan) -> Table:
    from segmind_ltx_conformance.prober import STAGES

    table = Table(title="Requests of a run")
    for name in ("stage", "requests for", "requests", "jobs", "USD"):
        table.add_column(name, justify="right" if name in {"requests", "jobs", "USD"} else "left")
    for stage in dict.fromkeys(row.stage for row in plan.rows):
        rows = [row for row in plan.rows if row.stage == stage]
        requests, jobs = (sum(getattr(row, name) for row in rows) for name in ("requests", "jobs"))
        money = f"{sum(row.usd_low for row in rows):.2f} to {sum(row.usd_high for row in rows):.2f}"
        table.add_row(stage, STAGES.get(stage, ""), str(requests), str(jobs or ""), money if jobs else "")
    return table
