"""Test the prober against faulty targets: the fuse, the search for a cause, deadlines, and retries."""

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
        keys = Keys({scenario.name: scenario.key for scenario in SCENARIOS})
        chosen: dict[str, Any] = {"max_cost": 100.0, "job_timeout": 20.0, "poll_interval": 0.01, **limits}
        return probe(Target(box.base_url, keys, Limits(**chosen), "/_control/advance"), CONTRACT, options)


def of(recording: Recording, *stages: str) -> list[Exchange]:
    return [exchange for exchange in recording.exchanges if (exchange.probe or "").split()[0] in stages]


class Refuses(Behaviour):
    """Refuses one value of a parameter."""

    parameter, value = "resolution", "4k"

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        wrong = payload.get(self.parameter, "left out") == self.value
        return error("invalid", 400, "not today") if wrong else super().invalid(model, payload)


class RefusesOmitted(Refuses):
    parameter, value = "duration", "left out"


@pytest.mark.parametrize("behaviour", [Refuses, RefusesOmitted])
def test_refused_pack_is_bisected_to_one_value(behaviour: type[Refuses]) -> None:
    """The search ends with only the refused value never accepted, within the budget."""
    recording = recorded(behaviour, ACCEPT, max_jobs=12)
    tried, good = set[tuple[str, str]](), set[tuple[str, str]]()
    for exchange in of(recording, "accept"):
        body = json.loads(exchange.request_body or "")
        pairs = {(name, repr(body.get(name, "left out"))) for name in CONTRACT.models["ltx-2-fast"].parameters}
        tried |= pairs
        good |= pairs if exchange.status == 200 else set()
    # The minimal body leaves out all optional parameters, so only the refused value was never accepted.
    assert tried - good == {(behaviour.parameter, repr(behaviour.value))}
    assert len([exchange for exchange in of(recording, "accept") if exchange.status == 200]) <= 12


class NeverValidates(Behaviour):
    """Accepts every JSON object."""

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:  # noqa: ARG002
        return None

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> Any:  # noqa: ARG002
        return super().video_spec(model, {"prompt": "x"})

    def cost(self, model: Model, payload: Mapping[str, Any]) -> float:  # noqa: ARG002
        return 0.3


def test_fuse_stops_after_three_acceptances() -> None:
    """A route that accepts invalid bodies gets at most three of them."""
    options = evolve(FAST, stages=frozenset({"refuse", "malformed", "bulk"}))
    recording = recorded(NeverValidates, options)
    for path in ("/v1/ltx-2-fast", "/v2/ltx-2-fast"):
        accepted = [
            exchange
            for exchange in of(recording, "refuse", "bulk")
            # That null is forbidden is only inferred, and counts apart.
            if exchange.path == path and exchange.status == 200 and None not in exchange.sent.values()
        ]
        assert 1 <= len(accepted) <= 3
    assert {skip.what for skip in recording.skips if skip.reason.startswith("fuse")} >= {"refuse", "bulk"}


class AnyKey(Behaviour):
    """Accepts every key."""

    def scenario_of(self, key: str | None) -> Any:  # noqa: ARG002
        return SCENARIOS[0]


def test_fuse_stops_posts_without_a_key() -> None:
    """After one accepted POST without a key no other is sent; GETs still are."""
    recording = recorded(AnyKey, evolve(FAST, models=None, stages=frozenset({"missing-key"})))
    sent = [exchange for exchange in of(recording, "missing-key") if exchange.method == "POST"]
    assert [exchange.status for exchange in sent] == [200]
    assert len([exchange for exchange in of(recording, "missing-key") if exchange.method == "GET"]) == 2


class NeverEnds(Behaviour):
    def state(self, job: Job, now: float) -> State:  # noqa: ARG002
        return State.PROCESSING


class OtherWord(Behaviour):
    def state(self, job: Job, now: float) -> Any:  # noqa: ARG002
        return "RUNNING"


def test_endless_job_is_polled_to_the_deadline() -> None:
    """A job without a final state is polled until the recorded deadline."""
    recording = recorded(NeverEnds, ACCEPT)
    submitted = {
        json.loads(exchange.body)["request_id"]: exchange.at
        for exchange in of(recording, "accept")
        if "/v2/" in exchange.url
    }
    assert recording.job_deadline is not None
    for name, at in submitted.items():
        assert (
            max(exchange.at for exchange in of(recording, "poll") if name in exchange.url)
            >= at + recording.job_deadline
        )


def test_unknown_state_ends_polling() -> None:
    """A job with an unknown state is polled three times after its first read."""
    recording = recorded(OtherWord, ACCEPT)
    submitted = [
        json.loads(exchange.body)["request_id"] for exchange in of(recording, "accept") if "/v2/" in exchange.url
    ]
    assert {sum(name in exchange.url for exchange in of(recording, "poll")) for name in submitted} == {4}


class NoV2(Behaviour):
    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        return error("no-such-route", 404, "no such model") if self.on_v2 else super().invalid(model, payload)

    on_v2 = True


def test_missing_v2_route_is_skipped() -> None:
    """If v2 answers 404 to a valid request, no invalid ones are sent there."""
    recording = recorded(NoV2, FAST)
    skips = [skip for skip in recording.skips if (skip.what, skip.model) == ("accept", "ltx-2-fast")]
    assert any("v2" in skip.reason for skip in skips)
    assert not [
        exchange for exchange in of(recording, "refuse", "malformed", "bulk") if exchange.path == "/v2/ltx-2-fast"
    ]


class Flaky(Behaviour):
    """Returns a transient fault for every eleventh request."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self.count = 0

    def finalize_any(self, response: ApiResponse) -> ApiResponse:
        self.count += 1
        return error("passing", 502, "try again") if self.count % 11 == 0 else response


def test_transient_faults_are_retried() -> None:
    """A transient fault is retried, and each attempt is recorded."""
    recording = recorded(Flaky, ACCEPT)
    by_probe: dict[str | None, list[int]] = {}
    for exchange in of(recording, "accept", "result", "poll"):
        by_probe.setdefault(exchange.probe, []).append(exchange.status)
    assert any(502 in found for found in by_probe.values())
    assert all(found[-1] == 200 for found in by_probe.values())


class AlwaysDown(Behaviour):
    """Returns 500 for every invalid body."""

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        return error("invalid", 500, "oops") if super().invalid(model, payload) else None


def test_persistent_fault_is_not_retried_each_time() -> None:
    """After a few exhausted requests the others of the stage get one attempt each."""
    recording = recorded(AlwaysDown, evolve(FAST, stages=frozenset({"refuse"})))
    probes = [exchange.probe for exchange in of(recording, "refuse")]
    assert len(probes) - len(set(probes)) <= 5 * 4
    assert len(set(probes)) > 80


def test_fail_fast_ends_after_an_unexpected_response() -> None:
    """With ``fail_fast`` the stages after the first unexpected response are skipped."""
    recording = recorded(Refuses, evolve(FAST, fail_fast=True))
    assert not of(recording, "refuse", "missing-key")
    assert any(skip.reason.startswith("fail-fast") for skip in recording.skips)
