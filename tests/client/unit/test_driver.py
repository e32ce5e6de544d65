"""What a driver does with the ends of one call: given up, interrupted, late, or failed in the transport."""

# These are tests of one class from within.
# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

import segmind_ltx as ltx
from segmind_ltx._core.effects import Call, InterruptedCall, NoResponse, Response
from segmind_ltx._http.attempt import AbandonedCallError, Attempt
from segmind_ltx._http.base_driver import GRACE, NoHTTPResponseError
from segmind_ltx._http.deadline import DeadlineExceeded, InterruptedWork, NoThreadError
from segmind_ltx._http.driver import LATE_LIMIT, Driver
from support.clocks import FakeClock

OK = Response(200, {}, b"{}")
LATE = Call("POST", "/v2/ltx-video", 1.0, on_late=lambda _: None)
FREE = Call("GET", "/v2/requests/a/status", 1.0, deadline=3.0)


@pytest.fixture
def driver() -> Iterator[Driver]:
    client = ltx.Client("SG_0123456789abcdef", "https://api.example.test", clock=FakeClock())
    driver = client._driver
    executor = driver._executor
    with client:
        yield driver
        driver._executor = executor


class Executor:
    """Takes the place of the executor: notes how it was asked, and ends with ``end``."""

    def __init__(self, end: Response | BaseException) -> None:
        self.end = end
        self.asked: dict[str, Any] = {}

    def run(self, work: Callable[..., Any], limit: float, **options: Any) -> Response:
        self.asked = {"work": work, "limit": limit, **options}
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end


def call(driver: Driver, one: Call, end: Response | BaseException) -> tuple[Any, Executor, list[Attempt]]:
    executor, given_up = Executor(end), list[Attempt]()
    vars(driver)["_executor"] = executor
    try:
        reply: Any = driver._call_with_deadline(one, given_up)
    except BaseException as error:
        reply = error
    return reply, executor, given_up


@pytest.mark.parametrize(("one", "grace"), [(LATE, GRACE), (FREE, 0.0)], ids=["paid", "free"])
def test_call_has_its_limit_and_grace(driver: Driver, one: Call, grace: float) -> None:
    """The deadline bounds it; an interrupt waits for the response to a paid call alone."""
    reply, executor, given_up = call(driver, one, OK)
    assert (reply, given_up) == (OK, [])
    assert (executor.asked["limit"], executor.asked["grace"]) == (one.limit, grace)
    stopped = executor.asked["stop"]()
    assert stopped == (NoResponse("it was interrupted before that", sent=False) if one is LATE else None)


def test_call_passes_chunks_to_the_sink(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download's chunks go through the executor to the sink of its call; a call without one has no use for them."""
    made: list[Call] = []

    def make(_: Driver, one: Call, attempt: Attempt) -> Response:
        made.append(attempt.call and one)
        return OK

    monkeypatch.setattr(Driver, "call", make)
    taken: list[bytes] = []
    download = Call("GET", "https://out.test/a.mp4", 1.0, sink=lambda chunk, _: taken.append(chunk))
    _, executor, _ = call(driver, download, OK)
    executor.asked["sink"](b"ab", 2)
    assert taken == [b"ab"]
    assert executor.asked["work"](print) == OK
    assert made[-1] == download._replace(sink=print)
    _, executor, _ = call(driver, FREE, OK)
    assert executor.asked["work"](print) == OK
    assert made[-1] == FREE


def test_call_without_a_thread_is_not_sent(driver: Driver) -> None:
    """If the system allows no further thread, the reason is said."""
    reply, _, given_up = call(driver, LATE, NoThreadError("no thread could be started"))
    assert reply == NoResponse("no thread could be started", sent=False)
    assert given_up == []


@pytest.mark.parametrize("one", [LATE, FREE], ids=["paid", "free"])
def test_call_past_its_deadline_is_given_up(driver: Driver, one: Call) -> None:
    """It is cut off later if it still runs; whoever waits for a late response hears of it."""
    reply, _, given_up = call(driver, one, DeadlineExceeded())
    assert isinstance(reply, NoResponse)
    assert not reply.sent
    assert f"{one.limit} s" in reply.reason
    assert [attempt.call for attempt in given_up] == ([LATE] if one is LATE else [])
    (late,) = driver._late
    assert late.attempt.call is one


@pytest.mark.parametrize(
    ("result", "reply"), [(OK, OK), (None, NoResponse("it was interrupted", sent=False))], ids=["late", "none"]
)
def test_interrupted_paid_call_keeps_its_reply(
    driver: Driver, result: Response | None, reply: Response | NoResponse
) -> None:
    """The flow gets what arrived within the grace, then the interrupt goes on."""
    interrupt = KeyboardInterrupt()
    ended, _, given_up = call(driver, LATE, InterruptedWork(interrupt, result))
    assert isinstance(ended, InterruptedCall)
    assert (ended.interrupt, ended.reply) == (interrupt, reply)
    assert [attempt.call for attempt in given_up] == [LATE]


def test_interrupted_free_call_just_ends(driver: Driver) -> None:
    """Nobody needs its response."""
    interrupt = KeyboardInterrupt()
    ended, _, given_up = call(driver, FREE, InterruptedWork(interrupt, None))
    assert ended is interrupt
    assert given_up == []
    assert len(driver._late) == 1


def test_late_call_is_cut_off_after_its_limit(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A given-up call may take so long to answer; then, or once it has ended, its connection is shut down."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    cut: list[str] = []
    monkeypatch.setattr(Attempt, "cut", lambda self: cut.append(self.call.path))
    for path in ("/slow", "/done"):
        call(driver, Call("POST", path, 1.0), DeadlineExceeded())
    slow, done = driver._late
    done.attempt.finish(OK)
    driver._cut_off_late()
    assert (cut, driver._late) == (["/done"], [slow])
    now += LATE_LIMIT
    driver._cut_off_late()
    assert cut == ["/done"]
    now += 0.5
    call(driver, FREE, OK)  # The next call does it.
    assert (cut, driver._late) == (["/done", "/slow"], [])


@pytest.mark.parametrize("sent", [None, False, True])
def test_failure_says_what_was_sent(driver: Driver, sent: bool | None) -> None:
    """What the trace saw counts more than the kind of exception, which says of a failed connection that none was."""
    attempt = driver.attempt(LATE)
    if sent is not False:
        attempt.hand_over()
    if sent is not None:
        attempt._traced, attempt._sent = True, sent
    reads, connects = (driver._failure(kind("x"), attempt) for kind in (httpx.ReadError, httpx.ConnectError))
    assert reads == NoResponse("ReadError: x", sent=sent is not False)
    assert connects == NoResponse("ConnectError: x", sent=sent is True)
    odd = driver._failure(NoHTTPResponseError("a Mock"), attempt)
    assert odd == NoResponse("the transport returned a Mock, not an httpx.Response", sent=sent is not False)


def test_failure_of_an_abandoned_call(driver: Driver) -> None:
    """It was stopped before its first byte."""
    failure = driver._failure(AbandonedCallError(), driver.attempt(LATE))
    assert failure == NoResponse("it was given up, or the client was closed, before that", sent=False)


@pytest.mark.parametrize("error", [ltx.ConfigurationError("wrong"), MemoryError()])
def test_failure_that_is_no_failure_of_the_call(driver: Driver, error: Exception) -> None:
    """The client's own exceptions go on as they are."""
    with pytest.raises(type(error)) as caught:
        driver._failure(error, driver.attempt(LATE))
    assert caught.value is error
