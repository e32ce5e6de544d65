"""Check a page against the contract: what differs, what is confirmed, and what the saved copy does not reach."""

from __future__ import annotations

import re
from typing import Any

from attrs import evolve, frozen

from segmind_ltx_spec.contract import Contract, Model, load
from segmind_ltx_spec.pages import expected
from segmind_ltx_spec.pages.check_parameters import check_parameters
from segmind_ltx_spec.pages.differences import Difference, Findings
from segmind_ltx_spec.pages.expected import Stated
from segmind_ltx_spec.pages.page import Page, QueueFacts
from segmind_ltx_spec.pages.sections import STANDARD_ERRORS

Json = dict[str, Any]


@frozen
class Check:
    """The outcome of a check; ``unreadable`` holds a reason if the page could not be read."""

    differences: tuple[Difference, ...] = ()
    confirms: tuple[Difference, ...] = ()
    choices: tuple[Difference, ...] = ()
    cut: Json | None = None
    unreadable: str | None = None

    @property
    def exit_status(self) -> int:
        """0 if nothing differs, 1 if something does, 2 if the page could not be read."""
        return 2 if self.unreadable else 1 if self.differences else 0

    def json(self) -> Json:
        """Return the check as ``segmind-ltx spec page check --json`` prints it."""
        return {
            "differences": [one.json() for one in self.differences],
            "confirms": [one.json() for one in self.confirms],
            "choices": [one.json() for one in self.choices],
            "cut": self.cut,
            "unreadable": self.unreadable,
        }


def check_page(page: Page, contract: Contract | None = None) -> Check:
    """Compare a page with the model of its slug in ``contract``, in the shipped one by default."""
    contract = contract or load()
    if page.unreadable is not None:
        return Check(unreadable=page.unreadable)
    findings = Findings()
    slug = page.slug or ""
    model = contract.models.get(slug)
    if model is None:
        # If the sample still calls a known model, the address of that model has changed.
        known = [name for name in page.sample_slugs if name in contract.models]
        if not known:
            findings.differ("model", slug, None, slug, None, page.lines.get("v1"))
            return Check(tuple(findings.differences), cut=_cut(page))
        model = contract.models[known[0]]
    check_parameters(page, model, findings)
    _check_routes(page, contract, model, findings)
    _check_head(page, model, findings)
    _check_errors(page, contract, model, findings)
    if page.queue is not None:
        _check_queue(page.queue, contract, model, findings)
    for line in page.unread:
        findings.differ("unread", model.slug, None, line.text, None, line.line)
    if not page.complete:
        findings.differ("cut", model.slug, None, f"the saved copy ends in line {page.last_line}", None, page.last_line)
    return Check(tuple(findings.differences), tuple(findings.confirms), tuple(findings.choices), _cut(page))


def _cut(page: Page) -> Json | None:
    if page.complete:
        return None
    unseen = ["response", "errors"] if not page.table_complete else ["errors"]
    last = [name for name, row in (page.parameters or {}).items() if row.state == "cut"]
    found: Json = {"line": page.last_line, "table_complete": page.table_complete, "not_seen": unseen}
    return {**found, "parameter": last[0]} if last else found


def _check_routes(page: Page, contract: Contract, model: Model, findings: Findings) -> None:
    server: str = contract.document["servers"][0]["url"]
    blocking, queued = expected.route(contract, model.v1), expected.route(contract, model.v2)
    if page.endpoint != f"{server}{model.v1}":
        findings.differ("route", model.slug, f"{server}{model.v1}", page.endpoint, blocking.grade, page.lines.get("v1"))
    _compare("route", model.slug, queued, page.v2, page.lines.get("v2"), findings, missing=page.complete)
    if page.returns not in {None, "Video"}:
        # Every model of this contract makes a video; the generated client reads nothing else.
        findings.differ("type", model.slug, "Video", page.returns, "D")


def _check_head(page: Page, model: Model, findings: Findings) -> None:
    old = page.layout is not None and page.layout.endswith(" A")
    time, cost = expected.latency(model), expected.price(model)
    _compare("latency", model.slug, time, page.latency_seconds, page.lines.get("latency"), findings, missing=not old)
    printed = None if page.price is None else tuple(float(one) for one in re.findall(r"\d+(?:\.\d+)?", page.price))
    # Pages that show the queue print no price.
    asked = not old and page.v2 is None
    if printed is None:
        if asked and cost.grade == "D":
            findings.differ("price", model.slug, list(cost.value), None, cost.grade)
    elif (printed[0], printed[-1]) != cost.value:
        findings.differ("price", model.slug, list(cost.value), page.price, cost.grade, page.lines.get("price"))
    else:
        findings.confirm("price", model.slug, list(cost.value), page.price, cost.grade, page.lines.get("price"))


def _compare(
    kind: str, of: str, stated: Stated, printed: Any, line: int | None, findings: Findings, *, missing: bool
) -> None:
    """Compare a single statement. With ``missing``, a documented one that the page lacks is a difference."""
    if printed is None:
        if missing and stated.grade == "D":
            findings.differ(kind, of, stated.value, None, stated.grade)
    elif printed != stated.value:
        findings.differ(kind, of, stated.value, printed, stated.grade, line)
    else:
        findings.confirm(kind, of, stated.value, printed, stated.grade, line)


def _check_errors(page: Page, contract: Contract, model: Model, findings: Findings) -> None:
    stated = expected.statuses(contract, model)
    numbers = {name: status for status, (name, _) in STANDARD_ERRORS.items()}
    seen: set[int] = set()
    for error in page.errors:
        status = error.status if error.status is not None else numbers.get(error.name or "")
        if status is None:
            findings.differ("error", error.name or "?", None, error.name, None, error.line)
            continue
        name = STANDARD_ERRORS.get(status, (None, ""))[0]
        spec = stated.get(status)
        seen.add(status)
        if spec is None:
            findings.differ("error", str(status), None, error.name, None, error.line)
        elif name is not None and error.name is not None and error.name != name:
            findings.differ("error", str(status), name, error.name, spec.grade, error.line)
        else:
            findings.confirm("error", str(status), status, error.name, spec.grade, error.line)
    if page.complete:
        for status, spec in stated.items():
            if spec.grade == "D" and status not in seen:
                findings.differ("error", str(status), STANDARD_ERRORS.get(status, (None, ""))[0], None, spec.grade)


def _check_queue(queue: QueueFacts, contract: Contract, model: Model, findings: Findings) -> None:
    spec = {f"GET {re.sub(r'[{].*?[}]', '{}', path)}" for path in expected.job_routes(contract)}
    spec.add(f"POST {model.v2}")
    printed = {f"{method} {re.sub(r'[{].*?[}]', '{}', path)}" for method, path in queue.routes}
    for route in sorted(spec - printed):
        findings.differ("route", model.slug, route, None, "D")
    for route in sorted(printed - spec):
        findings.differ("route", model.slug, None, route, None)
    fields = expected.accepted_fields(contract)
    if queue.accepted_fields != fields:
        findings.differ("route", model.slug, list(fields), list(queue.accepted_fields), "D")
    states = expected.states(contract)
    for state in [one for one in states if one not in queue.states]:
        findings.differ("state", state, state, None, states[state])
    for state in [one for one in queue.states if one not in states]:
        findings.differ("state", state, None, state, None)
    final = ("COMPLETED", "FAILED")
    if queue.final_states != final:
        findings.differ("state", model.slug, list(final), list(queue.final_states), "D")
    if queue.blocked_state != "FAILED":
        findings.differ("state", "FAILED", "blocked content is FAILED", queue.blocked_state, "D")
    for of, component, seen in (
        ("FAILED", expected.STATUS_OF_FAILED, queue.failed_status),
        ("unknown", expected.STATUS_OF_UNKNOWN, queue.unknown_status),
    ):
        status = expected.job_status(contract, component)
        if status != seen:
            findings.differ("status", str(status) if of == "unknown" else of, status, seen, "D")
    kept = expected.retention(contract)
    seconds = None if queue.retention is None else expected.seconds_in(queue.retention)
    if kept is not None and seconds != kept.value:
        findings.differ("retention", model.slug, f"{kept.value} s", queue.retention, kept.grade)
