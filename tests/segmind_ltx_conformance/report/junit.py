"""Write ``junit.xml`` for CI systems: failed checks are failures, inconclusive ones are errors."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final
from xml.etree import ElementTree

from segmind_ltx_conformance.checks import Check, Outcome
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.report.document import Run, evidence, model_of, source
from segmind_ltx_conformance.report.text import curl, one_line, printable, request_line, response_line, shell_line
from segmind_ltx_spec import read_document

TAGS: Final = {
    Outcome.FAILED: "failure",
    Outcome.ERROR: "error",
    Outcome.INCONCLUSIVE: "error",
    Outcome.KNOWN: "skipped",
    Outcome.NOT_EXERCISED: "skipped",
}
"""Checks with other outcomes are passed tests, with their details as output."""


def junit(run: Run) -> str:
    """Return the report as XML, with a test suite for each kind of clause."""
    root = ElementTree.Element("testsuites", name="segmind-ltx conformance")
    kinds: dict[str, list[Check]] = {}
    for check in run.judgement.checks:
        kinds.setdefault(check.clause.kind, []).append(check)
    for kind, checks in kinds.items():
        suite = ElementTree.SubElement(root, "testsuite", name=kind, hostname=printable(run.recording.base_url))
        suite.set("timestamp", run.recording.started.strftime("%Y-%m-%dT%H:%M:%S"))
        facts = {"seed": run.seed, "version": _version(), "contract": read_document()["info"]["version"]}
        _properties(suite, {name: str(value) for name, value in facts.items() if value is not None})
        for check in checks:
            _case(suite, check, run.recording)
        suite.set("time", f"{sum(_seconds(check, run.recording) for check in checks):.3f}")
        _count(suite, checks)
    _count(root, list(run.judgement.checks))
    root.set("time", f"{run.seconds or 0:.3f}")
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="utf-8"?>\n', "\n")
    )


def _case(suite: ElementTree.Element, check: Check, recording: Recording) -> None:
    classname = f"segmind_ltx.conformance.{check.clause.kind}"
    case = ElementTree.SubElement(suite, "testcase", classname=classname, name=check.id)
    case.set("time", f"{_seconds(check, recording):.3f}")
    facts = {"grade": check.grade, "model": model_of(check), "cause": check.cause}
    _properties(case, {name: value for name, value in facts.items() if value})
    for place in evidence(check):
        _properties(case, {"documents": place})
    tag, text = TAGS.get(check.outcome), "\n".join(check_lines(check, recording))
    if tag is not None:
        result = ElementTree.SubElement(case, tag, message=printable(check.detail)[:500], type=str(check.outcome))
        result.text = text
    elif check.outcome is not Outcome.PASSED:
        ElementTree.SubElement(case, "system-out").text = f"{check.outcome}\n{text}"


def _version() -> str:
    try:
        return version("segmind-ltx")
    except PackageNotFoundError:  # Run from a checkout that is not installed.
        return "unknown"


def _properties(element: ElementTree.Element, facts: Mapping[str, str]) -> None:
    found = element.find("properties")
    properties = ElementTree.SubElement(element, "properties") if found is None else found
    for name, value in facts.items():
        ElementTree.SubElement(properties, "property", name=name, value=printable(value))


def _seconds(check: Check, recording: Recording) -> float:
    """Return how long the responses took that show the check. One response can show many checks."""
    known = (recording.exchanges[index] for index in check.exchanges if 0 <= index < len(recording.exchanges))
    return sum(exchange.took or 0.0 for exchange in known)


def check_lines(check: Check, recording: Recording) -> list[str]:
    """Describe a check: the clause, what was seen, and one request that shows it."""
    # On one line each: a line that begins with "::" or "##" is a command to some CI systems.
    lines = [f"{check.clause.statement} ({source(check)})", f"detail: {one_line(check.detail, 2000)}"]
    if check.cause:
        lines.append(f"follows from {check.cause}")
    index = best_exchange(check, recording)
    if index is not None:
        exchange = recording.exchanges[index]
        lines += [f"request: {request_line(exchange)}", f"response: {response_line(exchange)}"]
        lines += [f"repeat: {shell_line(curl(exchange, recording.base_url))}"]
    return lines


def best_exchange(check: Check, recording: Recording) -> int | None:
    """Return the index of the exchange that shows the check best: the first, or its last retry."""
    known = [index for index in check.exchanges if 0 <= index < len(recording.exchanges)]
    if not known:
        return None
    first = recording.exchanges[known[0]]
    best = known[0]
    for index in known[1:]:
        other = recording.exchanges[index]
        if (other.method, other.url, other.key, other.request_body, other.probe) != (
            first.method,
            first.url,
            first.key,
            first.request_body,
            first.probe,
        ) or first.method == "GET":
            break
        best = index
    return best


def _count(element: ElementTree.Element, checks: list[Check]) -> None:
    tags = [TAGS.get(check.outcome) for check in checks]
    element.set("tests", str(len(checks)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(tags.count(tag)))
