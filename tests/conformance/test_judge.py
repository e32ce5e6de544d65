"""Test the judge on recordings of the suite, of other tools, and on incomplete ones.

More than 250 lines, since the made-up recordings are in it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from segmind_ltx_conformance import judge as judging
from segmind_ltx_conformance.checks import Finding, Judgement, Outcome
from segmind_ltx_conformance.har import read_recording
from segmind_ltx_conformance.judge import judge
from segmind_ltx_conformance.judge.request_bodies import Kind, read_body
from segmind_ltx_conformance.judge.trace import Trace
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_spec import load

CONTRACT = load()
MODEL = CONTRACT.models["ltx-2-pro"]
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


def test_conforming_run_passes(recorded: Recording) -> None:
    """A conforming server fails nothing, and each untested clause has a reason."""
    judgement = judge(recorded, CONTRACT)
    assert judgement.exit_status == 0
    assert len(judgement.having(Outcome.PASSED)) > 150
    assert not judgement.having(Outcome.FAILED, Outcome.NOTED, Outcome.INCONCLUSIVE, Outcome.ERROR)
    assert all(check.detail for check in judgement.having(Outcome.NOT_EXERCISED))


def foreign(recorded: Recording) -> list[dict[str, Any]]:
    """Return the entries as a tool writes them that knows no fields of ours, and has the target's clock."""
    entries: list[dict[str, Any]] = []
    for entry in recorded.to_har()["log"]["entries"]:
        kept = {name: value for name, value in entry.items() if not name.startswith("_")}
        kept["startedDateTime"] = (recorded.started + timedelta(seconds=entry["_at"])).isoformat()
        entries.append(kept)
    return entries


def test_har_of_another_tool_is_judged(recorded: Recording, tmp_path: Path) -> None:
    """A HAR file without our own fields is judged by the same rules."""
    kept = [exchange.key in {"valid", None} for exchange in recorded.exchanges]
    strangers = [entry for entry, wanted in zip(foreign(recorded), kept, strict=True) if wanted]
    path = tmp_path / "traffic.har"
    path.write_text(
        json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": strangers}})
    )
    judgement = judge(read_recording(path, recorded.base_url), CONTRACT)
    assert judgement.exit_status == 0
    assert outcome(judgement, "ltx-2-19b-i2v.width.minimum") == {Outcome.PASSED}
    assert outcome(judgement, "job.completed-has-output") == {Outcome.PASSED}
    assert outcome(judgement, "v2.status.403") == {Outcome.NOT_EXERCISED}


def test_empty_recording_is_inconclusive() -> None:
    """A recording without exchanges gives exit status 2."""
    judgement = of()
    assert judgement.exit_status == 2
    assert {check.outcome for check in judgement.checks} == {Outcome.NOT_EXERCISED}


def test_only_selected_clauses_are_judged() -> None:
    """With a selection only the selected clauses get a check."""
    judgement = judge(Recording(BASE, (post({"prompt": "x"}, 200),)), CONTRACT, only={"ltx-2-pro.v2"})
    assert [check.id for check in judgement.checks] == ["ltx-2-pro.v2"]


BODIES: list[tuple[Any, Kind, set[str]]] = [
    ({"prompt": "x"}, Kind.VALID, set()),
    ({"prompt": "x", "image": None}, Kind.INVALID, {"image.not-null"}),
    ({"prompt": "x" * 524}, Kind.VALID, set()),
    ({"prompt": "x" * 525}, Kind.OPEN, set()),
    ({"prompt": "x", "duration": 7}, Kind.INVALID, {"duration.enum"}),
    ({"prompt": "x", "duration": "6"}, Kind.INVALID, {"duration.type"}),
    ({"prompt": "x", "duration": True}, Kind.INVALID, {"duration.type"}),
    ({"prompt": "x", "duration": 6.5}, Kind.INVALID, {"duration.type"}),
    ({"prompt": "x", "resolution": "4K"}, Kind.INVALID, {"resolution.enum"}),
    ({"prompt": "x", "generate_audio": 1}, Kind.INVALID, {"generate_audio.type"}),
    ({"prompt": "x", "image": "boat.png"}, Kind.INVALID, {"image.format"}),
    ({"duration": 7}, Kind.INVALID, {"prompt.required", "duration.enum"}),
    # No page mentions these.
    ({"prompt": "x", "duration": 6.0}, Kind.OPEN, set()),
    ({"prompt": ""}, Kind.OPEN, set()),
    ({"prompt": "x", "colour": "red"}, Kind.OPEN, set()),
    ({"prompt": "x", "image": "data:image/png;base64,AA=="}, Kind.OPEN, set()),
    ([], Kind.NO_OBJECT, {"body"}),
    ("{", Kind.MALFORMED, {"body"}),
    ("NaN", Kind.MALFORMED, {"body"}),
]


@pytest.mark.parametrize(("body", "kind", "violated"), BODIES)
def test_body_is_classified_by_the_contract(body: Any, kind: Kind, violated: set[str]) -> None:
    """The contract alone decides the kind of a body and the clauses that it breaks."""
    read = read_body(MODEL, body if isinstance(body, str) else json.dumps(body))
    assert (read.kind, set(read.violated)) == (kind, {f"ltx-2-pro.{name}" for name in violated})


def test_refused_inferred_value_is_an_observation() -> None:
    """A server may refuse an inferred value; the report only mentions it."""
    url = f"{BASE}{CONTRACT.models['ltx-video'].v2}"
    exchange = evolve(post({"prompt": "x", "aspect_ratio": "21:9"}, 400, '{"error": "no"}'), url=url)
    judgement = of(exchange)
    assert not judgement.having(Outcome.FAILED, Outcome.WARNED)
    assert [one.name for one in judgement.observations if one.model == "ltx-video"] == ["left-open"]


def test_refusal_blames_the_only_new_value() -> None:
    """If all other values of a refused body were accepted elsewhere, the remaining one is blamed."""
    judgement = of(
        post({"prompt": "x", "duration": 6, "resolution": "2k"}, 200),
        post({"prompt": "x", "duration": 6, "resolution": "4k"}, 400, '{"error": "no"}'),
    )
    (check,) = judgement.having(Outcome.FAILED)
    assert check.id == "ltx-2-pro.resolution.enum"
    assert '"4k"' in check.detail
    assert outcome(judgement, "ltx-2-pro.duration.enum") == {Outcome.PASSED}


def test_refusal_with_two_suspects_blames_neither() -> None:
    """If two values may be the cause of a refusal, both clauses are inconclusive."""
    judgement = of(
        post({"prompt": "x"}, 200),
        post({"prompt": "x", "duration": 10, "resolution": "4k"}, 400, '{"error": "no"}'),
    )
    assert {check.clause.id for check in judgement.having(Outcome.FAILED)} == {"v2.status.400"}
    inconclusive = {check.id for check in judgement.having(Outcome.INCONCLUSIVE)}
    assert inconclusive >= {"ltx-2-pro.resolution.enum", "ltx-2-pro.duration.enum"}


def test_accepted_body_with_two_faults() -> None:
    """If a body with two faults is accepted, no single parameter is blamed."""
    judgement = of(post({"prompt": "x", "duration": 7, "resolution": "8k"}, 200))
    assert "status.invalid-is-400" in {check.clause.id for check in judgement.having(Outcome.FAILED)}
    assert outcome(judgement, "ltx-2-pro.duration.enum") == {Outcome.NOT_EXERCISED}


@pytest.mark.parametrize("fault", [0, 429, 500, 502])
def test_exhausted_retries_are_inconclusive(fault: int) -> None:
    """A fault on every attempt gives exit status 2 and fails nothing."""
    attempts = [post({"prompt": "x"}, fault, "", probe="accept a") for _ in range(5)]
    judgement = of(*attempts)
    assert judgement.exit_status == 2
    assert not judgement.having(Outcome.FAILED)
    assert "ltx-2-pro.v2" in {check.clause.id for check in judgement.having(Outcome.INCONCLUSIVE)}


def test_fault_of_one_request_is_a_refusal() -> None:
    """If only one request meets a fault on each attempt, its body is the cause."""
    long = {"prompt": "x" * 500}
    crash = [post(long, 500, '{"error": "oh"}', probe="accept long") for _ in range(4)]
    judgement = of(post({"prompt": "x"}, 200), *crash, post({"prompt": "x"}, 200, HAPPY.replace('"a"', '"b"')))
    assert judgement.having(Outcome.FAILED)[0].id == "ltx-2-pro.prompt.type"


def test_fault_before_a_success_is_an_observation() -> None:
    """A fault that a retry overcame breaks no clause."""
    judgement = of(post({"prompt": "x"}, 502, "<html>", probe="accept a"), post({"prompt": "x"}, 200, probe="accept a"))
    assert not judgement.having(Outcome.FAILED, Outcome.WARNED, Outcome.INCONCLUSIVE)
    assert "passing-faults" in {one.name for one in judgement.observations}


def test_follow_up_failures_name_their_cause(recorded: Recording) -> None:
    """Failures that follow from another one name it, so that one root cause is left."""
    broken = [
        evolve(one, status=200) if one.status == 422 else one  # A FAILED job with status 200.
        for one in recorded.exchanges
    ]
    judgement = judge(evolve(recorded, exchanges=tuple(broken)), CONTRACT)
    roots = {check.clause.id for check in judgement.having(Outcome.FAILED) if check.cause is None}
    assert roots == {"job.failed-is-422"}
    assert {check.cause for check in judgement.having(Outcome.FAILED) if check.cause} != set()


def test_exception_in_a_rule_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a rule raises an exception, its clauses are errors and the other rules still count."""

    def broken(_: Trace) -> Iterator[Finding]:
        raise KeyError("oh")

    monkeypatch.setattr(judging, "RULES", (*judging.RULES, broken))
    judgement = of(post({"prompt": "x"}, 200))
    assert judgement.exit_status == 2
    assert "KeyError" in judgement.having(Outcome.ERROR)[0].detail
    assert outcome(judgement, "ltx-2-pro.v2") == {Outcome.PASSED}


def without_text(entry: dict[str, Any]) -> None:
    """Leave out the response's body, as Firefox does with large ones."""
    entry["response"]["content"].pop("text", None)


def without_post_data(entry: dict[str, Any]) -> None:
    """Leave out the request's body."""
    entry["request"].pop("postData", None)
    entry["request"]["bodySize"] = -1


def without_key(entry: dict[str, Any]) -> None:
    """Leave out the key's header, as tools do that clean a file before it is shared."""
    entry["request"]["headers"] = [one for one in entry["request"]["headers"] if one["name"] != "x-api-key"]


def with_encoded_post_data(entry: dict[str, Any]) -> None:
    """Write the request's body as base64."""
    if posted := entry["request"].get("postData"):
        posted |= {"text": base64.b64encode(posted["text"].encode()).decode(), "encoding": "base64"}


GAPS: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (without_text, "job.completed-has-output", "without the response's body"),
    (without_post_data, "ltx-2-19b-t2v.width.minimum", "without the request's body"),
    (without_key, "v2.status.401", "without the key's header"),
    (with_encoded_post_data, "v2.status.403", "does not show it"),
]


@pytest.mark.parametrize(("change", "clause", "words"), GAPS)
@pytest.mark.parametrize("every", [1, 3])
def test_missing_parts_are_not_judged(
    recorded: Recording, tmp_path: Path, change: Callable[[dict[str, Any]], None], clause: str, words: str, every: int
) -> None:
    """What a conforming server's traffic does not show is not exercised, and the report says how often."""
    entries = foreign(recorded)
    for entry in entries[::every]:
        change(entry)
    path = tmp_path / "traffic.har"
    path.write_text(json.dumps({"log": {"entries": entries}}))
    judgement = judge(read_recording(path, recorded.base_url), CONTRACT)
    broken = judgement.having(Outcome.FAILED, Outcome.WARNED)
    # The sandbox serves its videos from its own host.
    assert [check.id for check in broken if check.clause.id != "output.other-host"] == []
    assert not judgement.having(Outcome.ERROR, Outcome.INCONCLUSIVE)
    if every == 1:
        assert outcome(judgement, clause) == {Outcome.NOT_EXERCISED}
        details = {check.detail for check in judgement.checks if check.clause.id == clause}
        assert any(words in detail for detail in details), details
