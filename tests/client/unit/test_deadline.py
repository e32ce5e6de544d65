"""Run calls with a deadline that the caller keeps."""

from __future__ import annotations

import contextvars
import os
import queue
import threading

import pytest

from segmind_ltx._http.deadline import DeadlineExecutor

WORD: contextvars.ContextVar[str] = contextvars.ContextVar("WORD", default="none")
LONG = 30.0


def test_result_in_time() -> None:
    """A result that arrives before the deadline is returned."""
    assert DeadlineExecutor().run(lambda: 7, LONG) == 7


def test_exception_in_time() -> None:
    """An exception of the work is raised to the caller."""
    with pytest.raises(ZeroDivisionError):
        DeadlineExecutor().run(lambda: 1 // 0, LONG)


def test_system_exit_in_time() -> None:
    """Even SystemExit is raised to the caller."""

    def ends() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        DeadlineExecutor().run(ends, LONG)


def test_sequential_calls_share_thread() -> None:
    """One thread serves calls that follow one another."""
    executor = DeadlineExecutor()
    assert len({executor.run(threading.get_ident, LONG) for _ in range(20)} - {threading.get_ident()}) == 1


def test_overdue_call_frees_others() -> None:
    """A call past its deadline is abandoned, and the next one gets another thread."""
    executor, gate, came = DeadlineExecutor(), threading.Event(), queue.SimpleQueue[int]()

    def late() -> None:
        gate.wait(LONG)
        came.put(threading.get_ident())

    with pytest.raises(TimeoutError):
        executor.run(late, 0.01)
    other = executor.run(threading.get_ident, LONG)
    gate.set()
    assert came.get(timeout=LONG) != other


def test_late_result_dropped() -> None:
    """A late result is never returned as the result of another call."""
    executor, gate = DeadlineExecutor(), threading.Event()
    with pytest.raises(TimeoutError):
        executor.run(lambda: gate.wait(LONG) and "late", 0.01)
    gate.set()
    assert [executor.run(lambda: "own", LONG) for _ in range(5)] == ["own"] * 5


def test_context_variables() -> None:
    """The work sees the caller's context variables."""
    token = WORD.set("mine")
    try:
        assert DeadlineExecutor().run(WORD.get, LONG) == "mine"
    finally:
        WORD.reset(token)


def test_executor_after_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child starts threads of its own instead of waiting for its parent's."""
    executor = DeadlineExecutor()
    parent = executor.run(threading.get_ident, LONG)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert executor.run(threading.get_ident, LONG) != parent


def test_close_ends_threads() -> None:
    """The threads end if the executor is closed."""
    executor = DeadlineExecutor()
    thread = executor.run(threading.current_thread, LONG)
    executor.close()
    thread.join(LONG)
    assert not thread.is_alive()
