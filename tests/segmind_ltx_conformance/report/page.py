"""Write ``report.html``: one file that needs no network. Text from the target is never markup in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import jinja2
from attrs import frozen
from markupsafe import Markup

from segmind_ltx_conformance.checks import Check, Outcome
from segmind_ltx_conformance.report.causes import Group, group_failures, skip_reasons
from segmind_ltx_conformance.report.console import HEADINGS
from segmind_ltx_conformance.report.document import (
    Run,
    counts,
    headline,
    model_of,
    own_model,
    source,
    summary,
)
from segmind_ltx_conformance.report.exchange_table import ExchangeTable
from segmind_ltx_conformance.report.junit import best_exchange
from segmind_ltx_conformance.report.text import curl, one_line, printable, request_line, response_line

TEMPLATES: Final = Path(__file__).with_name("templates")
SYMBOLS: Final = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.WARNED: "!",
    Outcome.NOTED: "i",
    Outcome.KNOWN: "k",
    Outcome.INCONCLUSIVE: "?",
    Outcome.NOT_EXERCISED: "\N{EN DASH}",
    Outcome.ERROR: "E",
}
"""Symbols, so that the outcomes can be distinguished without colour."""
ORDER: Final = (
    Outcome.FAILED,
    Outcome.ERROR,
    Outcome.INCONCLUSIVE,
    Outcome.WARNED,
    Outcome.NOTED,
    Outcome.KNOWN,
    Outcome.PASSED,
    Outcome.NOT_EXERCISED,
)
NO_MODEL: Final = "no model in particular"
MAX_DETAIL_LENGTH: Final = 2000


@frozen
class Row:
    """A rule and its check for each model, in the order of the page's columns; None if the model has no such check."""

    name: str
    statement: str
    kind: str
    grades: tuple[str, ...]
    cells: tuple[Check | None, ...]


def page(run: Run) -> str:
    """Return the page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(printable=printable, one_line=one_line, css=_css, source=source)
    table = ExchangeTable(run.recording)
    places = table.fill(run.judgement.checks)
    columns = _columns(run.judgement.checks)
    style, script = Markup(f":root {{ --columns: {len(columns)}; }}\n") + _asset("report.css"), _asset("report.js")  # noqa: S704
    rows = _rows(run.judgement.checks, columns)
    numbers = {check.id: number for number, check in enumerate(run.judgement.checks)}
    return environment.get_template("report.html.jinja").render(
        run=run,
        summary=summary(run),
        headline=headline(run),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        counts=counts(run.judgement),
        order=ORDER,
        symbols=SYMBOLS,
        sections=[(outcome, title, _cards(run, outcome)) for outcome, title in HEADINGS.items()],
        reasons=skip_reasons(run.judgement),
        observations=_observations(run),
        columns=columns,
        kinds=_by_kind(rows),
        numbers=numbers,
        data={
            "checks": [_data(check, places[check.id]) for check in run.judgement.checks],
            "exchanges": table.exchanges,
            "texts": table.texts,
        },
    )


def _asset(name: str) -> Markup:
    # The project's own files are the only text that is not escaped.
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704


def _hash(text: str) -> str:
    """Return the hash for the content security policy: the browser runs no other script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _css(outcome: Outcome) -> str:
    return outcome.replace(" ", "-")


def _columns(checks: tuple[Check, ...]) -> list[str]:
    """Return the columns: no model first, then the models in the contract's order."""
    found = {model_of(check) for check in checks}
    order = list(dict.fromkeys(slug for check in checks for slug in check.clause.models))
    return [NO_MODEL] * (None in found) + [slug for slug in order if slug in found]


def _rows(checks: tuple[Check, ...], columns: list[str]) -> list[Row]:
    """Put clauses that say the same about different models into one row."""
    families: dict[tuple[str, str], dict[str, Check]] = {}
    for check in checks:
        slug = own_model(check.clause)
        name = check.clause.id.removeprefix(f"{slug}.") if slug else check.clause.id
        families.setdefault((check.clause.kind, name), {})[model_of(check) or NO_MODEL] = check
    return [
        Row(
            name,
            _statement(family.values()),
            kind,
            tuple(sorted({check.clause.grade for check in family.values()})),
            tuple(family.get(column) for column in columns),
        )
        for (kind, name), family in families.items()
    ]


def _statement(checks: Iterable[Check]) -> str:
    """Return the statement that the clauses of a row share, without the model."""
    said = dict.fromkeys(check.clause.statement.removeprefix(f"{own_model(check.clause)}: ") for check in checks)
    first, *others = said
    return f"{first} (differs between models)" if others else first


def _by_kind(rows: list[Row]) -> dict[str, list[Row]]:
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    return kinds


def _cards(run: Run, outcome: Outcome) -> list[dict[str, Any]]:
    return [_card(run, group) for group in group_failures(run.judgement, outcome)]


def _card(run: Run, group: Group) -> dict[str, Any]:
    index = best_exchange(group.first, run.recording)
    exchange = None if index is None else run.recording.exchanges[index]
    shown: dict[str, str] = {}
    if exchange is not None:
        shown = {"request": request_line(exchange), "response": response_line(exchange)}
        command = printable(curl(exchange, run.recording.base_url))
        shown |= {"repeat": command} if len(command) <= 2 * MAX_DETAIL_LENGTH else {}
    return {"group": group, "shown": shown}


def _observations(run: Run) -> list[tuple[str, str, list[str]]]:
    models_by_observation: dict[tuple[str, str], list[str]] = {}
    for observation in run.judgement.observations:
        models_by_observation.setdefault((observation.name, observation.detail), []).extend(
            [observation.model] if observation.model else []
        )
    return [(name, detail, list(dict.fromkeys(models))) for (name, detail), models in models_by_observation.items()]


def _data(check: Check, indices: list[int]) -> dict[str, Any]:
    clause = check.clause
    return {
        "id": check.id,
        "clause": clause.id,
        "says": clause.statement,
        "grade": check.grade,
        "source": source(check),
        "note": clause.note or "",
        "kind": clause.kind,
        "model": model_of(check) or "",
        "outcome": str(check.outcome),
        "css": _css(check.outcome),
        "symbol": SYMBOLS[check.outcome],
        "detail": printable(check.detail[:MAX_DETAIL_LENGTH]),
        "cause": check.cause or "",
        "cases": check.cases,
        "total": len(check.exchanges),
        "exchanges": indices,
    }
