"""Tell GitHub what a run found: a summary in Markdown, and an annotation for each cause.

Texts of the target are printed without anything that Markdown or a workflow command would take as its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from segmind_ltx_conformance.checks import Outcome
from segmind_ltx_conformance.report.causes import Group, group_failures, skip_reasons
from segmind_ltx_conformance.report.console import HEADINGS
from segmind_ltx_conformance.report.document import Run, headline, source
from segmind_ltx_conformance.report.text import join_some, one_line

LEVELS: Final[Mapping[Outcome, str]] = {
    Outcome.FAILED: "error",
    Outcome.ERROR: "error",
    Outcome.INCONCLUSIVE: "error",
    Outcome.WARNED: "warning",
}
"""The level of an annotation. What was noted, or is known, gets none."""
MAX_ROWS: Final = 30
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&])")


def tell_github(run: Run, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Append the summary of the step, and yield its annotations, if the run is a step of a GitHub workflow.

    Raises `OSError` if the summary cannot be written.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    if path := environment.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(markdown(run))
    yield from workflow_commands(run)


def markdown(run: Run) -> str:
    """Return the summary: the verdict with its share and cost, the causes, and what was not tried."""
    lines = [f"## {_text(headline(run))}", "", f"Target: {_text(run.recording.base_url)}", ""]
    for outcome, heading in HEADINGS.items():
        groups = group_failures(run.judgement, outcome)
        if not groups:
            continue
        lines += [
            f"### {heading}",
            "",
            "| clause | models | what was seen | source | also follow |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(group) for group in groups[:MAX_ROWS]]
        if len(groups) > MAX_ROWS:
            lines.append(f"| and {len(groups) - MAX_ROWS} more | | see report.html | | |")
        lines.append("")
    for heading, sentences in (
        ("Required, and not shown", run.judgement.unmet),
        ("Known failures", run.judgement.stale),
        ("Not exercised", [f"{len(checks)}: {reason}" for reason, checks in skip_reasons(run.judgement).items()]),
    ):
        if sentences:
            lines += [f"### {heading}", "", *(f"- {_text(one_line(sentence, 600))}" for sentence in sentences), ""]
    return "\n".join(lines) + "\n"


def workflow_commands(run: Run) -> Iterator[str]:
    """Yield a workflow command for each cause, and for what the run was required to show and did not."""
    for outcome, level in LEVELS.items():
        for group in group_failures(run.judgement, outcome):
            models = f" ({join_some(group.models, 5)})" if group.models else ""
            follow = f"; {len(group.followers)} more follow from it" if group.followers else ""
            said = f"{group.first.clause.statement} Seen: {one_line(group.details[0])}{follow}"
            yield f"::{level} title={_property(group.first.clause.id + models)}::{_data(said)}"
    for sentence in (*run.judgement.unmet, *run.judgement.stale):
        yield f"::error title={_property('conformance')}::{_data(one_line(sentence, 600))}"


def _row(group: Group) -> str:
    first, *others = group.details
    more = f" and {len(others)} more like it" if others else ""
    cells = (
        f"{group.first.clause.id}: {group.first.clause.statement}",
        join_some(group.models, 5),
        one_line(first, 200) + more,
        source(group.first),
        join_some((follower.id for follower in group.followers), 3),
    )
    return f"| {' | '.join(_text(cell) for cell in cells)} |"


def _text(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", one_line(text, 1000))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")
