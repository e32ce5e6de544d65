"""The prober against the sandbox: what it sends, in which order, and that it never says a key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from segmind_ltx_conformance.prober import (
    STAGES,
    CannotRunError,
    Interrupted,
    Options,
    plan,
    probe,
    resume,
)
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.target import Keys, Limits, Target
from segmind_ltx_sandbox import SCENARIOS, Clock, ManualClock, SystemClock
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from segmind_ltx_spec import load

CONTRACT = load()
QUICK = Options(models=frozenset({"ltx-2-fast"}), bulk=3)


@contextmanager
def sandbox(clock: Clock | None = None, **options: Any) -> Generator[RunningSandbox]:
    with running_sandbox(clock=clock or ManualClock(), **options) as box:
        box.state.videos = VideoCache(lambda _: b"no video\xff")  # What is in it is for other tests.
        yield box


def target_at(base_url: str, *, clock_control: bool = True, **limits: Any) -> Target:
    keys = Keys({one.name: one.key for one in SCENARIOS})
    chosen: dict[str, Any] = {"max_cost": 100.0, "job_timeout": 20.0, "poll_interval": 0.01, **limits}
    return Target(base_url, keys, Limits(**chosen), "/_control/advance" if clock_control else None)


def billed(recording: Recording) -> list[Exchange]:
    return [one for one in recording.exchanges if one.method == "POST" and one.status == 200]


def stages(recording: Recording) -> Counter[str]:
    return Counter((one.probe or "").split()[0] for one in recording.exchanges)


def test_a_whole_run_does_all_stages_with_the_jobs_that_were_planned() -> None:
    with sandbox() as box:
        target = target_at(box.base_url)
        planned = plan(target, CONTRACT, Options())
        told = list[int]()
        recording = probe(target, CONTRACT, Options(), lambda _, done, __: told.append(done))
    # The sandbox gives no address on another host.
    assert stages(recording).keys() == STAGES.keys() - {"address"}
    assert planned.jobs == len(billed(recording)) == 59
    assert planned.usd_low < planned.usd_high
    assert {one.what for one in recording.skips} == {"open"}
    assert told == list(range(1, len(recording.exchanges) + 1))
    by_stage = {one.probe: one.status for one in recording.exchanges if (one.probe or "").startswith("retention")}
    assert {status for name, status in by_stage.items() if name and "before its hour" in name} == {200}
    assert {status for name, status in by_stage.items() if name and "after its hour" in name} == {404}
    said = json.dumps(recording.to_har())
    assert not [one.name for one in SCENARIOS if one.key in said]


def test_the_result_is_read_before_the_status_and_again_at_the_end() -> None:
    with sandbox() as box:
        recording = probe(target_at(box.base_url), CONTRACT, QUICK)
    (first, *_) = [json.loads(one.body)["request_id"] for one in billed(recording) if "/v2/" in one.url]
    mine = [one for one in recording.exchanges if first in one.url and (one.probe or "")[:4] in {"resu", "poll"}]
    words = [(one.probe or "").split()[0] for one in mine]
    assert words[:2] == ["result", "poll"]
    assert words == ["result", "poll"] * (len(words) // 2)
    assert (mine[-2].probe or "").endswith("again")
    assert mine[-2].body == mine[-4].body


def test_the_same_seed_sends_the_same_requests() -> None:
    def sent(seed: int) -> Counter[tuple[str | None, str, str | None]]:
        with sandbox() as box:
            recording = probe(target_at(box.base_url), CONTRACT, evolve(QUICK, seed=seed))
        return Counter((one.probe, one.method, one.request_body) for one in recording.exchanges if one.method == "POST")

    assert sent(1) == sent(1) != sent(2)


def test_free_sends_nothing_that_is_billed_and_needs_no_budget() -> None:
    with sandbox() as box:
        target = target_at(box.base_url, max_jobs=0, max_cost=0)
        recording = probe(target, CONTRACT, Options(free=True, bulk=2))
    assert billed(recording) == []
    assert {"refuse", "missing-key", "scenario"} <= stages(recording).keys()
    assert {"accept", "duplicate", "retention"} <= {one.what for one in recording.skips}


@pytest.mark.parametrize(("jobs", "cost"), [(1, 100.0), (7, 100.0), (60, 5.0), (60, 1.0)])
def test_the_budget_is_never_exceeded(jobs: int, cost: float) -> None:
    with sandbox() as box:
        recording = probe(target_at(box.base_url, max_jobs=jobs, max_cost=cost), CONTRACT, Options(bulk=0))
        spent = sum(1_000_000 - one.balance(1e9) for one in box.state.accounts.values() if one.credits)
    assert 0 < len(billed(recording)) <= jobs
    assert 0 < spent <= cost
    assert any(one.reason.startswith("budget") for one in recording.skips)


def test_what_cannot_be_started_says_why() -> None:
    gone = target_at("http://127.0.0.1:9")
    for target, options, said in (
        (gone, Options(), "does not answer"),
        (evolve(gone, limits=Limits(max_jobs=0)), Options(), "budget is too small"),
        (evolve(gone, limits=Limits(max_cost=0.01)), Options(), "budget is too small"),
        (gone, Options(models=frozenset({"ltx-9"})), "ltx-9"),
        (gone, Options(stages=frozenset({"acept"})), "acept"),
        (gone, Options(stages=frozenset({"duplicate"}), free=True), "nothing is selected"),
    ):
        with pytest.raises(CannotRunError, match=said):
            probe(target, CONTRACT, options)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("broken")])
def test_what_was_recorded_survives_the_end_of_a_run(error: BaseException) -> None:
    def stop(_: str, done: int, __: int) -> None:
        if done == 8:
            raise error

    with sandbox() as box, pytest.raises(Interrupted) as cut:
        probe(target_at(box.base_url), CONTRACT, evolve(QUICK, jobs=1), stop)
    assert len(cut.value.recording.exchanges) == 8
    assert "retention" in {one.what for one in cut.value.recording.skips}


def test_a_second_visit_reads_the_jobs_again_and_submits_nothing() -> None:
    with sandbox(SystemClock(), speed=5000) as box:
        target = target_at(box.base_url, clock_control=False)
        first = probe(target, CONTRACT, evolve(QUICK, stages=frozenset({"duplicate", "retention"})))
        assert any("--visit resume" in one.reason for one in first.skips)
        earlier = evolve(first, started=first.started - timedelta(seconds=3000))
        second = resume(target, CONTRACT, earlier)
        with pytest.raises(CannotRunError, match="no job"):
            resume(target, CONTRACT, evolve(first, exchanges=()))
    late = second.exchanges[len(first.exchanges) :]
    assert second.exchanges[: len(first.exchanges)] == first.exchanges
    assert late
    assert all(one.method == "GET" and one.at >= 3000 for one in late)
    assert "retention" not in {one.what for one in second.skips}
