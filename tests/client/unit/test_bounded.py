"""Work that its caller can stop waiting for."""

from __future__ import annotations

import contextvars
import os
import queue
import threading

import pytest

from segmind_ltx._http.deadline import DeadlineExecutor

WORD: contextvars.ContextVar[str] = contextvars.ContextVar("WORD", default="none")
LONG = 30.0


def test_what_comes_in_time_is_given() -> None:
    assert DeadlineExecutor().run(lambda: 7, LONG) == 7


def test_what_it_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        DeadlineExecutor().run(lambda: 1 // 0, LONG)


def test_what_ends_the_program_comes_through_as_well() -> None:
    def ends() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        DeadlineExecutor().run(ends, LONG)


def test_one_thread_does_for_work_that_comes_one_after_another() -> None:
    bounded = DeadlineExecutor()
    assert len({bounded.run(threading.get_ident, LONG) for _ in range(20)} - {threading.get_ident()}) == 1


def test_work_that_takes_too_long_is_left_alone_and_others_go_on() -> None:
    bounded, gate, came = DeadlineExecutor(), threading.Event(), queue.SimpleQueue[int]()

    def late() -> None:
        gate.wait(LONG)
        came.put(threading.get_ident())

    with pytest.raises(TimeoutError):
        bounded.run(late, 0.01)
    other = bounded.run(threading.get_ident, LONG)
    gate.set()
    assert came.get(timeout=LONG) != other


def test_what_comes_late_is_never_taken_for_the_answer_to_something_else() -> None:
    bounded, gate = DeadlineExecutor(), threading.Event()
    with pytest.raises(TimeoutError):
        bounded.run(lambda: gate.wait(LONG) and "late", 0.01)
    gate.set()
    assert [bounded.run(lambda: "own", LONG) for _ in range(5)] == ["own"] * 5


def test_the_callers_context_goes_along() -> None:
    token = WORD.set("mine")
    try:
        assert DeadlineExecutor().run(WORD.get, LONG) == "mine"
    finally:
        WORD.reset(token)


def test_a_child_process_does_not_wait_for_threads_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded = DeadlineExecutor()
    parent = bounded.run(threading.get_ident, LONG)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert bounded.run(threading.get_ident, LONG) != parent


def test_closing_lets_its_threads_end() -> None:
    bounded = DeadlineExecutor()
    thread = bounded.run(threading.current_thread, LONG)
    bounded.close()
    thread.join(LONG)
    assert not thread.is_alive()
