"""The schedule of polls, simulated: requests times mean delay, against any fixed interval; and kept in a wait."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
import logging
import math
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx._core.effects import Call, Context, DurationStats, Effect, Flow, Reply, Response, Sleep
from segmind_ltx._core.journal import Journal
from segmind_ltx._core.parameters import prepare
from segmind_ltx._core.polling import (
    COARSE,
    EARLY_POLLS,
    FINE,
    MAX_STEP,
    MIN_STEP,
    OVERDUE,
    WINDOW_START,
    learn,
    next_poll,
    usual_duration,
)
from segmind_ltx._core.submit import generate_blocking, submit
from segmind_ltx._core.wait import generate, result, status, wait
from segmind_ltx_api.contract import MODELS
from support.callers import Caller

Schedule = Callable[[float], float]


def polls_until(duration: float, schedule: Schedule) -> list[float]:
    """The moments of all polls of one job, the one that sees its end included."""
    moments: list[float] = []
    now = 0.0
    while now < duration:
        now += schedule(now)
        moments.append(now)
    return moments


def product(durations: list[float], schedule: Schedule) -> float:
    """Mean requests times mean delay until the end is known, in request-seconds."""
    runs = [polls_until(duration, schedule) for duration in durations]
    requests = sum(len(run) for run in runs) / len(runs)
    delay = sum(run[-1] - duration for run, duration in zip(runs, durations, strict=True)) / len(runs)
    return requests * delay


def scattered(centre: float, sigma: float) -> list[float]:
    die = random.Random(7)  # noqa: S311 - a simulation
    return [centre * math.exp(die.gauss(0, sigma)) for _ in range(1500)]


def every(step: float) -> Schedule:
    return lambda _: step


def ratio(durations: list[float], usual: float) -> float:
    """Our product against the mean of those of fixed intervals, which hardly differ."""
    fixed = [product(durations, every(step)) for step in (1.0, 2.0, 5.0)]
    return product(durations, lambda elapsed: next_poll(elapsed, usual)) / (sum(fixed) / len(fixed))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("times", "sigma", "at_most"),
    [(1, 0.1, 0.5), (1, 0.2, 0.6), (3, 0.1, 1.1), (1 / 3, 0.1, 1.7)],
    ids=["as documented", "scattered", "three times longer", "three times shorter"],
)
def test_polls_pay_off_against_any_fixed_interval(model: str, times: float, sigma: float, at_most: float) -> None:
    usual = MODELS[model].seconds
    assert ratio(scattered(times * usual, sigma), usual) <= at_most


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("times", [3, 1 / 3])
def test_five_jobs_correct_a_wrong_prior(model: str, times: float) -> None:
    true = times * MODELS[model].seconds
    seen: DurationStats = {}
    for _ in range(5):
        learn(seen, model, true)
    learned = usual_duration(seen, model)
    assert learned is not None
    assert ratio(scattered(true, 0.1), learned) <= 0.7


@pytest.mark.parametrize("usual", [None, *(model.seconds for model in MODELS.values())])
def test_a_job_that_fails_in_its_first_seconds_is_known_within_three(usual: float | None) -> None:
    for failed in (0.0, 0.5, 1.0, 1.29, 1.5, 2.0, 2.5, 2.89):
        assert polls_until(failed + 1e-9, lambda elapsed: next_poll(elapsed, usual))[-1] <= 3.0


@pytest.mark.parametrize("usual", [None, 0.5, 46.54, 600.0])
def test_a_step_is_never_nothing_and_never_endless(usual: float | None) -> None:
    for tenths in range(0, 100_000, 7):
        elapsed = tenths / 10
        step = next_poll(elapsed, usual)
        assert 0 < step <= max(30.0, 0.1 * (usual or 0))
        assert elapsed < 3.0 or step >= 0.25


def test_a_job_that_hangs_for_a_day_is_polled_ever_less_often() -> None:
    assert len(polls_until(86_400.0, lambda elapsed: next_poll(elapsed, 60.0))) < 3500


def test_nonsense_is_not_learned_from() -> None:
    seen: DurationStats = {}
    for seconds in (0.0, -1.0, math.nan, math.inf):
        learn(seen, "ltx-2-pro", seconds)
    learn(seen, None, 5.0)
    assert usual_duration(seen, "ltx-2-pro") == pytest.approx(MODELS["ltx-2-pro"].seconds)
    assert usual_duration(seen, "no-such-model") is None
    assert usual_duration(seen, None) is None


@pytest.mark.parametrize("moment", EARLY_POLLS)
def test_a_clock_that_falls_short_by_a_rounding_error_does_not_stand_still(moment: float) -> None:
    assert next_poll(math.nextafter(moment, 0), None) >= MIN_STEP


@pytest.mark.parametrize("usual", [model.seconds for model in MODELS.values()])
def test_after_the_usual_time_the_steps_only_grow(usual: float) -> None:
    steps = [next_poll(usual * factor / 10, usual) for factor in range(10, 1000)]
    assert steps == sorted(steps)
    assert steps[-1] == MAX_STEP


@pytest.mark.parametrize(
    ("elapsed", "usual", "step"),
    [
        (0.0, 40.0, 1.3),
        (1.0, 40.0, 0.3),
        (1.24, 40.0, 0.06),
        (1.25, 40.0, 1.65),  # The first look counts as taken.
        (1.3, 40.0, 1.6),
        (2.84, 40.0, 0.06),
        (2.85, 40.0, COARSE * 40.0),
        (2.9, 40.0, COARSE * 40.0),
        (WINDOW_START * 40.0 - 3.5, 40.0, 3.5),  # No further than to where the end comes near,
        (WINDOW_START * 40.0 - 0.2, 40.0, FINE * 40.0),  # and no less than the steps there.
        (WINDOW_START * 40.0, 40.0, FINE * 40.0),
        (OVERDUE * 40.0 + 1.0, 40.0, FINE * 40.0),
        (OVERDUE * 40.0 + 16.0, 40.0, 1.0),  # Beyond, a sixteenth of what is over.
        (OVERDUE * 40.0 + 481.0, 40.0, 30.0),
        (OVERDUE * 4.0, 4.0, 0.25),
        (20.0, 400.0, 30.0),
        (WINDOW_START * 400.0, 400.0, FINE * 400.0),
        (300.0, 3000.0, 30.0),
        (2.9, None, 0.25),
        (8.0, None, 0.5),
        (480.0, None, 30.0),
        (9999.0, None, 30.0),
    ],
)
def test_the_steps_are_these(elapsed: float, usual: float | None, step: float) -> None:
    assert next_poll(elapsed, usual) == pytest.approx(step, abs=1e-9)


def test_the_usual_duration_is_the_geometric_mean_of_the_documented_one_and_those_that_were_seen() -> None:
    model, seen = "ltx-2-pro", dict[str, tuple[int, float]]()
    documented = MODELS[model].seconds
    for seconds in (0.5, 2.0, 9.0):
        learn(seen, model, seconds)
        learn(seen, "ltx-video", 1e5)
    assert usual_duration(seen, model) == pytest.approx((documented * 9.0) ** 0.25)
    assert seen[model][0] == 3
    assert seen[model][1] == pytest.approx(math.log(9.0))


ID = "job-1"
STATUS, RESULT = f"/v2/requests/{ID}/status", f"/v2/requests/{ID}"
DONE = {"status": "COMPLETED", "output": "https://out.test/a.mp4", "metrics": {"total_time": 1e6}}


def _running(wire: respx.MockRouter, polls: int) -> None:
    """A job that is found COMPLETED at the poll after so many."""
    running = [httpx.Response(200, json={"status": "PROCESSING"})] * polls
    wire.get(STATUS).side_effect = [*running, httpx.Response(200, json={"status": "COMPLETED"})] * 2
    wire.get(RESULT).respond(200, json=DONE)
    wire.post("/v2/ltx-2-pro").respond(200, json={"request_id": ID})


def _submit(client: Any) -> Any:
    return client.submit("ltx-2-pro", prompt="x")


USUAL = MODELS["ltx-2-pro"].seconds


@pytest.mark.parametrize(
    ("steps", "slept"),
    [
        ([_submit, lambda job: job.wait()], [1.3, 1.6, 0.1 * USUAL, 0.1 * USUAL]),
        ([_submit, lambda job: job.wait(poll_interval=0.5)], [0.5] * 4),
        ([_submit, lambda job: job.wait(poll_interval=8)], [1.3, 8, 8, 8]),
        ([lambda client: client.job(ID, "ltx-2-pro").wait()], [1.3, 1.6, 0.1 * USUAL]),
        ([lambda client: client.job(ID).wait()], [1.3, 1.6, 0.25]),
        ([lambda client: client.job(ID).wait(poll_interval=8)], [8, 8, 8]),
    ],
)
def test_a_wait_keeps_to_the_schedule_from_the_submit_on(
    caller: Caller, wire: respx.MockRouter, steps: list[Any], slept: list[float]
) -> None:
    _running(wire, 3)
    assert caller(*steps).url == DONE["output"]
    assert caller.clock.slept == pytest.approx(slept)


def test_a_wait_that_begins_late_counts_from_the_submit(caller: Caller, wire: respx.MockRouter) -> None:
    _running(wire, 2)
    clock = caller.clock

    def later(job: Any) -> Any:
        clock.now += 1.0
        return job.wait()

    caller(_submit, later)
    assert clock.slept == pytest.approx([0.3, 1.6, 0.1 * USUAL])


@pytest.mark.parametrize(("interval", "moment", "slept"), [(None, 1.5, 1.4), (None, 2.0, 0.9), (1.0, 1.0, 1.0)])
def test_a_wait_that_begins_after_the_first_look_is_due_looks_at_once(
    caller: Caller, wire: respx.MockRouter, interval: float | None, moment: float, slept: float
) -> None:
    _running(wire, 1)
    clock = caller.clock

    def later(job: Any) -> Any:
        clock.now += moment
        return job.wait(poll_interval=interval)

    caller(_submit, later)
    assert clock.slept == pytest.approx([slept])


@pytest.mark.parametrize("timeout", [0.5, 1.3])
def test_a_wait_no_longer_than_the_first_step_looks_at_once(
    caller: Caller, wire: respx.MockRouter, timeout: float
) -> None:
    _running(wire, 1)
    error = caller.raising(ltx.WaitTimeoutError, _submit, lambda job: job.wait(timeout=timeout))
    assert caller.clock.slept == pytest.approx([timeout])
    assert (error.state, [call.request.method for call in wire.calls]) == ("PROCESSING", ["POST", "GET"])


def test_a_client_learns_from_a_job_when_to_look_at_the_next(caller: Caller, wire: respx.MockRouter) -> None:
    _running(wire, 3)
    clients: list[Any] = []

    def first(client: Any) -> Any:
        clients.append(client)
        return client.job(ID, "ltx-2-pro").wait()

    caller(first, lambda _: clients[0].job(ID, "ltx-2-pro").wait(timeout=9000))
    learned = math.sqrt(USUAL * 1e6)
    assert caller.clock.slept == pytest.approx([1.3, 1.6, 0.1 * USUAL, 1.3, 1.6, min(0.1 * learned, 30.0)])


def test_what_was_seen_of_the_model_comes_with_the_video_and_the_failure(
    caller: Caller, wire: respx.MockRouter
) -> None:
    _running(wire, 0)
    video = caller(lambda client: client.job(ID, "ltx-2-pro").wait())
    assert (video.model, video.total_time) == ("ltx-2-pro", 1e6)
    assert caller(lambda client: client.job(ID, "ltx-2-pro").result()).model == "ltx-2-pro"
    wire.get(STATUS).side_effect = None
    wire.get(STATUS).respond(422, json={"status": "FAILED", "error": "blocked"})
    error = caller.raising(ltx.JobFailedError, lambda client: client.job(ID, "ltx-2-pro").wait())
    assert (error.model, error.request_id) == ("ltx-2-pro", ID)
    assert str(error) == f"job job-1 failed: blocked. Failed jobs are not charged. (GET {STATUS})"
    wire.get(RESULT).respond(422, json={"status": "FAILED", "error": "blocked"})
    error = caller.raising(ltx.JobFailedError, lambda client: client.job(ID, "ltx-2-pro").result())
    assert (error.model, error.request_id) == ("ltx-2-pro", ID)
    assert str(error) == f"job job-1 failed: blocked. Failed jobs are not charged. (GET {RESULT})"


def test_the_deadline_bounds_the_fetch_of_the_result_as_well(caller: Caller, wire: respx.MockRouter) -> None:
    _running(wire, 0)
    wire.get(RESULT).respond(503)
    error = caller.raising(ltx.WaitTimeoutError, lambda client: client.job(ID).wait(timeout=7))
    assert [error.elapsed, caller.clock.now] == pytest.approx([7.0, 7.0])
    assert error.state == "COMPLETED"


def test_a_pause_that_ends_with_the_time_is_the_last_and_its_reason_is_told(
    caller: Caller, wire: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)
    wire.get(STATUS).respond(503)
    error = caller.raising(ltx.WaitTimeoutError, lambda client: client.job(ID).wait(timeout=0.375))
    assert "The last poll failed" in str(error)
    assert (caller.clock.slept, len(wire.calls)) == ([0.375], 1)


def _env(now: Callable[[], float] = lambda: 100.0, patience: float | None = None) -> Context:
    return Context(
        now=now,
        time=lambda: 0.0,
        random=lambda: 0.5,
        max_retries=4,
        max_submit_retries=4,
        resend_on=frozenset(),
        read_timeout=patience,
        durations={},
        journal=Journal(),
        log=logging.getLogger("segmind_ltx"),
        base_url="https://api.example.test",
    )


def test_a_call_may_take_four_times_its_silence_and_within_a_wait_what_is_left() -> None:
    prepared = prepare("ltx-video", {"prompt": "x"})
    for flow, timeout, within in [
        (wait(_env(), ID, None, timeout=12.0), 12.0, 12.0),
        (wait(_env(), ID, None, timeout=50.0), 30.0, 50.0),
        (wait(_env(), ID, None, timeout=900.0), 30.0, 120.0),
        (status(_env(), ID), 30.0, 120.0),
        (result(_env(), ID, None), 30.0, 120.0),
        (submit(_env(), prepared), 60.0, 240.0),
        (submit(_env(patience=7.0), prepared), 7.0, 28.0),
        (generate_blocking(_env(), prepared, 900.0), 900.0, 3660.0),
    ]:
        call = next(flow)
        assert isinstance(call, Call)
        assert (call.read_timeout, call.deadline) == (timeout, pytest.approx(within, abs=0.01))


def test_a_wait_of_no_time_asks_nothing() -> None:
    with pytest.raises(ltx.WaitTimeoutError) as caught:
        next(wait(_env(), ID, None, timeout=0.0))
    assert (caught.value.request_id, caught.value.state, caught.value.elapsed) == (ID, None, 0.0)


def _played(flow: Flow[Any], answers: list[Any], clock: list[float]) -> tuple[list[Effect], Any]:
    """All that a flow asks for, and what it gives."""
    effects: list[Effect] = []
    reply: Reply = None
    while True:
        try:
            effect = flow.send(reply)
        except StopIteration as stop:
            return effects, stop.value
        effects.append(effect)
        if isinstance(effect, Sleep):
            clock[0] += effect.seconds
            reply = None
        else:
            reply = Response(200, {}, json.dumps(answers.pop(0)).encode())


def test_a_job_of_many_is_submitted_and_waited_for_in_one_flow() -> None:
    told: list[Any] = []
    clock = [5000.0]
    flow = generate(
        _env(lambda: clock[0]),
        prepare("ltx-2-pro", {"prompt": "x"}),
        timeout=20.0,
        poll_interval=7.0,
        on_status=lambda seen: told.append(seen.state),
        on_accepted=told.append,
    )
    answers: list[Any] = [{"request_id": ID}, {"status": "QUEUED"}, {"status": "COMPLETED"}, DONE]
    effects, facts = _played(flow, answers, clock)
    assert [str(effect) if isinstance(effect, Call) else effect.seconds for effect in effects] == [
        "POST /v2/ltx-2-pro",
        1.3,
        f"GET {STATUS}",
        7.0,
        f"GET {STATUS}",
        f"GET {RESULT}",
    ]
    assert [effect.deadline for effect in effects if isinstance(effect, Call)] == [
        20.0,
        pytest.approx(20.0 - 1.3),
        pytest.approx(20.0 - 8.3),
        pytest.approx(20.0 - 8.3),
    ]
    assert told == [ID, "QUEUED", "COMPLETED"]
    assert (facts.request_id, facts.model) == (ID, "ltx-2-pro")
