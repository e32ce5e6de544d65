"""Test the prober against the sandbox: its requests, their order, its budget, and that it records no key."""

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
        box.state.videos = VideoCache(lambda _: b"no video\xff")  # Other tests check the videos.
        yield box


def target_at(base_url: str, *, clock_control: bool = True, **limits: Any) -> Target:
    keys = Keys({scenario.name: scenario.key for scenario in SCENARIOS})
    chosen: dict[str, Any] = {"max_cost": 100.0, "job_timeout": 20.0, "poll_interval": 0.01, **limits}
    return Target(base_url, keys, Limits(**chosen), "/_control/advance" if clock_control else None)


def billed(recording: Recording) -> list[Exchange]:
    return [exchange for exchange in recording.exchanges if exchange.method == "POST" and exchange.status == 200]


def stages(recording: Recording) -> Counter[str]:
    return Counter((exchange.probe or "").split()[0] for exchange in recording.exchanges)


def test_whole_run_matches_its_plan() -> None:
    """A whole run has all stages and the planned number of jobs, and records no key."""
    with sandbox() as box:
        target = target_at(box.base_url)
        planned = plan(target, CONTRACT, Options())
        progress = list[int]()
        recording = probe(target, CONTRACT, Options(), lambda _, done, __: progress.append(done))
    # The sandbox gives no URL on another host.
    assert stages(recording).keys() == STAGES.keys() - {"address"}
    assert planned.jobs == len(billed(recording)) == 59
    assert planned.usd_low < planned.usd_high
    assert {skip.what for skip in recording.skips} == {"open"}
    assert progress == list(range(1, len(recording.exchanges) + 1))
    by_stage = {
        exchange.probe: exchange.status
        for exchange in recording.exchanges
        if (exchange.probe or "").startswith("retention")
    }
    assert {status for name, status in by_stage.items() if name and "before its hour" in name} == {200}
    assert {status for name, status in by_stage.items() if name and "after its hour" in name} == {404}
    said = json.dumps(recording.to_har())
    assert not [exchange.name for exchange in SCENARIOS if exchange.key in said]


def test_result_is_read_before_the_status() -> None:
    """Each round reads the result first, and both are read again after the final state, the status once more later."""
    with sandbox() as box:
        recording = probe(target_at(box.base_url), CONTRACT, QUICK)
    alone, other = [reads_of(recording, name) for name in ids_in(recording)][:2]
    words = [probe.split()[0] for probe in other]
    assert words[0] == "poll"
    assert words[1:-1] == ["result", "poll"] * (len(words[1:-1]) // 2)
    assert other[-3].endswith("again")
    assert other[-1].endswith("later")
    assert {probe.split()[0] for probe in alone[:-4]} == {"poll"}


def test_one_job_is_read_by_its_status_alone() -> None:
    """The result of one job is not read before its status has shown the end."""
    with sandbox() as box:
        recording = probe(target_at(box.base_url), CONTRACT, QUICK)
    alone = next(iter(ids_in(recording)))
    mine = [exchange for exchange in recording.exchanges if f"/v2/requests/{alone}" in exchange.url]
    first = next(place for place, exchange in enumerate(mine) if not exchange.path.endswith("/status"))
    assert first > 1
    assert mine[first - 1].json["status"] == "COMPLETED"


def ids_in(recording: Recording) -> list[str]:
    """Return the request ids in the order of the submits."""
    return [json.loads(exchange.body)["request_id"] for exchange in billed(recording) if "/v2/" in exchange.url]


def reads_of(recording: Recording, name: str) -> list[str]:
    """Return the labels of the reads of a job while it was followed."""
    probes = [exchange.probe or "" for exchange in recording.exchanges if name in exchange.url]
    return [probe for probe in probes if probe[:4] in {"resu", "poll"}]


def test_same_seed_sends_the_same_requests() -> None:
    """The seed decides the request bodies."""

    def sent(seed: int) -> Counter[tuple[str | None, str, str | None]]:
        with sandbox() as box:
            recording = probe(target_at(box.base_url), CONTRACT, evolve(QUICK, seed=seed))
        return Counter(
            (exchange.probe, exchange.method, exchange.request_body)
            for exchange in recording.exchanges
            if exchange.method == "POST"
        )

    assert sent(1) == sent(1) != sent(2)


def test_free_run_is_not_billed() -> None:
    """With ``free`` a conforming server accepts nothing, and no budget is needed."""
    with sandbox() as box:
        target = target_at(box.base_url, max_jobs=0, max_cost=0)
        recording = probe(target, CONTRACT, Options(free=True, bulk=2))
    assert billed(recording) == []
    assert {"refuse", "missing-key", "scenario"} <= stages(recording).keys()
    assert {"accept", "duplicate", "retention"} <= {skip.what for skip in recording.skips}


@pytest.mark.parametrize(("jobs", "cost"), [(1, 100.0), (7, 100.0), (60, 1.0)])
def test_budget_is_never_exceeded(jobs: int, cost: float) -> None:
    """Neither the jobs nor the cost of a run exceed the limits."""
    with sandbox() as box:
        recording = probe(target_at(box.base_url, max_jobs=jobs, max_cost=cost), CONTRACT, Options(bulk=0))
        spent = sum(1_000_000 - exchange.balance(1e9) for exchange in box.state.accounts.values() if exchange.credits)
    assert 0 < len(billed(recording)) <= jobs
    assert 0 < spent <= cost
    assert any(skip.reason.startswith("budget") for skip in recording.skips)


def test_run_that_cannot_start_says_why() -> None:
    """Each reason not to start has its own message."""
    gone = target_at("http://127.0.0.1:9")
    for target, options, said in (
        (gone, Options(), "127.0.0.1:9"),
        (evolve(gone, limits=Limits(max_jobs=0)), Options(), "budget is too small"),
        (evolve(gone, limits=Limits(max_cost=0.01)), Options(), "budget is too small"),
        (gone, Options(models=frozenset({"ltx-9"})), "ltx-9"),
        (gone, Options(stages=frozenset({"acept"})), "acept"),
        (gone, Options(stages=frozenset({"duplicate"}), free=True), "nothing is selected"),
    ):
        with pytest.raises(CannotRunError, match=said):
            probe(target, CONTRACT, options)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("broken")])
def test_interrupted_run_keeps_its_recording(error: BaseException) -> None:
    """The exception of an interrupted or failed run carries the recording so far."""

    def stop(_: str, done: int, __: int) -> None:
        if done == 8:
            raise error

    with sandbox() as box, pytest.raises(Interrupted) as cut:
        probe(target_at(box.base_url), CONTRACT, evolve(QUICK, jobs=1), stop)
    assert len(cut.value.recording.exchanges) == 8
    assert "retention" in {skip.what for skip in cut.value.recording.skips}


def test_second_visit_only_reads() -> None:
    """The second visit reads the same jobs later, submits nothing, and needs a finished job."""
    with sandbox(SystemClock(), speed=5000) as box:
        target = target_at(box.base_url, clock_control=False)
        first = probe(target, CONTRACT, evolve(QUICK, stages=frozenset({"duplicate", "retention"})))
        assert any("--visit resume" in skip.reason for skip in first.skips)
        earlier = evolve(first, started=first.started - timedelta(seconds=3000))
        second = resume(target, CONTRACT, earlier)
        with pytest.raises(CannotRunError, match="no job"):
            resume(target, CONTRACT, evolve(first, exchanges=()))
    late = second.exchanges[len(first.exchanges) :]
    assert second.exchanges[: len(first.exchanges)] == first.exchanges
    assert late
    assert all(exchange.method == "GET" and exchange.at >= 3000 for exchange in late)
    assert "retention" not in {skip.what for skip in second.skips}
