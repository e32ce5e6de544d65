"""The prober and targets that do not keep the documents: fuse, taking apart, patience, passing faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from segmind_ltx_conformance.prober import Options, probe
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.target import Keys, Limits, Target
from segmind_ltx_sandbox import SCENARIOS, Behaviour, ManualClock
from segmind_ltx_sandbox.messages import ApiResponse, error
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.testing import running_sandbox
from segmind_ltx_spec import Contract, Model, load

CONTRACT = load()
FAST = Options(models=frozenset({"ltx-2-fast"}), bulk=3)
ACCEPT = evolve(FAST, stages=frozenset({"accept"}))


def recorded(behaviour: type[Behaviour], options: Options = FAST, **limits: Any) -> Recording:
    with running_sandbox(clock=ManualClock(), behaviour=behaviour) as box:
        box.state.videos = VideoCache(lambda _: b"no video\xff")
        keys = Keys({one.name: one.key for one in SCENARIOS})
        chosen: dict[str, Any] = {"max_cost": 100.0, "job_timeout": 20.0, "poll_interval": 0.01, **limits}
        return probe(Target(box.base_url, keys, Limits(**chosen), "/_control/advance"), CONTRACT, options)


def of(recording: Recording, *stages: str) -> list[Exchange]:
    return [one for one in recording.exchanges if (one.probe or "").split()[0] in stages]


class Refuses(Behaviour):
    """Refuses one value of a parameter."""

    parameter, value = "resolution", "4k"

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        wrong = payload.get(self.parameter, "left out") == self.value
        return error("invalid", 400, "not today") if wrong else super().invalid(model, payload)


class RefusesOmitted(Refuses):
    parameter, value = "duration", "left out"


@pytest.mark.parametrize("behaviour", [Refuses, RefusesOmitted])
def test_a_refused_pack_is_taken_apart_until_one_value_is_left(behaviour: type[Refuses]) -> None:
    recording = recorded(behaviour, ACCEPT, max_jobs=12)
    tried, good = set[tuple[str, str]](), set[tuple[str, str]]()
    for one in of(recording, "accept"):
        body = json.loads(one.request_body or "")
        pairs = {(name, repr(body.get(name, "left out"))) for name in CONTRACT.models["ltx-2-fast"].parameters}
        tried |= pairs
        good |= pairs if one.status == 200 else set()
    # The least that a model is given leaves everything out, so nothing but the culprit is left.
    assert tried - good == {(behaviour.parameter, repr(behaviour.value))}
    assert len([one for one in of(recording, "accept") if one.status == 200]) <= 12


class NeverValidates(Behaviour):
    """Accepts every JSON object."""

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:  # noqa: ARG002
        return None

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> Any:  # noqa: ARG002
        return super().video_spec(model, {"prompt": "x"})

    def cost(self, model: Model, payload: Mapping[str, Any]) -> float:  # noqa: ARG002
        return 0.3


def test_the_fuse_stops_after_three_acceptances_on_a_route() -> None:
    options = evolve(FAST, stages=frozenset({"refuse", "malformed", "bulk"}))
    recording = recorded(NeverValidates, options)
    for path in ("/v1/ltx-2-fast", "/v2/ltx-2-fast"):
        accepted = [one for one in of(recording, "refuse", "bulk") if one.path == path and one.status == 200]
        assert 1 <= len(accepted) <= 3
    assert {one.what for one in recording.skips if one.reason.startswith("fuse")} >= {"refuse", "bulk"}


class AnyKey(Behaviour):
    """Takes every key for the valid one."""

    def scenario_of(self, key: str | None) -> Any:  # noqa: ARG002
        return SCENARIOS[0]


def test_the_fuse_stops_posts_without_a_key_at_the_first_acceptance() -> None:
    recording = recorded(AnyKey, evolve(FAST, models=None, stages=frozenset({"missing-key"})))
    sent = [one for one in of(recording, "missing-key") if one.method == "POST"]
    assert [one.status for one in sent] == [200]
    assert len([one for one in of(recording, "missing-key") if one.method == "GET"]) == 2


class NeverEnds(Behaviour):
    def state(self, job: Job, now: float) -> State:  # noqa: ARG002
        return State.PROCESSING


class OtherWord(Behaviour):
    def state(self, job: Job, now: float) -> Any:  # noqa: ARG002
        return "RUNNING"


def test_a_job_that_does_not_end_is_given_up_after_the_patience_that_is_noted() -> None:
    recording = recorded(NeverEnds, ACCEPT)
    submitted = {json.loads(one.body)["request_id"]: one.at for one in of(recording, "accept") if "/v2/" in one.url}
    assert recording.patience is not None
    for name, at in submitted.items():
        assert max(one.at for one in of(recording, "poll") if name in one.url) >= at + recording.patience


def test_an_unknown_state_is_not_waited_for() -> None:
    recording = recorded(OtherWord, ACCEPT)
    submitted = [json.loads(one.body)["request_id"] for one in of(recording, "accept") if "/v2/" in one.url]
    assert {sum(name in one.url for one in of(recording, "poll")) for name in submitted} == {3}


class NoV2(Behaviour):
    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        return error("no-such-route", 404, "no such model") if self.on_v2 else super().invalid(model, payload)

    on_v2 = True


def test_a_v2_route_that_is_not_offered_is_left_alone() -> None:
    recording = recorded(NoV2, FAST)
    assert ("accept", "ltx-2-fast", "v2 is not offered") in {
        (one.what, one.model, one.reason) for one in recording.skips
    }
    assert not [one for one in of(recording, "refuse", "malformed", "bulk") if one.path == "/v2/ltx-2-fast"]


class Flaky(Behaviour):
    """Throws a passing fault every eleventh time."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self.count = 0

    def finalize_any(self, response: ApiResponse) -> ApiResponse:
        self.count += 1
        return error("passing", 502, "try again") if self.count % 11 == 0 else response


def test_passing_faults_are_sent_again_and_each_attempt_is_recorded() -> None:
    recording = recorded(Flaky, ACCEPT)
    by_probe: dict[str | None, list[int]] = {}
    for one in of(recording, "accept", "result", "poll"):
        by_probe.setdefault(one.probe, []).append(one.status)
    assert any(502 in found for found in by_probe.values())
    assert all(found[-1] == 200 for found in by_probe.values())


class AlwaysDown(Behaviour):
    """Answers every invalid body with its own fault."""

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        return error("invalid", 500, "oops") if super().invalid(model, payload) else None


def test_a_fault_that_stays_is_not_waited_for_each_time() -> None:
    recording = recorded(AlwaysDown, evolve(FAST, stages=frozenset({"refuse"})))
    probes = [one.probe for one in of(recording, "refuse")]
    assert len(probes) - len(set(probes)) <= 5 * 4
    assert len(set(probes)) > 80


def test_fail_fast_ends_after_the_first_stage_with_an_odd_answer() -> None:
    recording = recorded(Refuses, evolve(FAST, fail_fast=True))
    assert not of(recording, "refuse", "missing-key")
    assert any(one.reason.startswith("fail-fast") for one in recording.skips)
