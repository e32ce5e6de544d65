"""The reports but the page: what is in them, and what is not."""

from __future__ import annotations

import base64
import io
import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.dom import minidom

import jsonschema
import pytest
from attrs import evolve
from junitparser import Error, Failure, JUnitXml, Skipped
from rich.console import Console

from segmind_ltx_conformance.checks import Check, Judgement, Outcome
from segmind_ltx_conformance.recording import Exchange, Recording, read_recording
from segmind_ltx_conformance.report import write_recording, write_reports
from segmind_ltx_conformance.report.badge import badge
from segmind_ltx_conformance.report.causes import group_failures, skip_reasons
from segmind_ltx_conformance.report.console import print_report
from segmind_ltx_conformance.report.document import document, headline, schema, summary
from segmind_ltx_conformance.report.files import write_atomically
from segmind_ltx_conformance.report.redact import Redactor
from segmind_ltx_conformance.report.spending import spent
from segmind_ltx_conformance.report.text import curl, one_line, printable, request_line, response_line
from segmind_ltx_conformance.target import Keys
from segmind_ltx_spec import clauses_by_id, load
from support.made_up import BASE, HOSTILE, exchange, green, judgement, run

KEY, OTHER = "SG_0123456789abcdef", "SG_0123456789"
CLAUSES = clauses_by_id()


def _told() -> str:
    written = io.StringIO()
    print_report(Console(file=written, width=100, color_system=None), run())
    return written.getvalue()


def test_the_report_is_as_its_schema_says() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    made = json.loads(json.dumps(document(run())))
    jsonschema.validate(made, schema())
    assert len({check["id"] for check in made["checks"]}) == len(made["checks"])
    assert sum(made["summary"][outcome.replace(" ", "_")] for outcome in Outcome) == len(made["checks"])


@pytest.mark.parametrize("field", ["id", "clause", "grade", "model", "outcome", "detail"])
def test_the_schema_asks_for_what_was_promised(field: str) -> None:
    made = json.loads(json.dumps(document(run())))
    del made["checks"][3][field]
    with pytest.raises(jsonschema.ValidationError, match=field):
        jsonschema.validate(made, schema())


def test_the_summary_has_the_figures() -> None:
    figures = summary(run())
    said = {name: figures[name] for name in ("exit_status", "verdict", "failed", "causes", "jobs", "cost_usd", "seed")}
    assert said == {
        "exit_status": 1,
        "verdict": "does not conform",
        "failed": 2,
        "causes": 1,
        "jobs": 2,
        "cost_usd": 0.25 + 0.0555,
        "seed": 7,
    } | {"cost_usd": pytest.approx(0.25 + load().models["ltx-video"].usd_low, abs=0.01)}
    assert headline(run()).startswith("does not conform: ")
    assert headline(green()).startswith("conforms: ")


def test_ci_systems_read_failures_as_failures(tmp_path: Path) -> None:
    write_reports(tmp_path, run())
    parser: Any = JUnitXml  # Its types are in part unknown.
    read = parser.fromfile(str(tmp_path / "junit.xml"))
    cases: dict[str, Any] = {case.name: case for suite in read for case in suite}
    results: dict[str, list[Any]] = {name: [type(result) for result in case.result] for name, case in cases.items()}
    assert results["ltx-2-pro.duration.enum"] == [Failure]
    assert results["job.kept-one-hour"] == results["job.reads-agree"] == [Error]
    assert results["output.seven-days"] == [Skipped]
    assert results["auth.messages-differ"] == results["video.seed-repeats"] == results["job.ends"] == []
    assert "warned" in str(cases["auth.messages-differ"].system_out)
    assert (read.tests, read.failures, read.errors, read.skipped) == (len(cases), 2, 2, 3)
    suites = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in read]
    assert [sum(column) for column in zip(*suites, strict=True)] == [len(cases), 2, 2, 3]
    assert "curl" in cases["ltx-2-pro.duration.enum"].result[0].text


def test_the_badge_says_what_it_has_to() -> None:
    for made, words in ((run(), "2 failed"), (green(), "passed")):
        root = minidom.parseString(badge(made.judgement)).documentElement  # noqa: S318  our own
        assert root is not None
        assert words in root.getAttribute("aria-label")


def test_failures_come_first_with_what_follows_from_them_folded() -> None:
    told = _told()
    places = [told.index(word) for word in ("Failed", "Errors", "Warned", "Noted", "Inconclusive", "Not exercised")]
    assert places == sorted(places)
    failed = told[: places[1]]
    assert CLAUSES["ltx-2-pro.duration.enum"].statement in failed
    assert CLAUSES["status.invalid-is-400"].statement not in failed
    assert "2 more follow from it: accepted-job.status, status.invalid-is-400" in failed
    assert told.rstrip().endswith(headline(run()))
    assert told.count("left out by --no-videos") == 1


def test_nothing_of_the_target_drives_the_terminal() -> None:
    told = _told()
    assert [sign for sign in told if sign != "\n" and not sign.isprintable()] == []
    assert "[bold]" in told


def test_the_curl_line_repeats_the_request() -> None:
    one = exchange("POST", "/v2/ltx-2-pro", 200, {"prompt": 'it\'s $HOME `x` "y"\n'})
    command = curl(one, BASE)
    assert '"$SEGMIND_API_KEY"' in command
    words = shlex.split(command.replace('"$SEGMIND_API_KEY"', KEY))
    assert words[:5] == ["curl", "-sS", "-i", "-X", "POST"]
    assert f"x-api-key: {KEY}" in words
    assert words[words.index("--data-raw") + 1] == one.request_body


@pytest.mark.parametrize(
    ("key", "variable"), [("forbidden", "SEGMIND_LTX_KEY_FORBIDDEN"), ("unknown", "SEGMIND_API_KEY"), ("wrong", None)]
)
def test_each_key_is_a_variable_of_its_own(key: str, variable: str | None) -> None:
    command = curl(exchange("GET", "/v2/requests/a", 403, key=key), BASE)
    assert ("$" in command) is (variable is not None)
    assert variable is None or f'"${variable}"' in command


def test_a_key_goes_to_no_other_host() -> None:
    for url in ("https://evil.test/x?key=[valid key]", "http://127.0.0.1:89001/x", "//[", f"{BASE}.evil.test/"):
        assert "$" not in curl(evolve(exchange("GET", "/", 200), url=url), BASE)


def test_texts_of_the_target_are_cut_and_made_visible() -> None:
    assert printable("a\x1b[31m\u202eb\ud800\n") == "a\\x1b[31m\\u202eb\\ud800\n"
    assert one_line("x" * 400) == f"{'x' * 300}… (400 characters)"
    assert response_line(exchange("GET", "/", 0)) == "no answer: the connection ended"
    video = evolve(exchange("GET", "/", 200), media={"width": 8}, size=9)
    assert response_line(video) == "200, width=8"
    assert request_line(exchange("POST", "/v2/a", 200, {"a": 1})) == f'POST {BASE}/v2/a {{"a": 1}}'


def test_causes_that_run_in_a_circle_hide_nothing() -> None:
    one, two = (Check(CLAUSES[name], None, Outcome.FAILED, "x") for name in ("job.ends", "job.states"))
    circle = Judgement((evolve(one, cause=two.id), evolve(two, cause=one.id)))
    assert sum(len(group.roots) + len(group.followers) for group in group_failures(circle, Outcome.FAILED)) == 2


def test_what_is_graver_than_its_cause_is_not_folded_below_it() -> None:
    light = Check(CLAUSES["auth.messages-differ"], None, Outcome.WARNED, "x")
    grave = Check(CLAUSES["job.ends"], None, Outcome.FAILED, "x", cause=light.id)
    assert [group.first for group in group_failures(Judgement((light, grave)), Outcome.FAILED)] == [grave]


def test_one_clause_with_many_models_is_one_failure() -> None:
    clause = CLAUSES["auth.wrong-key"]
    checks = tuple(Check(clause, model, Outcome.FAILED, f"{model}: 200") for model in clause.models)
    (group,) = group_failures(Judgement(checks), Outcome.FAILED)
    assert group.models == clause.models
    assert next(iter(skip_reasons(judgement()))) == "left out by --no-videos"


def test_what_jobs_cost_is_what_the_target_says_or_the_documented_price() -> None:
    model = load().models["ltx-2-pro"]
    accepted = exchange("POST", model.v2, 200, {}, {"request_id": "a"})
    done = exchange("GET", "/v2/requests/a", 200, None, {"metrics": {"cost": 0.5}})
    failed = exchange("GET", "/v2/requests/a", 422, None, {"status": "FAILED"})
    blocking = evolve(exchange("POST", model.v1, 200, {}), headers={"x-cost": "0.75"})
    refused = exchange("POST", model.v2, 400, {})
    middle = (model.usd_low + model.usd_high) / 2

    def cost(*exchanges: Exchange) -> tuple[Any, ...]:
        found = spent(Recording(BASE, exchanges), load())
        return found.jobs, found.cost, found.estimated

    assert cost(accepted, refused) == (1, pytest.approx(middle), 1)
    assert cost(accepted, done) == (1, 0.5, 0)
    assert cost(accepted, failed) == (1, 0.0, 0)
    assert cost(accepted, done, blocking) == (2, 1.25, 0)
    unexpected = evolve(blocking, headers={"x-cost": "nan"})
    assert cost(unexpected) == (1, pytest.approx(middle), 1)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "one\ud800")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "one\\ud800"
    (tmp_path / "b").mkdir()
    with pytest.raises(OSError, match="b"):
        write_atomically(tmp_path / "b", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def _leaky() -> Recording:
    """A target that writes the key wherever it can."""
    body = json.dumps({"you": KEY, "again": quote(KEY), "all": f"<{OTHER}>"}).encode()
    one = Exchange(
        "POST",
        f"{BASE}/v2/ltx-2-pro?x-api-key={KEY}",
        "valid",
        0.0,
        200,
        {"x-api-key": KEY, "authorization": f"Bearer {KEY}"},
        f'{{"prompt": "{KEY}"}}',
        {"x-echo": KEY, "set-cookie": "a=0123456789"},
        body,
        media={"codec": KEY},
        fault=f"cannot {OTHER}",
        probe=f"accept {KEY}",
    )
    return Recording(BASE, (one,))


def _written(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())


def test_no_key_is_in_any_file(tmp_path: Path) -> None:
    redact = Redactor.of(Keys({"valid": KEY, "other": OTHER}))
    recording = redact.recording(_leaky())
    write_recording(tmp_path, recording)
    write_reports(tmp_path, evolve(run(), recording=recording))
    for key in (KEY, OTHER, base64.b64encode(KEY.encode()).decode()):
        assert key not in _written(tmp_path)
    assert "[valid key]" in _written(tmp_path)
    assert (KEY in repr(redact), read_recording(tmp_path / "recording.har").exchanges[0].key) == (False, "valid")


def test_somebody_elses_secrets_are_found_by_where_they_stand(tmp_path: Path) -> None:
    recording = Redactor.of(Keys(), _leaky()).recording(_leaky())
    write_recording(tmp_path, recording)
    assert (KEY in _written(tmp_path), "0123456789" in _written(tmp_path)) == (False, False)
    assert recording.exchanges[0].request_headers["authorization"].startswith("Bearer [")


def test_a_short_secret_leaves_its_header_and_nothing_else() -> None:
    one = evolve(exchange("GET", "/v2/requests/a", 200, None, {"id": "a"}), request_headers={"x-api-key": "a"})
    clean = Redactor.of(Keys(), Recording(BASE, (one,))).recording(Recording(BASE, (one,))).exchanges[0]
    assert (clean.request_headers["x-api-key"], clean.url, clean.body) == ("[valid key]", one.url, one.body)


def test_hostile_text_is_in_the_files_and_does_nothing(tmp_path: Path) -> None:
    write_recording(tmp_path, run().recording)
    assert read_recording(tmp_path / "recording.har").exchanges[0].json["error"] == HOSTILE
