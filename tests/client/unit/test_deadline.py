"""Run calls with a deadline that the caller keeps."""

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


def test_result_in_time() -> None:
    """A result that arrives before the deadline is returned."""
    assert DeadlineExecutor().run(lambda _: 7, LONG) == 7


def test_exception_in_time() -> None:
    """An exception of the work is raised to the caller."""
    with pytest.raises(ZeroDivisionError):
        DeadlineExecutor().run(lambda _: 1 // 0, LONG)


def test_system_exit_in_time() -> None:
    """Even SystemExit is raised to the caller."""

    def ends(_: Sink) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        DeadlineExecutor().run(ends, LONG)


def test_sequential_calls_share_thread() -> None:
    """One thread serves calls that follow one another."""
    executor = DeadlineExecutor()
    assert len({executor.run(_ident, LONG) for _ in range(20)} - {threading.get_ident()}) == 1


def test_overdue_call_frees_others() -> None:
    """A call past its deadline is abandoned, and the next one gets another thread."""
    executor, gate, came = DeadlineExecutor(), threading.Event(), queue.SimpleQueue[int]()

    def late(_: Sink) -> None:
        gate.wait(LONG)
        came.put(threading.get_ident())

    with pytest.raises(DeadlineExceeded):
        executor.run(late, 0.01)
    other = executor.run(_ident, LONG)
    gate.set()
    assert came.get(timeout=LONG) != other


def test_late_result_dropped() -> None:
    """A late result is never returned as the result of another call."""
    executor, gate = DeadlineExecutor(), threading.Event()
    with pytest.raises(DeadlineExceeded):
        executor.run(lambda _: gate.wait(LONG) and "late", 0.01)
    gate.set()
    assert [executor.run(lambda _: "own", LONG) for _ in range(5)] == ["own"] * 5


def test_context_variables() -> None:
    """The work sees the caller's context variables."""
    token = WORD.set("mine")
    try:
        assert DeadlineExecutor().run(lambda _: WORD.get(), LONG) == "mine"
    finally:
        WORD.reset(token)


def test_executor_after_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child starts threads of its own instead of waiting for its parent's."""
    executor = DeadlineExecutor()
    parent = executor.run(_ident, LONG)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert executor.run(_ident, LONG) != parent


def test_close_ends_threads() -> None:
    """The threads end if the executor is closed."""
    executor = DeadlineExecutor()
    thread = executor.run(lambda _: threading.current_thread(), LONG)
    executor.close()
    thread.join(LONG)
    assert not thread.is_alive()


def test_chunks_reach_callers_thread() -> None:
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


def test_sink_error_ends_work() -> None:
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


def test_abandoned_work_passes_no_chunk() -> None:
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


def test_executor_without_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system allows no thread, the work was not begun."""
    ran: list[int] = []

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(NoThreadError):
        DeadlineExecutor().run(lambda _: ran.append(1), LONG)
    assert ran == []


def test_callers_timeout_is_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal handler of the caller may raise TimeoutError while the call is under way."""

    def get(*_: object, **__: object) -> None:
        raise TimeoutError("mine")

    executor = DeadlineExecutor()
    executor.run(_ident, LONG)
    (worker,) = executor._idle  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(worker, "result", get)
    with pytest.raises(InterruptedWork) as caught:
        executor.run(_ident, LONG)
    assert repr(caught.value.interrupt) == "TimeoutError('mine')"
