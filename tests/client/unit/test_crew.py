"""Who goes on when, how many calls are worth having under way, and a crew that nothing holds up."""

from __future__ import annotations

import gc
import itertools
import logging
import threading
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_ltx import Client, JobFailedError
from segmind_ltx._core.effects import Flow, Sleep, sleep
from segmind_ltx._core.results import VideoFacts
from segmind_ltx._many.scheduler import CPU_PER_CALL, STALLED_AFTER, WARM_UP_CALLS, ConcurrencyLimit, DueQueue, JobTask
from segmind_ltx.ledger import Ledger
from segmind_ltx_api.models.ltx_video_request import LtxVideoRequest

TIMES = st.lists(st.floats(0, 100, allow_nan=False), max_size=30)


def tasks(count: int) -> list[JobTask]:
    return [JobTask(index, None) for index in range(count)]


def test_an_empty_agenda_has_nothing_due() -> None:
    agenda = DueQueue()
    assert agenda.due(1e9) is None
    assert agenda.next_in(0) is None


def test_what_is_due_at_that_very_moment_is_due() -> None:
    agenda, (task,) = DueQueue(), tasks(1)
    agenda.add(task, 5.0)
    assert agenda.due(4.999) is None
    assert agenda.next_in(4.0) == 1.0
    assert agenda.next_in(6.0) == 0.0
    assert agenda.due(5.0) is task
    assert agenda.due(5.0) is None


def test_only_what_is_earlier_than_all_others_is_told_to_be() -> None:
    agenda = DueQueue()
    added = [agenda.add(task, at) for task, at in zip(tasks(5), [3.0, 4.0, 3.0, 1.0, 2.0], strict=True)]
    assert added == [True, False, False, True, False]


@given(TIMES)
def test_tasks_go_on_in_the_order_of_their_times_and_then_as_they_came(times: list[float]) -> None:
    agenda = DueQueue()
    for task, at in zip(tasks(len(times)), times, strict=True):
        agenda.add(task, at)
    taken: list[int] = []
    while (due := agenda.due(100)) is not None:
        taken.append(due.index)
    assert taken == sorted(range(len(times)), key=lambda index: (times[index], index))


@given(TIMES, st.floats(0, 100))
def test_nothing_goes_on_before_its_time(times: list[float], now: float) -> None:
    agenda = DueQueue()
    for task, at in zip(tasks(len(times)), times, strict=True):
        agenda.add(task, at)
    taken: set[int] = set()
    while (due := agenda.due(now)) is not None:
        taken.add(due.index)
    assert taken == {index for index, at in enumerate(times) if at <= now}
    later = [at - now for at in times if at > now]
    assert agenda.next_in(now) == (min(later) if later else None)


def test_the_first_calls_are_made_one_by_one() -> None:
    pace = ConcurrencyLimit(100)
    for _ in range(WARM_UP_CALLS):
        assert pace.size == 1
        pace.took(10 * CPU_PER_CALL)
    assert pace.size == 11


def test_calls_that_hang_do_not_count_but_for_the_utmost() -> None:
    pace = ConcurrencyLimit(4)
    for _ in range(WARM_UP_CALLS):
        pace.took(0.0)
    assert pace.allows([0.0, 0.0], now=STALLED_AFTER)
    assert not pace.allows([0.0, 0.1, 0.1], now=STALLED_AFTER)
    assert not pace.allows([0.0] * 4, now=STALLED_AFTER)


@pytest.mark.parametrize(
    ("seconds", "size"), [(0.0, 2), (CPU_PER_CALL / 2, 2), (10 * CPU_PER_CALL, 11), (0.1, 100), (60.0, 100)]
)
def test_the_further_away_a_server_is_the_more_calls_are_worth_it(seconds: float, size: int) -> None:
    pace = ConcurrencyLimit(100)
    for _ in range(WARM_UP_CALLS):
        pace.took(seconds)
    assert pace.size == size


@given(st.integers(1, 200), st.lists(st.floats(1e-6, 100), min_size=1))
def test_the_fastest_call_tells_how_far_it_is_and_the_bounds_hold(most: int, seconds: list[float]) -> None:
    pace, alone = ConcurrencyLimit(most), ConcurrencyLimit(most)
    for one in seconds:
        pace.took(one)
        alone.took(min(seconds))
    assert pace.size == alone.size
    assert (1 if len(seconds) < WARM_UP_CALLS else 2) <= pace.size <= max(2, most)


def test_a_call_faster_than_the_clock_is_the_fastest() -> None:
    pace = ConcurrencyLimit(100)
    for seconds in (0.0, 0.016, 0.016):
        pace.took(seconds)
    assert pace.size == 2


def _flow(*effects: float, result: VideoFacts | None = None) -> Flow[VideoFacts]:
    for seconds in effects:
        yield from sleep(seconds)
    if result is None:
        raise JobFailedError("no", request_id="r")
    return result


FACTS = VideoFacts(request_id="r", model=None, url=None)


@pytest.mark.parametrize("result", [FACTS, None])
def test_a_task_gives_what_is_to_be_done_until_it_has_ended(result: VideoFacts | None) -> None:
    (task,) = tasks(1)
    assert task.ended  # There is nothing to do yet.
    task.flow = _flow(1.0, 2.0, result=result)
    assert [task.step(None), task.step(None)] == [Sleep(1.0), Sleep(2.0)]
    assert not task.ended
    assert task.step(None) is None
    assert task.ended
    assert task.facts is result
    assert (task.error is None) is (result is not None)


def test_a_task_passes_an_error_on_to_its_flow() -> None:
    (task,) = tasks(1)
    task.flow, error = _flow(1.0, result=FACTS), ZeroDivisionError()
    task.step(None)
    assert task.throw(error) is None
    assert (task.ended, task.error, task.facts) == (True, error, None)


def test_what_is_no_error_of_a_job_ends_more_than_the_job() -> None:
    (task,) = tasks(1)
    task.flow = _flow(1.0, result=FACTS)
    task.step(None)
    with pytest.raises(KeyboardInterrupt):
        task.flow.throw(KeyboardInterrupt())
    assert task.error is None


def test_answers_that_do_not_come_do_not_hold_up_the_others() -> None:
    others, ids = threading.Event(), itertools.count()
    stuck = {"job-0", "job-1", "job-2"}

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"request_id": f"job-{next(ids)}"})
        if request.url.path.split("/")[3] in stuck:
            others.wait(3)
        return httpx.Response(422, json={"status": "FAILED", "error": "no"})

    requests = [LtxVideoRequest(prompt="x") for _ in range(12)]
    seen: list[str | None] = []
    with Client("k", "https://api.test", transport=httpx.MockTransport(handler)) as api:
        for outcome in api.generate_many(requests, concurrency=12, poll_interval=0.02):
            seen.append(outcome.request_id)
            if len(seen) == 9:
                others.set()
    assert stuck.isdisjoint(seen[:9])


WRONG = LtxVideoRequest(prompt="x", steps=1000)
"""A request that is handed over as an outcome before anything is sent for it."""


def crew() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "segmind-ltx worker"]


def test_after_a_stop_nothing_leaves_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    about_to_send, closed, posts = threading.Event(), threading.Event(), list[str]()
    current_thread = threading.current_thread

    def held_up() -> threading.Thread:
        # Between its last look and its call.
        about_to_send.set()
        closed.wait(5)
        return current_thread()

    def handler(request: httpx.Request) -> httpx.Response:
        posts.append(request.method)
        return httpx.Response(200, json={"request_id": "r"})

    names = {name: getattr(threading, name) for name in ("Thread", "Condition", "Lock")}
    monkeypatch.setattr("segmind_ltx._many.workers.threading", SimpleNamespace(**names, current_thread=held_up))
    requests = [LtxVideoRequest(prompt="x"), WRONG]
    with Client("k", "https://api.test", transport=httpx.MockTransport(handler)) as api:
        outcomes = api.generate_many(requests)
        assert next(outcomes).index == 1
        assert about_to_send.wait(5)
        outcomes.close()
        before = list(posts)
        closed.set()
        for thread in crew():
            thread.join(5)
        assert posts == before


def test_a_submit_that_was_refused_so_far_is_not_ambiguous_after_a_stop(tmp_path: Path) -> None:
    pausing = threading.Event()

    class DurationStats(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "retry in" in record.getMessage():
                pausing.set()

    mine = logging.Logger("mine")
    mine.addHandler(DurationStats())
    ledger = Ledger(tmp_path / "jobs.sqlite")
    busy = httpx.MockTransport(lambda _: httpx.Response(429))
    with Client("k", "https://api.test", transport=busy, ledger=ledger, logger=mine) as api:
        outcomes = api.generate_many([LtxVideoRequest(prompt="x"), WRONG])
        assert next(outcomes).index == 1
        assert pausing.wait(5)
        outcomes.close()
        del outcomes
        gc.collect()
    states = [entry.state for entry in ledger.entries()]
    ledger.close()
    assert states == ["refused"]


def test_a_job_whose_wait_ended_in_time_is_named_where_it_is_not_handed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    over = threading.Event()

    class Told(Ledger):
        def record_end(self, request_id: str, error: BaseException) -> None:
            super().record_end(request_id, error)
            over.set()

    ledger = Told(tmp_path / "jobs.sqlite")
    running = httpx.MockTransport(lambda _: httpx.Response(200, json={"request_id": "job-1", "status": "PROCESSING"}))
    with Client("k", "https://api.test", transport=running, ledger=ledger) as api:
        outcomes = api.generate_many([LtxVideoRequest(prompt="x"), WRONG], timeout=0.05, poll_interval=0.02)
        assert next(outcomes).index == 1
        assert over.wait(5)
        for thread in crew():  # Until the one that has just told of it is idle again.
            thread.join(0.1)
        outcomes.close()
    ledger.close()
    assert "job-1" in caplog.text
