"""Work that its caller can stop waiting for."""

from __future__ import annotations

import contextvars
import os
import queue
import threading

import pytest

from segmind_ltx._core.effects import Sink
from segmind_ltx._http.deadline import DeadlineExceeded, DeadlineExecutor, InterruptedWork, NoThreadError

WORD: contextvars.ContextVar[str] = contextvars.ContextVar("WORD", default="none")
LONG = 30.0


def _ident(_: Sink) -> int:
    return threading.get_ident()


def test_what_comes_in_time_is_given() -> None:
    assert DeadlineExecutor().run(lambda _: 7, LONG) == 7


def test_what_it_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        DeadlineExecutor().run(lambda _: 1 // 0, LONG)


def test_what_ends_the_program_comes_through_as_well() -> None:
    def ends(_: Sink) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        DeadlineExecutor().run(ends, LONG)


def test_one_thread_does_for_work_that_comes_one_after_another() -> None:
    bounded = DeadlineExecutor()
    assert len({bounded.run(_ident, LONG) for _ in range(20)} - {threading.get_ident()}) == 1


def test_work_that_takes_too_long_is_left_alone_and_others_go_on() -> None:
    bounded, gate, came = DeadlineExecutor(), threading.Event(), queue.SimpleQueue[int]()

    def late(_: Sink) -> None:
        gate.wait(LONG)
        came.put(threading.get_ident())

    with pytest.raises(DeadlineExceeded):
        bounded.run(late, 0.01)
    other = bounded.run(_ident, LONG)
    gate.set()
    assert came.get(timeout=LONG) != other


def test_what_comes_late_is_never_taken_for_the_answer_to_something_else() -> None:
    bounded, gate = DeadlineExecutor(), threading.Event()
    with pytest.raises(DeadlineExceeded):
        bounded.run(lambda _: gate.wait(LONG) and "late", 0.01)
    gate.set()
    assert [bounded.run(lambda _: "own", LONG) for _ in range(5)] == ["own"] * 5


def test_the_callers_context_goes_along() -> None:
    token = WORD.set("mine")
    try:
        assert DeadlineExecutor().run(lambda _: WORD.get(), LONG) == "mine"
    finally:
        WORD.reset(token)


def test_a_child_process_does_not_wait_for_threads_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded = DeadlineExecutor()
    parent = bounded.run(_ident, LONG)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert bounded.run(_ident, LONG) != parent


def test_closing_lets_its_threads_end() -> None:
    bounded = DeadlineExecutor()
    thread = bounded.run(lambda _: threading.current_thread(), LONG)
    bounded.close()
    thread.join(LONG)
    assert not thread.is_alive()


def test_chunks_are_taken_in_the_callers_thread() -> None:
    """A progress bar or a file is used by the thread that called, and each chunk renews the deadline."""
    taken: list[tuple[int, bytes, int | None]] = []

    def send(pass_on: Sink) -> str:
        for chunk in (b"a", b"b"):
            pass_on(chunk, 2)
        return "done"

    def take(chunk: bytes, total: int | None) -> None:
        taken.append((threading.get_ident(), chunk, total))

    assert DeadlineExecutor().run(send, LONG, sink=take) == "done"
    assert taken == [(threading.get_ident(), b"a", 2), (threading.get_ident(), b"b", 2)]


def test_an_error_of_the_sink_ends_the_work() -> None:
    """The worker gets the exception, so that it can close the connection, and the caller gets it back."""
    seen: list[BaseException] = []

    def send(pass_on: Sink) -> None:
        try:
            pass_on(b"a", None)
        except BaseException as error:
            seen.append(error)
            raise

    def take(_chunk: bytes, _total: int | None) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        DeadlineExecutor().run(send, LONG, sink=take)
    assert [type(error) for error in seen] == [ZeroDivisionError]


def test_work_that_was_given_up_passes_no_chunk_on() -> None:
    """After the deadline nothing more reaches the sink of a call."""
    gate, ended = threading.Event(), queue.SimpleQueue[str]()
    taken: list[bytes] = []

    def send(pass_on: Sink) -> None:
        gate.wait(LONG)
        try:
            pass_on(b"late", None)
        except BaseException as error:
            ended.put(type(error).__name__)
            raise

    with pytest.raises(DeadlineExceeded):
        DeadlineExecutor().run(send, 0.01, sink=lambda chunk, _: taken.append(chunk))
    gate.set()
    assert ended.get(timeout=LONG) == "_Stopped"
    assert taken == []


def test_no_thread_means_that_nothing_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system allows no thread, the work was not begun."""
    ran: list[int] = []

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(NoThreadError):
        DeadlineExecutor().run(lambda _: ran.append(1), LONG)
    assert ran == []


def test_a_timeout_of_the_caller_is_not_taken_for_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal handler of the caller may raise TimeoutError while the call is under way."""

    def get(*_: object, **__: object) -> None:
        raise TimeoutError("mine")

    bounded = DeadlineExecutor()
    bounded.run(_ident, LONG)
    (worker,) = bounded._idle  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(worker, "result", get)
    with pytest.raises(InterruptedWork) as caught:
        bounded.run(_ident, LONG)
    assert repr(caught.value.interrupt) == "TimeoutError('mine')"
