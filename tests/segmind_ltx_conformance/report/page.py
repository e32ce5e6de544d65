"""``report.html``: one file that needs no network. What the target sent is text in it, and never markup."""

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
from segmind_ltx_conformance.report.causes import Group, grouped, reasons
from segmind_ltx_conformance.report.console import HEADINGS
from segmind_ltx_conformance.report.document import Run, counts, headline, model_of, own_model, summary
from segmind_ltx_conformance.report.exchange_table import ExchangeTable
from segmind_ltx_conformance.report.junit import evidence
from segmind_ltx_conformance.report.text import curl, line, plain, request_line, response_line

TEMPLATES: Final = Path(__file__).with_name("templates")
SYMBOLS: Final = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.WARNED: "!",
    Outcome.NOTED: "i",
    Outcome.INCONCLUSIVE: "?",
    Outcome.NOT_EXERCISED: "\N{EN DASH}",
    Outcome.ERROR: "E",
}
"""So that nobody has to tell colours apart."""
ORDER: Final = (
    Outcome.FAILED,
    Outcome.ERROR,
    Outcome.INCONCLUSIVE,
    Outcome.WARNED,
    Outcome.NOTED,
    Outcome.PASSED,
    Outcome.NOT_EXERCISED,
)
NO_MODEL: Final = "no model in particular"
LONGEST_DETAIL: Final = 2000


@frozen
class Row:
    """A rule, and what came of it with each model: the columns are those of the page, None where it has no part."""

    name: str
    statement: str
    kind: str
    grades: tuple[str, ...]
    cells: tuple[Check | None, ...]


def page(run: Run) -> str:
    """The page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(plain=plain, line=line, css=_css)
    shelf = ExchangeTable(run.recording)
    places = shelf.fill(run.judgement.checks)
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
        reasons=reasons(run.judgement),
        observations=_observations(run),
        columns=columns,
        kinds=_by_kind(rows),
        numbers=numbers,
        data={
            "checks": [_data(check, places[check.id]) for check in run.judgement.checks],
            "exchanges": shelf.exchanges,
            "texts": shelf.texts,
        },
    )


def _asset(name: str) -> Markup:
    # Our own, and the only text that is not escaped.
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704


def _hash(text: str) -> str:
    """For the page's policy: whatever else gets into it is not run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _css(outcome: Outcome) -> str:
    return outcome.replace(" ", "-")


def _columns(checks: tuple[Check, ...]) -> list[str]:
    """No model first, then the models in the document's order."""
    found = {model_of(check) for check in checks}
    order = list(dict.fromkeys(slug for check in checks for slug in check.clause.models))
    return [NO_MODEL] * (None in found) + [slug for slug in order if slug in found]


def _rows(checks: tuple[Check, ...], columns: list[str]) -> list[Row]:
    """Clauses that say the same of different models share a row."""
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
    """What the clauses of a row say, without the model; where they differ, that they do."""
    said = dict.fromkeys(check.clause.statement.removeprefix(f"{own_model(check.clause)}: ") for check in checks)
    first, *others = said
    return f"{first} (differs by model)" if others else first


def _by_kind(rows: list[Row]) -> dict[str, list[Row]]:
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    return kinds


def _cards(run: Run, outcome: Outcome) -> list[dict[str, Any]]:
    return [_card(run, group) for group in grouped(run.judgement, outcome)]


def _card(run: Run, group: Group) -> dict[str, Any]:
    index = evidence(group.first, run.recording)
    exchange = None if index is None else run.recording.exchanges[index]
    shown: dict[str, str] = {}
    if exchange is not None:
        shown = {"sent": request_line(exchange), "came back": response_line(exchange)}
        command = plain(curl(exchange, run.recording.base_url))
        shown |= {"repeat": command} if len(command) <= 2 * LONGEST_DETAIL else {}
    return {"group": group, "shown": shown}


def _observations(run: Run) -> list[tuple[str, str, list[str]]]:
    found: dict[tuple[str, str], list[str]] = {}
    for one in run.judgement.observations:
        found.setdefault((one.name, one.detail), []).extend([one.model] if one.model else [])
    return [(name, detail, list(dict.fromkeys(models))) for (name, detail), models in found.items()]


def _data(check: Check, places: list[int]) -> dict[str, Any]:
    clause = check.clause
    return {
        "id": check.id,
        "clause": clause.id,
        "says": clause.statement,
        "grade": clause.grade,
        "document": clause.document or "",
        "note": clause.note or "",
        "kind": clause.kind,
        "model": model_of(check) or "",
        "outcome": str(check.outcome),
        "css": _css(check.outcome),
        "symbol": SYMBOLS[check.outcome],
        "detail": plain(check.detail[:LONGEST_DETAIL]),
        "cause": check.cause or "",
        "cases": check.cases,
        "total": len(check.exchanges),
        "exchanges": places,
    }
