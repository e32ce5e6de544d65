"""Test what a run says to GitHub: the step's summary, and one annotation for each cause."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import evolve

from segmind_ltx_conformance.report.github import markdown, tell_github, workflow_commands
from support.made_up import HOSTILE, green, run


def test_annotation_for_each_cause() -> None:
    """A failed clause is an error, a warned one a warning; what only follows is counted and gets none."""
    made = list(workflow_commands(run()))
    assert [line for line in made if line.startswith("::error title=ltx-2-pro.duration.enum")]
    assert [line for line in made if line.startswith("::warning title=auth.messages-differ")]
    assert not [line for line in made if "title=status.invalid-is-400" in line]
    assert "; 2 more follow from it" in next(line for line in made if "ltx-2-pro.duration.enum" in line)


def test_annotation_for_what_is_required() -> None:
    """What was required and not shown is an error, and so is a stale list of known failures."""
    judged = evolve(run().judgement, unmet=("no key works, 100%",), stale=("entry 1: nothing matches",))
    made = list(workflow_commands(evolve(run(), judgement=judged)))
    assert made[-2:] == [
        "::error title=conformance::no key works, 100%25",
        "::error title=conformance::entry 1: nothing matches",
    ]


def test_summary_has_causes_share_and_cost() -> None:
    """The summary begins with the verdict, and has a row for each cause with what follows from it."""
    text = markdown(run())
    assert text.startswith("## does not conform: ")
    assert "checks tried" in text.splitlines()[0]
    assert "USD" in text.splitlines()[0]
    row = next(line for line in text.splitlines() if line.startswith("| ltx-2-pro.duration.enum"))
    assert "status.invalid-is-400" in row
    assert markdown(green()).startswith("## conforms: ")


@pytest.mark.parametrize("sign", ["<script>", "<img", "\x1b", "\x00", "[bold]"])
def test_text_of_the_target_does_not_act(sign: str) -> None:
    """Markup and control characters of the target are only text, and an annotation stays one line."""
    assert sign in HOSTILE
    assert sign not in re.sub(r"\\[<>\[\]()]", "", markdown(run()))
    for line in workflow_commands(run()):
        assert "\n" not in line
        assert "\x1b" not in line


def test_nothing_is_said_elsewhere(tmp_path: Path) -> None:
    """Only a step of a GitHub workflow gets annotations and a summary; an earlier summary stays."""
    assert list(tell_github(run(), {})) == []
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    made = list(tell_github(run(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)}))
    assert made == list(workflow_commands(run()))
    assert path.read_text(encoding="utf-8") == "before\n" + markdown(run())
