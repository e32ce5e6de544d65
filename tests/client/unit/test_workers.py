"""Schedule tasks, limit concurrency, and keep the worker pool moving.

More than 250 lines, since the tests share one worker pool with a made-up clock.
"""

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


def test_due_queue_empty() -> None:
    """An empty queue has nothing due, now or later."""
    queue = DueQueue()
    assert queue.due(1e9) is None
    assert queue.next_in(0) is None


def test_due_queue_at_the_moment() -> None:
    """A task is due at its very time, once, and not a millisecond earlier."""
    queue, (task,) = DueQueue(), tasks(1)
    queue.add(task, 5.0)
    assert queue.due(4.999) is None
    assert queue.next_in(4.0) == 1.0
    assert queue.next_in(6.0) == 0.0
    assert queue.due(5.0) is task
    assert queue.due(5.0) is None


def test_due_queue_add_reports_earliest() -> None:
    """Adding returns True only if the task is earlier than all others."""
    queue = DueQueue()
    added = [queue.add(task, at) for task, at in zip(tasks(5), [3.0, 4.0, 3.0, 1.0, 2.0], strict=True)]
    assert added == [True, False, False, True, False]


@given(TIMES)
def test_due_queue_order(times: list[float]) -> None:
    """Tasks come out by time, and in the order of arrival if their times are equal."""
    queue = DueQueue()
    for task, at in zip(tasks(len(times)), times, strict=True):
        queue.add(task, at)
    taken: list[int] = []
    while (due := queue.due(100)) is not None:
        taken.append(due.index)
    assert taken == sorted(range(len(times)), key=lambda index: (times[index], index))


@given(TIMES, st.floats(0, 100))
def test_due_queue_before_time(times: list[float], now: float) -> None:
    """No task comes out before its time, and the next time is known."""
    queue = DueQueue()
    for task, at in zip(tasks(len(times)), times, strict=True):
        queue.add(task, at)
    taken: set[int] = set()
    while (due := queue.due(now)) is not None:
        taken.add(due.index)
    assert taken == {index for index, at in enumerate(times) if at <= now}
    later = [at - now for at in times if at > now]
    assert queue.next_in(now) == (min(later) if later else None)


def test_concurrency_warm_up() -> None:
    """The first calls are made one at a time."""
    limit = ConcurrencyLimit(100)
    for _ in range(WARM_UP_CALLS):
        assert limit.size == 1
        limit.took(10 * CPU_PER_CALL)
    assert limit.size == 11


def test_concurrency_stalled_calls() -> None:
    """Stalled calls do not count against the measured limit, only against the maximum."""
    limit = ConcurrencyLimit(4)
    for _ in range(WARM_UP_CALLS):
        limit.took(0.0)
    assert limit.allows([0.0, 0.0], now=STALLED_AFTER)
    assert not limit.allows([0.0, 0.1, 0.1], now=STALLED_AFTER)
    assert not limit.allows([0.0] * 4, now=STALLED_AFTER)


@pytest.mark.parametrize(
    ("seconds", "size"), [(0.0, 2), (CPU_PER_CALL / 2, 2), (10 * CPU_PER_CALL, 11), (0.1, 100), (60.0, 100)]
)
def test_concurrency_by_latency(seconds: float, size: int) -> None:
    """The limit grows with the latency of the server."""
    limit = ConcurrencyLimit(100)
    for _ in range(WARM_UP_CALLS):
        limit.took(seconds)
    assert limit.size == size


@given(st.integers(1, 200), st.lists(st.floats(1e-6, 100), min_size=1))
def test_concurrency_by_fastest_call(most: int, seconds: list[float]) -> None:
    """The fastest call alone sets the limit, within its bounds."""
    limit, alone = ConcurrencyLimit(most), ConcurrencyLimit(most)
    for one in seconds:
        limit.took(one)
        alone.took(min(seconds))
    assert limit.size == alone.size
    assert (1 if len(seconds) < WARM_UP_CALLS else 2) <= limit.size <= max(2, most)


def test_concurrency_zero_latency() -> None:
    """A call that takes no measurable time counts as the fastest."""
    limit = ConcurrencyLimit(100)
    for seconds in (0.0, 0.016, 0.016):
        limit.took(seconds)
    assert limit.size == 2


def _flow(*effects: float, result: VideoFacts | None = None) -> Flow[VideoFacts]:
    for seconds in effects:
        yield from sleep(seconds)
    if result is None:
        raise JobFailedError("no", request_id="r")
    return result


FACTS = VideoFacts(request_id="r", model=None, url=None)


@pytest.mark.parametrize("result", [FACTS, None])
def test_task_steps_until_end(result: VideoFacts | None) -> None:
    """A task yields its flow's effects until the flow ends, in a result or an error."""
    (task,) = tasks(1)
    assert task.ended  # It has no flow yet.
    task.flow = _flow(1.0, 2.0, result=result)
    assert [task.step(None), task.step(None)] == [Sleep(1.0), Sleep(2.0)]
    assert not task.ended
    assert task.step(None) is None
    assert task.ended
    assert task.facts is result
    assert (task.error is None) is (result is not None)


def test_task_throw() -> None:
    """An error thrown into a task reaches its flow and ends it."""
    (task,) = tasks(1)
    task.flow, error = _flow(1.0, result=FACTS), ZeroDivisionError()
    task.step(None)
    assert task.throw(error) is None
    assert (task.ended, task.error, task.facts) == (True, error, None)


def test_task_keyboard_interrupt() -> None:
    """A KeyboardInterrupt is not stored as a job's error; it propagates."""
    (task,) = tasks(1)
    task.flow = _flow(1.0, result=FACTS)
    task.step(None)
    with pytest.raises(KeyboardInterrupt):
        task.flow.throw(KeyboardInterrupt())
    assert task.error is None


def test_stalled_responses_delay_no_other_job() -> None:
    """Jobs finish even if three responses of others never arrive."""
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
"""An invalid request: its outcome comes before anything is sent."""


def worker_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "segmind-ltx crew"]


def test_nothing_sent_after_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is sent once the generator is closed."""
    about_to_send, closed, posts = threading.Event(), threading.Event(), list[str]()
    current_thread = threading.current_thread

    def current_thread_after_close() -> threading.Thread:
        # Between its last check and its call.
        about_to_send.set()
        closed.wait(5)
        return current_thread()

    def handler(request: httpx.Request) -> httpx.Response:
        posts.append(request.method)
        return httpx.Response(200, json={"request_id": "r"})

    names = {name: getattr(threading, name) for name in ("Thread", "Condition", "Lock")}
    monkeypatch.setattr(
        "segmind_ltx._many.workers.threading", SimpleNamespace(**names, current_thread=current_thread_after_close)
    )
    requests = [LtxVideoRequest(prompt="x"), WRONG]
    with Client("k", "https://api.test", transport=httpx.MockTransport(handler)) as api:
        outcomes = api.generate_many(requests)
        assert next(outcomes).index == 1
        assert about_to_send.wait(5)
        outcomes.close()
        before = list(posts)
        closed.set()
        for thread in worker_threads():
            thread.join(5)
        assert posts == before


def test_refused_submit_after_close(tmp_path: Path) -> None:
    """A submit that was only refused is recorded as refused if the run is closed."""
    pausing = threading.Event()

    class RetryHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "retry in" in record.getMessage():
                pausing.set()

    mine = logging.Logger("mine")
    mine.addHandler(RetryHandler())
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


def test_unread_outcome_named_on_close(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A finished outcome that the caller never took is named in the log on close."""
    over = threading.Event()

    class NotifyingLedger(Ledger):
        def record_end(self, request_id: str, error: BaseException) -> None:
            super().record_end(request_id, error)
            over.set()

    ledger = NotifyingLedger(tmp_path / "jobs.sqlite")
    running = httpx.MockTransport(lambda _: httpx.Response(200, json={"request_id": "job-1", "status": "PROCESSING"}))
    with Client("k", "https://api.test", transport=running, ledger=ledger) as api:
        outcomes = api.generate_many([LtxVideoRequest(prompt="x"), WRONG], timeout=0.05, poll_interval=0.02)
        assert next(outcomes).index == 1
        assert over.wait(5)
        for thread in worker_threads():  # Until the worker that has just recorded it is idle again.
            thread.join(0.1)
        outcomes.close()
    ledger.close()
    assert "job-1" in caplog.text
