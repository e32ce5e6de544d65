"""Make free calls, as flows: retries, and what a 404 means.

A 404 is temporary for a young job: not every server knows a new job at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from segmind_ltx import errors
from segmind_ltx._core import retry
from segmind_ltx._core.answers import JobState, parse_status
from segmind_ltx._core.effects import Call, Context, Flow, NoResponse, Response, describe, send, sleep
from segmind_ltx._core.journal import GONE_AFTER, RETAINED

MAX_UNEXPECTED: Final = 5
"""So many unexpected responses in a row to a poll or fetch are an error; if fewer, they may be temporary."""
MAX_REFUSALS: Final = 3
"""So many final refusals in a row end a wait: 401, 403, …, and 404 for a job whose hour is over."""

YOUNG: Final = 600.0
"""Seconds after a job's submit for which a 404 does not mean that it is gone."""


class Limits(NamedTuple):
    """Times on the clock ``Context.now``: ``submitted`` is None if it is unknown, ``deadline`` if this is no wait."""

    submitted: float | None
    deadline: float | None = None

    def may_appear(self, now: float, unknown_for: float) -> bool:
        """Whether a job that has been answered 404 for so many seconds may become known."""
        age = None if self.submitted is None else now - self.submitted
        if age is not None and (age < YOUNG or age >= RETAINED):
            return age < YOUNG
        # Its age is unknown, or between ten minutes and an hour: only a wait goes on, and not for long.
        return self.deadline is not None and unknown_for < GONE_AFTER


class DeadlinePassed(Exception):  # noqa: N818 - a signal to `wait`, which makes a WaitTimeoutError of it
    """The deadline of a wait passed. ``last_problem`` is the message of the last poll that failed, if one did."""

    def __init__(self, last_problem: str | None = None) -> None:
        super().__init__()
        self.last_problem = last_problem


def read(
    context: Context,
    call: Call,
    request_id: str,
    limits: Limits,
    parse: Callable[[Response, Call, str, float | None], JobState] = parse_status,
) -> Flow[JobState]:
    """Make a free call until ``parse`` accepts the response.

    Without a deadline there are at most ``max_retries`` retries, and only of temporary failures. A wait goes on until
    its deadline, or until the service refuses, or sends what nobody can read, too often in a row.
    """
    deadline = limits.deadline
    attempt = unexpected = refusals = 0
    unknown_since: float | None = None
    while True:
        outcome = yield from send(_limit_to_deadline(call, context, deadline))
        problem: errors.SegmindLtxError
        retryable = retry.may_repeat_read(outcome)
        before, unexpected = unexpected, 0
        if isinstance(outcome, NoResponse):
            problem = errors.APIConnectionError(f"{call} got no response: {outcome.reason}", request_id=request_id)
        else:
            try:
                return parse(outcome, call, request_id, context.time())
            except errors.UnexpectedResponseError as error:
                problem, retryable = error, True
                # If the body was truncated, blame the connection, not the service; only whole bodies count.
                unexpected = before + 1 if outcome.truncated is None else 0
            except errors.APIStatusError as error:
                problem = error
        if isinstance(problem, errors.NotFoundError):
            now = context.now()
            unknown_since = now if unknown_since is None else unknown_since
            problem.unknown_for = now - unknown_since
            retryable = limits.may_appear(now, problem.unknown_for)
        else:
            unknown_since = None
        refusals = 0 if retryable else refusals + 1
        attempt += 1
        if deadline is None:
            give_up = attempt > context.max_retries or not retryable
        else:
            give_up = isinstance(problem, errors.NotFoundError) and problem.unknown_for >= GONE_AFTER and not retryable
        if give_up or refusals >= MAX_REFUSALS or unexpected >= MAX_UNEXPECTED:
            raise problem
        delay = retry.delay_before(attempt, outcome, time=context.time(), random=context.random())
        context.log.warning("job %s: %s: %s; retry in %.1f s", request_id, call, describe(outcome), delay)
        yield from sleep_within(context, delay, deadline, str(problem))


def _limit_to_deadline(call: Call, context: Context, deadline: float | None) -> Call:
    """Return the call with its times limited to the time left. Raises `DeadlinePassed` if none is left."""
    if deadline is None:
        return call
    remaining = deadline - context.now()
    if remaining <= 0:
        raise DeadlinePassed
    return call._replace(read_timeout=min(call.read_timeout, remaining), deadline=min(call.limit, remaining))


def sleep_within(
    context: Context, seconds: float, deadline: float | None, last_problem: str | None = None
) -> Flow[None]:
    """Sleep, but not beyond the deadline. Raises `DeadlinePassed` if that is reached."""
    if deadline is None:
        yield from sleep(seconds)
        return
    remaining = deadline - context.now()
    yield from sleep(min(seconds, remaining))
    if seconds >= remaining:
        raise DeadlinePassed(last_problem)
