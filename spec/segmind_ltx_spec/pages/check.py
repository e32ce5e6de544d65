"""Check a page against the contract: what differs, what is confirmed, and what the saved copy does not reach."""

from __future__ import annotations

import re
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec.contract import Contract, Model, load
from segmind_ltx_spec.pages import expected
from segmind_ltx_spec.pages.check_parameters import check_parameters
from segmind_ltx_spec.pages.differences import Difference, Findings
from segmind_ltx_spec.pages.expected import Stated
from segmind_ltx_spec.pages.page import Page, QueueFacts
from segmind_ltx_spec.pages.sections import STANDARD_ERRORS

Json = dict[str, Any]

FINAL_STATES = ("COMPLETED", "FAILED")
"""The states in which a job ends; the contract says it in its clauses."""


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
    if page.endpoint != f"{server}{model.v1}" or page.v1 != model.v1:
        findings.differ(
            "route", model.slug, f"{server}{model.v1}", page.v1 or page.endpoint, blocking.grade, page.lines.get("v1")
        )
    _compare("route", model.slug, queued, page.v2, page.lines.get("v2"), findings, missing=page.complete)
    if page.complete and queued.grade == "D" and page.v2 is not None:
        # The page of this model shows the queue twice: above the sample, and in a section of its own.
        for missing, part in (("v2" not in page.lines, "submit + poll"), (page.queue is None, "Asynchronous requests")):
            if missing:
                findings.differ("route", model.slug, f"{model.v2}: {part}", None, queued.grade)
    if page.returns not in {None, "Video"}:
        # Every model of this contract makes a video; the generated client reads nothing else.
        findings.differ("type", model.slug, "Video", page.returns, "D")


_PER_VIDEO: Final = re.compile(r"\d\W*$|per (?:generation|video|run|request|call|job)$")
"""How a price ends that is one of a whole video, as the contract's prices are."""


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
    elif (printed[0], printed[-1]) != cost.value or not _PER_VIDEO.search(page.price or ""):
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
    routes = [f"POST {model.v2}", *(f"GET {_bare(path)}" for path in expected.job_routes(contract))]
    printed = [f"{method} {_bare(path)}" for method, path in queue.routes]
    _compare_sets("route", model.slug, dict.fromkeys(routes, "D"), printed, findings, missing=queue.whole)
    fields, final = expected.accepted_fields(contract), FINAL_STATES
    for kind, stated, seen in (("route", fields, queue.accepted_fields), ("state", final, queue.final_states)):
        if stated != seen and (seen or queue.whole):
            findings.differ(kind, model.slug, list(stated), list(seen), "D")
    states = expected.states(contract)
    for state in states:
        if state not in queue.states and queue.whole:
            findings.differ("state", state, state, None, states[state])
    for state in queue.states:
        if state not in states:
            findings.differ("state", state, None, state, None)
    failed = expected.job_status(contract, expected.STATUS_OF_FAILED)
    unknown = expected.job_status(contract, expected.STATUS_OF_UNKNOWN)
    kept = expected.retention(contract)
    seconds = None if queue.retention is None else expected.seconds_in(queue.retention)
    facts: tuple[tuple[str, str, Any, Any, Any], ...] = (
        ("state", "FAILED", "FAILED", queue.blocked_state, queue.blocked_state),
        ("status", "FAILED", failed, queue.failed_status, queue.failed_status),
        ("status", str(unknown), unknown, queue.unknown_status, queue.unknown_status),
        ("retention", model.slug, None if kept is None else kept.value, seconds, queue.retention),
    )
    for kind, of, expectation, found, told in facts:
        if expectation != found and (told is not None or queue.whole):
            findings.differ(kind, of, expectation, told, "D")


def _bare(path: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"[{].*?[}]", "{}", path)


def _compare_sets(
    kind: str, of: str, stated: dict[str, str], printed: list[str], findings: Findings, *, missing: bool
) -> None:
    for one, grade in stated.items():
        if missing and one not in printed:
            findings.differ(kind, of, one, None, grade)
    for one in printed:
        if one not in stated:
            findings.differ(kind, of, None, one, None)
