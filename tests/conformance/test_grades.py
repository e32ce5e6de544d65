"""Test that no verdict is stronger than the weakest clause that it rests on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from segmind_ltx_conformance.checks import Finding, Outcome
from segmind_ltx_conformance.judge import judge
from segmind_ltx_conformance.judge.verdicts import checks
from segmind_ltx_conformance.payloads import LONGEST_OTHER_TEXT, LONGEST_PROMPT
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.report.document import evidence, source
from segmind_ltx_spec import clauses_by_id, load

BASE = "http://api.test"
CONTRACT, CLAUSES = load(), clauses_by_id()
EMPTY = Recording(BASE, ())
RULE, DEFAULT = "ltx-video.video.size", "ltx-video.target_size.default"
DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "documents"


def verdict(*findings: Finding) -> Any:
    """Return the check of the first finding's clause."""
    return checks(CONTRACT, [CLAUSES[findings[0].clause]], findings, EMPTY)[0]


def test_broken_default_through_inferred_rule_is_noted() -> None:
    """A D clause that is broken only through an I rule is noted, and the check names the rule."""
    check = verdict(Finding(DEFAULT, "ltx-video", False, "another size", (), (RULE,)))
    assert (check.outcome, check.grade) == (Outcome.NOTED, "I")
    assert "judged through ltx-video.video.size (I)" in source(check)


def test_direct_objection_outweighs_weaker_pass() -> None:
    """A finding that rests on nothing weaker decides, whatever weaker ones say."""
    weak = Finding(DEFAULT, "ltx-video", True, "the size fits", (), (RULE,))
    direct = Finding(DEFAULT, "ltx-video", False, "unlike the video that names the default")
    check = verdict(weak, direct)
    assert (check.outcome, check.grade, check.through) == (Outcome.FAILED, "D", ())


def test_weaker_objection_leaves_undecided_clause_open() -> None:
    """A weaker objection does not settle what the stronger findings could not decide."""
    weak = Finding(DEFAULT, "ltx-video", False, "another size", (), (RULE,))
    check = verdict(weak, Finding(DEFAULT, "ltx-video", None, "no video"))
    assert (check.outcome, check.grade) == (Outcome.INCONCLUSIVE, "D")


def test_pass_through_weaker_rule_decides_nothing() -> None:
    """A run in which every check passed through weaker rules alone does not conform; it is inconclusive."""
    check = verdict(Finding(DEFAULT, "ltx-video", True, "the size fits", (), (RULE,)))
    assert (check.outcome, check.grade) == (Outcome.PASSED, "I")


def test_report_cites_the_page_of_the_model() -> None:
    """A check of a model cites that model's own page, with lines; one of no model cites all pages."""
    known = CLAUSES["job.expired-is-404"]
    check = checks(CONTRACT, [known], [Finding(known.id, "ltx-2-19b-i2v", True, "gone")], EMPTY)[0]
    assert evidence(check) == ["the page of ltx-2-19b-i2v, lines 129, 130"]
    assert len(evidence(evolve(check, model=None))) == 2


def test_sure_lengths_are_those_of_the_pages() -> None:
    """The lengths of texts that every server takes are those of the longest texts that a page prints."""
    if not DOCUMENTS.is_dir():
        pytest.skip("the pages are not here")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(DOCUMENTS.glob("*.txt")))

    def longest(name: str) -> int:
        return max(len(found) for found in re.findall(rf'"{name}": "([^"\n]*)"', text))

    assert (longest("prompt"), longest("negative_prompt")) == (LONGEST_PROMPT, LONGEST_OTHER_TEXT)


def read(path: str, status: int, body: Mapping[str, Any], at: float) -> Exchange:
    """Return a read of a job."""
    text = json.dumps(body).encode()
    return Exchange("GET", f"{BASE}{path}", "valid", at, status, body=text, size=len(text), took=0.01)


def submitted(took: float = 0.01) -> Exchange:
    """Return an accepted submit."""
    job = {"request_id": "a", "status_url": "/v2/requests/a/status", "response_url": "/v2/requests/a"}
    text = json.dumps(job).encode()
    body = json.dumps({"prompt": "x"})
    return Exchange("POST", f"{BASE}/v2/ltx-2-pro", "valid", 0.0, 200, {}, body, {}, text, len(text), took=took)


def outcome(clause: str, *exchanges: Exchange, job_deadline: float | None = 600.0) -> Outcome:
    """Return the outcome of a clause for a recording."""
    judgement = judge(Recording(BASE, exchanges, job_deadline=job_deadline), CONTRACT)
    return next(check.outcome for check in judgement.checks if check.clause.id == clause)


def status(state: str, at: float) -> Exchange:
    """Return a poll."""
    return read("/v2/requests/a/status", 200, {"status": state}, at)


def result(state: str, at: float, **more: Any) -> Exchange:
    """Return a read of the result."""
    return read("/v2/requests/a", 200, {"status": state, **more}, at)


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ([status("QUEUED", 1), status("COMPLETED", 60), result("COMPLETED", 61)], Outcome.PASSED),
        ([status("QUEUED", 1), status("QUEUED", 600), result("COMPLETED", 601)], Outcome.FAILED),
        ([status("QUEUED", 1), status("QUEUED", 600), result("QUEUED", 601)], Outcome.INCONCLUSIVE),
        ([status("QUEUED", 1), result("COMPLETED", 60)], Outcome.NOT_EXERCISED),
        ([result("QUEUED", 0.5), status("QUEUED", 1), status("COMPLETED", 60)], Outcome.NOT_EXERCISED),
    ],
)
def test_polls_before_the_result_are_judged(reads: list[Exchange], expected: Outcome) -> None:
    """`job.poll-tells` is judged by the polls before the result was read for the first time."""
    assert outcome("job.poll-tells", submitted(), *reads) is expected


@pytest.mark.parametrize(
    ("took", "first", "expected"),
    [
        (0.01, status("QUEUED", 0.02), Outcome.PASSED),
        (0.01, status("COMPLETED", 0.02), Outcome.PASSED),
        (70.0, status("QUEUED", 70.01), Outcome.PASSED),
        (70.0, status("COMPLETED", 70.01), Outcome.FAILED),
        (70.0, status("COMPLETED", 90.0), Outcome.NOT_EXERCISED),
    ],
)
def test_slow_submit_of_an_ended_job_fails(took: float, first: Exchange, expected: Outcome) -> None:
    """A slow submit fails if its job has ended right after it; an instant job breaks nothing."""
    assert outcome("v2.answers-at-once", submitted(took), first) is expected


@pytest.mark.parametrize(
    ("download", "expected"),
    [
        ({"status": 200, "media": {"kind": "video", "width": 8, "height": 8, "frames": 8, "fps": 8}}, Outcome.PASSED),
        ({"status": 200, "body": b"<html>", "headers": {"content-type": "text/html"}, "size": 6}, Outcome.FAILED),
        ({"status": 200, "media": {"kind": "unreadable", "why": "cut off"}, "size": 9}, Outcome.FAILED),
        ({"status": 200, "size": 0}, Outcome.FAILED),
        ({"status": 404}, Outcome.FAILED),
        ({"status": 403}, Outcome.INCONCLUSIVE),
        ({"status": 0, "fault": "ReadError: closed"}, Outcome.INCONCLUSIVE),
        ({"status": 200, "size": 9, "headers": {"content-type": "video/mp4"}}, Outcome.NOT_EXERCISED),
    ],
)
def test_download_that_shows_no_video_counts(download: dict[str, Any], expected: Outcome) -> None:
    """A download that was tried is passed, failed or inconclusive; only one that no tool measured shows nothing."""
    file = Exchange("GET", f"{BASE}/out/a.mp4", None, 62.0, **download)
    reads = [status("COMPLETED", 60), result("COMPLETED", 61, output="/out/a.mp4"), file]
    assert outcome("output.is-a-video", submitted(), *reads) is expected
