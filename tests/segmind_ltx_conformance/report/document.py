"""Build ``report.json``, a run as data. ``report.schema.json`` next to this module describes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from segmind_ltx_conformance.checks import Check, Judgement, Outcome
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.report.causes import group_failures
from segmind_ltx_conformance.report.spending import Spent
from segmind_ltx_spec import Clause, load

VERSION: Final = 2
"""Increased if programs that read the report have to change."""
SCHEMA_PATH: Final = Path(__file__).with_name("report.schema.json")

MAX_SOURCES: Final = 3
"""How many pages a line names; `report.json` has all of them."""
VERDICTS: Final = {0: "conforms", 1: "does not conform", 2: "inconclusive"}
"""The exit status in words."""


@frozen
class Run:
    """The content of the reports. ``seed`` and ``seconds`` are None if nothing was sent, only judged."""

    recording: Recording
    judgement: Judgement
    spent: Spent
    seed: int | None = None
    seconds: float | None = None


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    loaded: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    return loaded


def counts(judgement: Judgement) -> dict[Outcome, int]:
    """Return the number of checks for every outcome."""
    return {outcome: len(judgement.having(outcome)) for outcome in Outcome}


def document(run: Run) -> dict[str, Any]:
    """Return the report as data."""
    return {
        "version": VERSION,
        "summary": summary(run),
        "checks": [_check(check) for check in run.judgement.checks],
        "observations": [
            {
                "name": observation.name,
                "model": observation.model,
                "detail": observation.detail,
                "exchanges": list(observation.exchanges),
            }
            for observation in run.judgement.observations
        ],
    }


def summary(run: Run) -> dict[str, Any]:
    """Return the figures of the report."""
    return {
        **{outcome.replace(" ", "_"): number for outcome, number in counts(run.judgement).items()},
        "known": len(run.judgement.having(Outcome.KNOWN)),
        "tried": run.judgement.tried,
        "checks": len(run.judgement.checks),
        "unmet": list(run.judgement.unmet),
        "stale": list(run.judgement.stale),
        "causes": len(group_failures(run.judgement, Outcome.FAILED)),
        "verdict": VERDICTS[run.judgement.exit_status],
        "exit_status": run.judgement.exit_status,
        "target": run.recording.base_url,
        "started": run.recording.started.isoformat(timespec="seconds"),
        "seed": run.seed,
        "requests": len(run.recording.exchanges),
        "jobs": run.spent.jobs,
        "cost_usd": run.spent.cost,
        "jobs_of_estimated_cost": run.spent.estimated,
        "seconds": None if run.seconds is None else round(run.seconds, 3),
    }


def _check(check: Check) -> dict[str, Any]:
    clause = check.clause
    return {
        "id": check.id,
        "clause": clause.id,
        "statement": clause.statement,
        "grade": check.grade,
        "clause_grade": clause.grade,
        "through": [other.id for other in check.through],
        "documents": evidence(check),
        "kind": clause.kind,
        "model": model_of(check),
        "outcome": str(check.outcome),
        "detail": check.detail,
        "cause": check.cause,
        "cases": check.cases,
        "exchanges": list(check.exchanges),
    }


def evidence(check: Check) -> list[str]:
    """Return where a clause stands, in words: a check of a model cites that model's own page if the clause is on it."""
    contract, clause, model = load(), check.clause, model_of(check)
    own = {page.id for page in contract.pages.values() if page.model == model}
    pages = own & set(clause.documents) or set(clause.documents)
    found: list[str] = []
    for document in clause.documents:
        if document in pages or document not in contract.pages:
            lines = [str(claim).partition(":")[2] for claim in clause.claims if claim.page == document]
            where = f", {'line' if len(lines) == 1 and lines[0].isdecimal() else 'lines'} " if lines else ""
            found.append(f"{contract.words_for(document)}{where}{', '.join(lines)}")
    return found


def source(check: Check) -> str:
    """Return the grade of a verdict and its sources in one line, with the weaker clauses that it rests on."""
    through = "".join(f"; judged through {other.id} ({other.grade})" for other in check.through)
    return "; ".join([check.grade, *evidence(check)[:MAX_SOURCES]]) + through


def model_of(check: Check) -> str | None:
    """Return the model of a check, or the model that its clause belongs to."""
    return check.model or own_model(check.clause)


def own_model(clause: Clause) -> str | None:
    """Return the model that a clause's id begins with."""
    return next((slug for slug in clause.models if clause.id.startswith(f"{slug}.")), None)


def headline(run: Run) -> str:
    """Return the run in one line."""
    numbers = counts(run.judgement)
    parts = [f"{number} {outcome}" for outcome, number in numbers.items() if number]
    facts = [f"{len(run.recording.exchanges)} requests", f"{run.spent.jobs} jobs", f"{run.spent.cost:.2f} USD"]
    facts += [] if run.seconds is None else [f"{run.seconds:.1f} s"]
    verdict = VERDICTS[run.judgement.exit_status]
    if not parts:
        return f"{verdict}: nothing was checked ({', '.join(facts)})"
    tried = f"{run.judgement.tried} of {len(run.judgement.checks)} checks tried"
    if verdict == VERDICTS[0] and all(check.grade != "D" for check in run.judgement.checks):
        tried += ", none of grade D"
    return f"{verdict}: {tried}: {', '.join(parts)} ({', '.join(facts)})"
