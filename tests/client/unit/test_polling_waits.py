"""Follow the schedule of polls in a wait, up to its deadline."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
import math
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx._core.effects import Call, Effect, Flow, Reply, Response, Sleep
from segmind_ltx._core.parameters import prepare
from segmind_ltx._core.submit import generate_blocking, submit
from segmind_ltx._core.wait import generate, result, status, wait
from segmind_ltx_api.contract import MODELS
from support.callers import Caller
from support.contexts import flow_context

ID = "job-1"
STATUS, RESULT = f"/v2/requests/{ID}/status", f"/v2/requests/{ID}"
DONE = {"status": "COMPLETED", "output": "https://out.test/a.mp4", "metrics": {"total_time": 1e6}}


def _running(wire: respx.MockRouter, polls: int) -> None:
    """Answer with a job that is COMPLETED after so many polls."""
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
def test_wait_follows_schedule(caller: Caller, wire: respx.MockRouter, steps: list[Any], slept: list[float]) -> None:
    """A wait follows the schedule from the submit on."""
    _running(wire, 3)
    assert caller(*steps).url == DONE["output"]
    assert caller.clock.slept == pytest.approx(slept)


def test_late_wait_counts_from_submit(caller: Caller, wire: respx.MockRouter) -> None:
    """A wait that begins late still counts from the submit."""
    _running(wire, 2)
    clock = caller.clock

    def later(job: Any) -> Any:
        clock.now += 1.0
        return job.wait()

    caller(_submit, later)
    assert clock.slept == pytest.approx([0.3, 1.6, 0.1 * USUAL])


@pytest.mark.parametrize(("interval", "moment", "slept"), [(None, 1.5, 1.4), (None, 2.0, 0.9), (1.0, 1.0, 1.0)])
def test_late_wait_polls_at_once(
    caller: Caller, wire: respx.MockRouter, interval: float | None, moment: float, slept: float
) -> None:
    """A wait polls at once if the first poll is already due."""
    _running(wire, 1)
    clock = caller.clock

    def later(job: Any) -> Any:
        clock.now += moment
        return job.wait(poll_interval=interval)

    caller(_submit, later)
    assert clock.slept == pytest.approx([slept])


@pytest.mark.parametrize("timeout", [0.5, 1.3])
def test_short_wait_polls_at_once(caller: Caller, wire: respx.MockRouter, timeout: float) -> None:
    """A wait polls at once if it is no longer than the first step."""
    _running(wire, 1)
    error = caller.raising(ltx.WaitTimeoutError, _submit, lambda job: job.wait(timeout=timeout))
    assert caller.clock.slept == pytest.approx([timeout])
    assert (error.state, [call.request.method for call in wire.calls]) == ("PROCESSING", ["POST", "GET"])


def test_client_learns_duration(caller: Caller, wire: respx.MockRouter) -> None:
    """A client polls the next job of a model by the duration of the last."""
    _running(wire, 3)
    clients: list[Any] = []

    def first(client: Any) -> Any:
        clients.append(client)
        return client.job(ID, "ltx-2-pro").wait()

    caller(first, lambda _: clients[0].job(ID, "ltx-2-pro").wait(timeout=9000))
    learned = math.sqrt(USUAL * 1e6)
    assert caller.clock.slept == pytest.approx([1.3, 1.6, 0.1 * USUAL, 1.3, 1.6, min(0.1 * learned, 30.0)])


def test_model_in_video_and_error(caller: Caller, wire: respx.MockRouter) -> None:
    """A video and a failure both carry the model."""
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


def test_deadline_bounds_fetch(caller: Caller, wire: respx.MockRouter) -> None:
    """The deadline also bounds the fetch of the result."""
    _running(wire, 0)
    wire.get(RESULT).respond(503)
    error = caller.raising(ltx.WaitTimeoutError, lambda client: client.job(ID).wait(timeout=7))
    assert [error.elapsed, caller.clock.now] == pytest.approx([7.0, 7.0])
    assert error.state == "COMPLETED"


def test_sleep_until_deadline_is_last(caller: Caller, wire: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sleep that ends at the deadline is the last, and the error gives its reason."""
    monkeypatch.setattr("random.random", lambda: 0.5)
    wire.get(STATUS).respond(503)
    error = caller.raising(ltx.WaitTimeoutError, lambda client: client.job(ID).wait(timeout=0.375))
    assert "The last poll failed" in str(error)
    assert (caller.clock.slept, len(wire.calls)) == ([0.375], 1)


def test_call_deadlines() -> None:
    """A call may take four times its read timeout, but in a wait no more than the time left."""
    prepared = prepare("ltx-video", {"prompt": "x"})
    for flow, timeout, within in [
        (wait(flow_context(), ID, None, timeout=12.0), 12.0, 12.0),
        (wait(flow_context(), ID, None, timeout=50.0), 30.0, 50.0),
        (wait(flow_context(), ID, None, timeout=900.0), 30.0, 120.0),
        (status(flow_context(), ID), 30.0, 120.0),
        (result(flow_context(), ID, None), 30.0, 120.0),
        (submit(flow_context(), prepared), 60.0, 240.0),
        (submit(flow_context(read_timeout=7.0), prepared), 7.0, 28.0),
        (generate_blocking(flow_context(), prepared, 900.0), 900.0, 3660.0),
    ]:
        call = next(flow)
        assert isinstance(call, Call)
        assert call.read_timeout == timeout
        assert call.deadline == pytest.approx(within, abs=0.01)


def test_wait_without_time() -> None:
    """A wait of zero seconds sends nothing."""
    with pytest.raises(ltx.WaitTimeoutError) as caught:
        next(wait(flow_context(), ID, None, timeout=0.0))
    assert (caught.value.request_id, caught.value.state, caught.value.elapsed) == (ID, None, 0.0)


def _run(flow: Flow[Any], answers: list[Any], clock: list[float]) -> tuple[list[Effect], Any]:
    """Run a flow on these responses; return its effects and its result."""
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


def test_generate_flow() -> None:
    """One flow submits a job, waits for it and fetches its result."""
    told: list[Any] = []
    clock = [5000.0]
    flow = generate(
        flow_context(lambda: clock[0]),
        prepare("ltx-2-pro", {"prompt": "x"}),
        timeout=20.0,
        poll_interval=7.0,
        on_status=lambda seen: told.append(seen.state),
        on_accepted=told.append,
    )
    answers: list[Any] = [{"request_id": ID}, {"status": "QUEUED"}, {"status": "COMPLETED"}, DONE]
    effects, facts = _run(flow, answers, clock)
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
