"""Test that nothing a server says drives a terminal, a browser, or a CI system that reads the log."""

from __future__ import annotations

import io
import json
import re

import pytest
from attrs import evolve
from rich.console import Console

from segmind_ltx_conformance.checks import Check, Judgement, Observation, Outcome
from segmind_ltx_conformance.plugin import ConformanceWarning, show
from segmind_ltx_conformance.recording import Exchange, Recording, Skip
from segmind_ltx_conformance.report.console import print_report
from segmind_ltx_conformance.report.document import Run
from segmind_ltx_conformance.report.junit import junit
from segmind_ltx_conformance.report.page import page
from segmind_ltx_conformance.report.spending import spent
from segmind_ltx_spec import clauses_by_id, load
from support.made_up import BASE

SEQUENCES = {
    "clear screen": "\x1b[2J\x1b[H",
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;b3duZWQ=\x1b\\",
    "link": "\x1b]8;;https://evil.test\x1b\\here\x1b]8;;\x1b\\",
    "C1": "\x9b2J\x9d0;owned\x9c",
    "backspace": "good\x08\x08\x08\x08evil",
    "carriage return": "good\rfail",
    "reversed": "\u202egpj.exe\u2066\u200f\u061c",
    "invisible": "a\u200bb\ufeffc\u2060d\xad",
    "line separators": "a\u2028b\u2029c\x85d\x0bd\x0c",
    "tag characters": "\U000e0041\U000e0042",
    "markup of rich": "[bold red]x[/][link=https://evil.test]y[/link]:skull:",
    "markup of HTML": "</script><img src=x onerror=alert(1)>&lt;",
    "commands to CI": "\n::error::owned\n##vso[task.setvariable]owned\n##teamcity[x]",
    "surrogate": "\ud800",
}
ALLOWED = re.compile(r"[\t\n\x20-\x7e\xa1-\xac\xae-\ud7ff\ue000-\ufefe\uff00-\ufff8\ufffc\ufffd\U00010000-\U000dffff]*")
FORBIDDEN = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f]")


def hostile_run(text: str) -> Run:
    """Return a run in which ``text`` stands in everything that a server, or a recording, can say."""
    exchange = Exchange(
        "POST",
        f"{BASE}/v2/ltx-2-pro?{text}",
        "valid",
        0.0,
        400,
        {"content-type": text},
        json.dumps({"prompt": text}, ensure_ascii=False),
        {"server": text, "content-type": text},
        json.dumps({"error": text}).encode() + text.encode("utf-8", "replace"),
        10,
        {"kind": "unreadable", "why": text},
        text,
        f"accept {text}",
    )
    clause = clauses_by_id()["job.final"]
    checks = tuple(
        Check(clause, model, outcome, text, (0,))
        for model, outcome in (
            ("ltx-2-pro", Outcome.FAILED),
            ("ltx-2-fast", Outcome.WARNED),
            (None, Outcome.NOT_EXERCISED),
        )
    )
    recording = Recording(BASE, (exchange, evolve(exchange, status=0, media=None)), skips=(Skip("bulk", None, text),))
    return Run(
        recording, Judgement(checks, (Observation("error-form", "ltx-2-pro", text, (0,)),)), spent(recording, load())
    )


def spoken(run: Run) -> str:
    """Return what the console prints and what pytest shows."""
    stream = io.StringIO()
    print_report(Console(file=stream, force_terminal=False, width=200), run)
    with pytest.raises(pytest.fail.Exception) as failed, pytest.warns(ConformanceWarning):
        show(run.judgement.checks, run)
    with pytest.raises(pytest.skip.Exception) as skipped:
        show(run.judgement.checks[2:], run)
    return f"{stream.getvalue()}\n{failed.value}\n{skipped.value}"


@pytest.mark.parametrize("kind", SEQUENCES)
def test_hostile_text_does_not_act(kind: str) -> None:
    """No control character, invisible character or command to a CI system gets through; markup is shown as text."""
    run = hostile_run(SEQUENCES[kind])
    for text in (spoken(run), junit(run), page(run)):
        assert ALLOWED.fullmatch(text), re.findall(r"[^\t\n\x20-\x7e]", text)[:5]
        assert FORBIDDEN.search(text) is None
    for line in f"{spoken(run)}\n{junit(run)}".splitlines():
        assert not line.lstrip().startswith(("::", "##"))
    assert "<img src=x" not in page(run) + junit(run)
    if kind == "markup of rich":
        assert "[bold red]x[/]" in spoken(run)
