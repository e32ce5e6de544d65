"""The judge: what it makes of a recording, of somebody else's, and of one that tells too little."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from segmind_ltx_conformance import judge as judging
from segmind_ltx_conformance.checks import Finding, Judgement, Outcome
from segmind_ltx_conformance.judge import judge
from segmind_ltx_conformance.judge.request_bodies import Kind, read_body
from segmind_ltx_conformance.judge.trace import Trace
from segmind_ltx_conformance.recording import Exchange, Recording, read_recording
from segmind_ltx_spec import load

CONTRACT = load()
MODEL = CONTRACT.models["ltx-2-fast"]
BASE = "http://api.test"
HAPPY = json.dumps(
    {"request_id": "a", "status_url": f"{BASE}/v2/requests/a/status", "response_url": f"{BASE}/v2/requests/a"}
)


def post(body: Any, status: int, answer: str = HAPPY, probe: str | None = None) -> Exchange:
    return Exchange(
        method="POST",
        url=f"{BASE}{MODEL.v2}",
        key="valid",
        at=0.0,
        status=status,
        request_body=body if isinstance(body, str) else json.dumps(body),
        body=answer.encode(),
        size=len(answer),
        probe=probe,
    )


def of(*exchanges: Exchange, **more: Any) -> Judgement:
    return judge(Recording(BASE, exchanges, **more), CONTRACT)


def outcome(judgement: Judgement, clause: str) -> set[Outcome]:
    return {check.outcome for check in judgement.checks if check.clause.id == clause}


def test_a_conforming_run_is_green_and_says_what_it_did_not_try(recorded: Recording) -> None:
    judgement = judge(recorded, CONTRACT)
    assert judgement.exit_status == 0
    assert len(judgement.having(Outcome.PASSED)) > 150
    assert not judgement.having(Outcome.FAILED, Outcome.NOTED, Outcome.INCONCLUSIVE, Outcome.ERROR)
    assert all(check.detail for check in judgement.having(Outcome.NOT_EXERCISED))


def test_somebody_elses_har_is_judged_by_the_same_rules(recorded: Recording, tmp_path: Path) -> None:
    har = recorded.to_har()
    strangers = [
        {name: value for name, value in entry.items() if not name.startswith("_")}
        for entry in har["log"]["entries"]
        if entry["_key"] in {"valid", None}
    ]
    path = tmp_path / "traffic.har"
    path.write_text(
        json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": strangers}})
    )
    judgement = judge(read_recording(path, recorded.base_url), CONTRACT)
    assert judgement.exit_status == 0
    assert outcome(judgement, "ltx-2-19b-t2v.width.minimum") == {Outcome.PASSED}
    assert outcome(judgement, "job.completed-has-output") == {Outcome.PASSED}
    assert outcome(judgement, "v2.status.403") == {Outcome.NOT_EXERCISED}


def test_an_empty_recording_is_never_green() -> None:
    judgement = of()
    assert judgement.exit_status == 2
    assert {check.outcome for check in judgement.checks} == {Outcome.NOT_EXERCISED}


def test_only_what_is_asked_for_is_judged() -> None:
    judgement = judge(Recording(BASE, (post({"prompt": "x"}, 200),)), CONTRACT, only={"ltx-2-fast.v2"})
    assert [check.id for check in judgement.checks] == ["ltx-2-fast.v2"]


BODIES: list[tuple[Any, Kind, set[str]]] = [
    ({"prompt": "x"}, Kind.VALID, set()),
    ({"prompt": "x", "image": None}, Kind.VALID, set()),
    ({"prompt": "x", "duration": 7}, Kind.INVALID, {"duration.enum"}),
    ({"prompt": "x", "duration": "6"}, Kind.INVALID, {"duration.type"}),
    ({"prompt": "x", "duration": True}, Kind.INVALID, {"duration.type"}),
    ({"prompt": "x", "duration": 6.5}, Kind.INVALID, {"duration.type"}),
    ({"prompt": "x", "resolution": "4K"}, Kind.INVALID, {"resolution.enum"}),
    ({"prompt": "x", "generate_audio": 1}, Kind.INVALID, {"generate_audio.type"}),
    ({"prompt": "x", "image": "boat.png"}, Kind.INVALID, {"image.format"}),
    ({"duration": 7}, Kind.INVALID, {"prompt.required", "duration.enum"}),
    # What no page speaks of.
    ({"prompt": "x", "duration": 6.0}, Kind.OPEN, set()),
    ({"prompt": ""}, Kind.OPEN, set()),
    ({"prompt": "x", "colour": "red"}, Kind.OPEN, set()),
    ({"prompt": "x", "image": "data:image/png;base64,AA=="}, Kind.OPEN, set()),
    ([], Kind.NO_OBJECT, {"body"}),
    ("{", Kind.MALFORMED, {"body"}),
    ("NaN", Kind.MALFORMED, {"body"}),
]


@pytest.mark.parametrize(("body", "kind", "violated"), BODIES)
def test_what_a_body_is_follows_from_the_contract(body: Any, kind: Kind, violated: set[str]) -> None:
    read = read_body(MODEL, body if isinstance(body, str) else json.dumps(body))
    assert (read.kind, set(read.violated)) == (kind, {f"ltx-2-fast.{name}" for name in violated})


def test_an_inferred_value_that_is_refused_is_no_failure() -> None:
    url = f"{BASE}{CONTRACT.models['ltx-video'].v2}"
    exchange = evolve(post({"prompt": "x", "aspect_ratio": "21:9"}, 400, '{"error": "no"}'), url=url)
    judgement = of(exchange)
    assert not judgement.having(Outcome.FAILED, Outcome.WARNED)
    assert [one.name for one in judgement.observations if one.model == "ltx-video"] == ["left-open"]


def test_of_two_values_the_one_that_nothing_exonerates_is_to_blame() -> None:
    judgement = of(
        post({"prompt": "x", "duration": 6, "resolution": "2k"}, 200),
        post({"prompt": "x", "duration": 6, "resolution": "4k"}, 400, '{"error": "no"}'),
    )
    (check,) = judgement.having(Outcome.FAILED)
    assert check.id == "ltx-2-fast.resolution.enum"
    assert '"4k"' in check.detail
    assert outcome(judgement, "ltx-2-fast.duration.enum") == {Outcome.PASSED}


def test_where_two_values_may_be_to_blame_neither_is_accused() -> None:
    judgement = of(
        post({"prompt": "x"}, 200),
        post({"prompt": "x", "duration": 10, "resolution": "4k"}, 400, '{"error": "no"}'),
    )
    assert {check.clause.id for check in judgement.having(Outcome.FAILED)} == {"v2.status.200"}
    inconclusive = {check.id for check in judgement.having(Outcome.INCONCLUSIVE)}
    assert inconclusive >= {"ltx-2-fast.resolution.enum", "ltx-2-fast.duration.enum"}


def test_a_body_with_two_things_wrong_accuses_no_single_clause() -> None:
    judgement = of(post({"prompt": "x", "duration": 7, "resolution": "8k"}, 200))
    assert "status.invalid-is-400" in {check.clause.id for check in judgement.having(Outcome.FAILED)}
    assert outcome(judgement, "ltx-2-fast.duration.enum") == {Outcome.NOT_EXERCISED}


@pytest.mark.parametrize("fault", [0, 429, 500, 502])
def test_faults_that_used_up_the_retries_are_inconclusive(fault: int) -> None:
    attempts = [post({"prompt": "x"}, fault, "", probe="accept a") for _ in range(5)]
    judgement = of(*attempts)
    assert judgement.exit_status == 2
    assert not judgement.having(Outcome.FAILED)
    assert "v2.status.200" in {check.clause.id for check in judgement.having(Outcome.INCONCLUSIVE)}


def test_a_fault_that_only_one_request_meets_is_a_refusal_of_it() -> None:
    long = {"prompt": "x" * 2000}
    crash = [post(long, 500, '{"error": "oh"}', probe="accept long") for _ in range(4)]
    judgement = of(post({"prompt": "x"}, 200), *crash, post({"prompt": "x"}, 200, HAPPY.replace('"a"', '"b"')))
    assert judgement.having(Outcome.FAILED)[0].id == "ltx-2-fast.prompt.type"


def test_a_passing_fault_that_a_retry_overcame_is_an_observation() -> None:
    judgement = of(post({"prompt": "x"}, 502, "<html>", probe="accept a"), post({"prompt": "x"}, 200, probe="accept a"))
    assert not judgement.having(Outcome.FAILED, Outcome.WARNED, Outcome.INCONCLUSIVE)
    assert "passing-faults" in {one.name for one in judgement.observations}


def test_what_only_follows_is_folded_below_its_cause(recorded: Recording) -> None:
    broken = [
        evolve(one, status=200) if one.status == 422 else one  # FAILED, served as if all were well.
        for one in recorded.exchanges
    ]
    judgement = judge(evolve(recorded, exchanges=tuple(broken)), CONTRACT)
    roots = {check.clause.id for check in judgement.having(Outcome.FAILED) if check.cause is None}
    assert roots == {"job.failed-is-422"}
    assert {check.cause for check in judgement.having(Outcome.FAILED) if check.cause} != set()


def test_a_rule_that_breaks_is_an_error_and_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Trace) -> Iterator[Finding]:
        raise KeyError("oh")

    monkeypatch.setattr(judging, "RULES", (*judging.RULES, broken))
    judgement = of(post({"prompt": "x"}, 200))
    assert judgement.exit_status == 2
    assert "KeyError" in judgement.having(Outcome.ERROR)[0].detail
    assert outcome(judgement, "ltx-2-fast.v2") == {Outcome.PASSED}
