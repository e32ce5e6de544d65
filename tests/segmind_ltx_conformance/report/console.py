"""Print a run on the terminal: failures by root cause, then the rest, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from segmind_ltx_conformance.checks import Outcome
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.report.causes import Group, group_failures, skip_reasons
from segmind_ltx_conformance.report.document import Run, headline, source
from segmind_ltx_conformance.report.junit import best_exchange
from segmind_ltx_conformance.report.text import (
    curl,
    join_some,
    one_line,
    printable,
    request_line,
    response_line,
    shell_line,
)

STYLES: Final = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.WARNED: "yellow",
    Outcome.NOTED: "cyan",
    Outcome.KNOWN: "blue",
    Outcome.INCONCLUSIVE: "magenta",
    Outcome.NOT_EXERCISED: "dim",
    Outcome.ERROR: "bold magenta",
}
HEADINGS: Final = {
    Outcome.FAILED: "Failed: the five documents state otherwise",
    Outcome.ERROR: "Errors in the suite itself",
    Outcome.WARNED: "Warned: other pages of the vendor state otherwise",
    Outcome.NOTED: "Noted: expected, but not documented",
    Outcome.INCONCLUSIVE: "Inconclusive: tested without a result",
    Outcome.KNOWN: "Known: listed failures, which do not fail the run",
}
MAX_CURL_LENGTH: Final = 1500


def print_report(console: Console, run: Run) -> None:
    """Print the whole report."""
    for text in lines(run):
        # Wrapped, a curl command could not be copied. The target's text must not act as markup.
        console.print(text, soft_wrap=True, highlight=False, markup=False)


def lines(run: Run) -> Iterator[Text]:
    """Yield the report line by line."""
    for outcome, heading in HEADINGS.items():
        groups = group_failures(run.judgement, outcome)
        if groups:
            yield from (Text(), Text(heading, STYLES[outcome]))
        for number, group in enumerate(groups, 1):
            yield from _group(number, group, run.recording)
    skipped = skip_reasons(run.judgement)
    if skipped:
        yield from (Text(), Text("Not exercised", "bold"))
    for reason, checks in skipped.items():
        yield Text(f"  {len(checks):4}  {one_line(reason)}: {join_some((check.id for check in checks), 3)}", "dim")
    yield from _observations(run)
    for title, sentences in (("Required, and not shown", run.judgement.unmet), ("Known failures", run.judgement.stale)):
        if sentences:
            yield from (Text(), Text(title, "bold magenta"))
        yield from (Text(f"  {one_line(sentence, 600)}") for sentence in sentences)
    style = {0: "bold green", 1: "bold red"}.get(run.judgement.exit_status, "bold magenta")
    yield from (Text(), Text(printable(headline(run)), style))


def _group(number: int, group: Group, recording: Recording) -> Iterator[Text]:
    check = group.first
    named = (check.clause.id, STYLES[check.outcome])
    yield Text.assemble("\n  ", f"{number}. ", named, (f"  ({source(check)})", "dim"))
    yield Text(f"     {check.clause.statement}", "bold")
    if group.models:
        yield _fact("models" if len(group.models) > 1 else "model", join_some(group.models, 8))
    for detail in group.details[:3]:
        yield _fact("detail", one_line(detail, 600))
    if len(group.details) > 3:
        yield _fact("", f"and {len(group.details) - 3} more like it")
    index = best_exchange(check, recording)
    if index is not None:
        exchange = recording.exchanges[index]
        yield _fact("request", request_line(exchange))
        yield _fact("response", response_line(exchange))
        command = shell_line(curl(exchange, recording.base_url))
        yield _fact("repeat", command if len(command) <= MAX_CURL_LENGTH else "too long to show here; see report.html")
    if group.followers:
        names = join_some((follower.id for follower in group.followers), 3)
        yield _fact("", f"{len(group.followers)} more follow from it: {names}")


def _fact(name: str, text: str) -> Text:
    return Text.assemble("     ", (f"{name:<10}", "dim"), text)


def _observations(run: Run) -> Iterator[Text]:
    models_by_observation: dict[tuple[str, str], list[str]] = {}
    for observation in run.judgement.observations:
        models_by_observation.setdefault((observation.name, observation.detail), []).extend(
            [observation.model] if observation.model else []
        )
    if models_by_observation:
        yield from (Text(), Text("Observed: choices that the documents leave open", "bold"))
    for (name, detail), models in models_by_observation.items():
        yield Text(f"  {printable(name)}: {one_line(detail)}{f' ({join_some(models, 5)})' if models else ''}")
