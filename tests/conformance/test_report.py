"""Test the content of the reports apart from the page."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from typing import Any
from xml.dom import minidom
from xml.etree import ElementTree

import jsonschema
import pytest
from attrs import evolve
from junitparser import Error, Failure, JUnitXml, Skipped
from rich.console import Console

from segmind_ltx_conformance.checks import Check, Judgement, Outcome
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.report import write_reports
from segmind_ltx_conformance.report.badge import badge
from segmind_ltx_conformance.report.causes import group_failures, skip_reasons
from segmind_ltx_conformance.report.console import print_report
from segmind_ltx_conformance.report.document import document, headline, schema, summary
from segmind_ltx_conformance.report.files import write_atomically
from segmind_ltx_conformance.report.junit import junit
from segmind_ltx_conformance.report.spending import spent
from segmind_ltx_conformance.report.text import curl, one_line, printable, request_line, response_line
from segmind_ltx_spec import clauses_by_id, load, read_document
from support.made_up import BASE, exchange, green, judgement, run

KEY = "SG_0123456789abcdef"
CLAUSES = clauses_by_id()


def _console_text() -> str:
    written = io.StringIO()
    print_report(Console(file=written, width=100, color_system=None), run())
    return written.getvalue()


def test_report_matches_its_schema() -> None:
    """The JSON report is valid by its schema, and its counts add up."""
    jsonschema.Draft202012Validator.check_schema(schema())
    made = json.loads(json.dumps(document(run())))
    jsonschema.validate(made, schema())
    assert len({check["id"] for check in made["checks"]}) == len(made["checks"])
    assert sum(made["summary"][outcome.replace(" ", "_")] for outcome in Outcome) == len(made["checks"])


@pytest.mark.parametrize("field", ["id", "clause", "grade", "model", "outcome", "detail"])
def test_schema_requires_the_public_fields(field: str) -> None:
    """A check without one of the public fields is invalid."""
    made = json.loads(json.dumps(document(run())))
    del made["checks"][3][field]
    with pytest.raises(jsonschema.ValidationError, match=field):
        jsonschema.validate(made, schema())


def test_summary_has_the_figures() -> None:
    """The summary and the headline give the verdict, the counts and the cost."""
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


def test_junit_xml_is_read_by_a_parser(tmp_path: Path) -> None:
    """A JUnit parser finds each outcome as failure, error, skip or pass."""
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


def test_junit_properties_say_what_a_case_rests_on() -> None:
    """A case has its grade, model and documents, a suite the seed and the versions."""
    root = ElementTree.fromstring(junit(run()))  # noqa: S314  our own
    case = next(one for one in root.iter("testcase") if one.get("name") == "ltx-2-pro.duration.enum")
    facts = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert (facts["grade"], facts["model"]) == ("D", "ltx-2-pro")
    assert "the page of ltx-2-pro" in (facts["documents"] or "")
    suite = {one.get("name"): one.get("value") for one in root.iterfind("testsuite/properties/property")}
    assert (suite["seed"], suite["contract"]) == ("7", read_document()["info"]["version"])
    follower = next(one for one in root.iter("testcase") if one.get("name") == "status.invalid-is-400")
    assert "ltx-2-pro.duration.enum" in [one.get("value") for one in follower.iter("property")]


def test_junit_times_are_those_of_the_responses() -> None:
    """A case took as long as the responses that show it; a suite as long as its cases."""
    slow = evolve(run().recording, exchanges=tuple(evolve(one, took=0.25) for one in run().recording.exchanges))
    root = ElementTree.fromstring(junit(evolve(run(), recording=slow)))  # noqa: S314  our own
    times = {case.get("name"): case.get("time") for case in root.iter("testcase")}
    assert times["ltx-2-pro.duration.enum"] == "0.250"
    assert times["auth.messages-differ"] == "0.500"
    for suite in root.iter("testsuite"):
        assert float(suite.get("time", "")) == pytest.approx(
            sum(float(one.get("time", "")) for one in suite.iter("testcase"))
        )


def test_badge_label_has_the_verdict() -> None:
    """The badge names the number of failed or passed checks in its label."""
    for made, words in ((run(), "2 failed"), (green(), "passed")):
        root = minidom.parseString(badge(made.judgement)).documentElement  # noqa: S318  our own
        assert root is not None
        assert words in root.getAttribute("aria-label")


def test_console_groups_failures_by_cause() -> None:
    """The console shows failures first, by root cause, and the headline last."""
    printed = _console_text()
    places = [printed.index(word) for word in ("Failed", "Errors", "Warned", "Noted", "Inconclusive", "Not exercised")]
    assert places == sorted(places)
    failed = printed[: places[1]]
    assert CLAUSES["ltx-2-pro.duration.enum"].statement in failed
    assert CLAUSES["status.invalid-is-400"].statement not in failed
    assert "2 more follow from it: accepted-job.status, status.invalid-is-400" in failed
    assert printed.rstrip().endswith(headline(run()))
    assert printed.count("left out by --no-videos") == 1


def test_console_escapes_text_of_the_target() -> None:
    """No control character of the target reaches the terminal, and markup is not interpreted."""
    printed = _console_text()
    assert [sign for sign in printed if sign != "\n" and not sign.isprintable()] == []
    assert "[bold]" in printed


def test_curl_repeats_the_request() -> None:
    """A shell parses the curl command into the same request, with the key as a variable."""
    exchange_ = exchange("POST", "/v2/ltx-2-pro", 200, {"prompt": 'it\'s $HOME `x` "y"\n'})
    command = curl(exchange_, BASE)
    assert '"$SEGMIND_API_KEY"' in command
    words = shlex.split(command.replace('"$SEGMIND_API_KEY"', KEY))
    assert words[:5] == ["curl", "-sS", "-i", "-X", "POST"]
    assert f"x-api-key: {KEY}" in words
    assert words[words.index("--data-raw") + 1] == exchange_.request_body


@pytest.mark.parametrize(
    ("key", "variable"), [("forbidden", "SEGMIND_LTX_KEY_FORBIDDEN"), ("unknown", "SEGMIND_API_KEY"), ("wrong", None)]
)
def test_curl_has_a_variable_for_each_key(key: str, variable: str | None) -> None:
    """Each scenario's key is an environment variable; a wrong key is none."""
    command = curl(exchange("GET", "/v2/requests/a", 403, key=key), BASE)
    assert ("$" in command) is (variable is not None)
    assert variable is None or f'"${variable}"' in command


def test_curl_sends_no_key_to_another_host() -> None:
    """The curl command for another host contains no variable."""
    for url in ("https://evil.test/x?key=[valid key]", "http://127.0.0.1:89001/x", "//[", f"{BASE}.evil.test/"):
        assert "$" not in curl(evolve(exchange("GET", "/", 200), url=url), BASE)


def test_text_of_the_target_is_escaped_and_cut() -> None:
    """Control characters are escaped, long texts are cut, and videos are described."""
    assert printable("a\x1b[31m\u202eb\ud800\n") == "a\\x1b[31m\\u202eb\\ud800\n"
    assert one_line("x" * 400) == f"{'x' * 300}… (400 characters)"
    assert response_line(exchange("GET", "/", 0)).startswith("no response")
    video = evolve(exchange("GET", "/", 200), media={"width": 8}, size=9)
    assert response_line(video) == "200, width=8"
    prompt = "rain " * 500
    assert request_line(exchange("POST", "/v2/a", 200, {"prompt": prompt})).endswith('"rain rain … (2500 characters)"}')
    assert request_line(exchange("POST", "/v2/a", 200, {"a": 1})) == f'POST {BASE}/v2/a {{"a": 1}}'


def test_circle_of_causes_hides_no_check() -> None:
    """Two checks that name each other as cause both stay visible."""
    exchange_, two = (Check(CLAUSES[name], None, Outcome.FAILED, "x") for name in ("job.ends", "job.states"))
    circle = Judgement((evolve(exchange_, cause=two.id), evolve(two, cause=exchange_.id)))
    assert sum(len(group.roots) + len(group.followers) for group in group_failures(circle, Outcome.FAILED)) == 2


def test_cause_hides_no_graver_check() -> None:
    """A failure is not grouped below a warning that explains it."""
    light = Check(CLAUSES["auth.messages-differ"], None, Outcome.WARNED, "x")
    grave = Check(CLAUSES["job.ends"], None, Outcome.FAILED, "x", cause=light.id)
    assert [group.first for group in group_failures(Judgement((light, grave)), Outcome.FAILED)] == [grave]


def test_one_clause_with_many_models_is_one_group() -> None:
    """A clause that fails for several models is one group that names them all."""
    clause = CLAUSES["auth.wrong-key"]
    checks = tuple(Check(clause, model, Outcome.FAILED, f"{model}: 200") for model in clause.models)
    (group,) = group_failures(Judgement(checks), Outcome.FAILED)
    assert group.models == clause.models
    assert next(iter(skip_reasons(judgement()))) == "left out by --no-videos"


def test_cost_is_reported_or_documented() -> None:
    """The cost of a job is the reported one, or the middle of the documented price."""
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


def test_file_is_written_atomically(tmp_path: Path) -> None:
    """A file is complete or absent, and a failed write leaves no temporary file."""
    write_atomically(tmp_path / "a", "one\ud800")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "one\\ud800"
    (tmp_path / "b").mkdir()
    with pytest.raises(OSError, match="b"):
        write_atomically(tmp_path / "b", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
