"""What a run says on the terminal: failures first, by root cause, then the rest, then one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from segmind_ltx_conformance.checks import Outcome
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.report.causes import Group, grouped, reasons
from segmind_ltx_conformance.report.document import Run, headline
from segmind_ltx_conformance.report.junit import evidence
from segmind_ltx_conformance.report.text import curl, line, listed, plain, request_line, response_line

STYLES: Final = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.WARNED: "yellow",
    Outcome.NOTED: "cyan",
    Outcome.INCONCLUSIVE: "magenta",
    Outcome.NOT_EXERCISED: "dim",
    Outcome.ERROR: "bold magenta",
}
HEADINGS: Final = {
    Outcome.FAILED: "Failed: the documents say otherwise",
    Outcome.ERROR: "Errors of the suite itself",
    Outcome.WARNED: "Warned: other pages of the vendor say otherwise",
    Outcome.NOTED: "Noted: expected, but nobody promised it",
    Outcome.INCONCLUSIVE: "Inconclusive: tried, and not to be told",
}
LONGEST_CURL: Final = 1500


def tell(console: Console, run: Run) -> None:
    """Print the whole report."""
    for text in lines(run):
        # Not wrapped: a curl line has to survive being copied. Not highlighted, and no markup of the target's.
        console.print(text, soft_wrap=True, highlight=False, markup=False)


def lines(run: Run) -> Iterator[Text]:
    """The report, line by line."""
    for outcome, heading in HEADINGS.items():
        groups = grouped(run.judgement, outcome)
        if groups:
            yield from (Text(), Text(heading, STYLES[outcome]))
        for number, group in enumerate(groups, 1):
            yield from _group(number, group, run.recording)
    skipped = reasons(run.judgement)
    if skipped:
        yield from (Text(), Text("Not exercised", "bold"))
    for reason, checks in skipped.items():
        yield Text(f"  {len(checks):4}  {line(reason)}: {listed((check.id for check in checks), 3)}", "dim")
    yield from _observations(run)
    style = {0: "bold green", 1: "bold red"}.get(run.judgement.exit_status, "bold magenta")
    yield from (Text(), Text(plain(headline(run)), style))


def _group(number: int, group: Group, recording: Recording) -> Iterator[Text]:
    check = group.first
    source = f"{check.clause.grade}, {check.clause.document}" if check.clause.document else check.clause.grade
    yield Text.assemble("\n  ", f"{number}. ", (check.clause.id, STYLES[check.outcome]), (f"  ({source})", "dim"))
    yield Text(f"     {check.clause.statement}", "bold")
    if group.models:
        yield _fact("models" if len(group.models) > 1 else "model", listed(group.models, 8))
    for detail in group.details[:3]:
        yield _fact("seen", line(detail, 600))
    if len(group.details) > 3:
        yield _fact("", f"and {len(group.details) - 3} more like it")
    index = evidence(check, recording)
    if index is not None:
        exchange = recording.exchanges[index]
        yield _fact("sent", request_line(exchange))
        yield _fact("came back", response_line(exchange))
        command = plain(curl(exchange, recording.base_url))
        yield _fact("repeat", command if len(command) <= LONGEST_CURL else "long: see report.html")
    if group.followers:
        names = listed((follower.id for follower in group.followers), 3)
        yield _fact("", f"{len(group.followers)} more follow from it: {names}")


def _fact(name: str, text: str) -> Text:
    return Text.assemble("     ", (f"{name:<10}", "dim"), text)


def _observations(run: Run) -> Iterator[Text]:
    found: dict[tuple[str, str], list[str]] = {}
    for one in run.judgement.observations:
        found.setdefault((one.name, one.detail), []).extend([one.model] if one.model else [])
    if found:
        yield from (Text(), Text("Observed, where the documents leave it open", "bold"))
    for (name, detail), models in found.items():
        yield Text(f"  {plain(name)}: {line(detail)}{f' ({listed(models, 5)})' if models else ''}")
