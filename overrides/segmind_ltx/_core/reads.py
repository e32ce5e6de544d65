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
from segmind_ltx._core.journal import RETAINED, UNKNOWN_FOR

MAX_UNEXPECTED: Final = 5
"""So many unexpected responses in a row to a poll or fetch are an error; if fewer, they may be temporary."""
MAX_REFUSED: Final = 3
"""So many refusals in a row (401, 403, …) end a wait; for a 404 see `_core.journal.UNKNOWN_FOR`."""

YOUNG: Final = 600.0
"""Seconds after a job's submit for which a 404 does not mean that it is gone."""


class Limits(NamedTuple):
    """The time of a job's submit, if known, and the deadline of a wait, else None; on the clock ``Context.now``."""

    submitted: float | None
    deadline: float | None = None

    def may_appear(self, now: float, unknown_for: float) -> bool:
        """Whether a job that has been answered 404 for so many seconds may become known."""
        age = None if self.submitted is None else now - self.submitted
        if age is not None and (age < YOUNG or age >= RETAINED):
            return age < YOUNG
        # Within a wait also if its age is unknown: it may be a new one.
        return self.deadline is not None and unknown_for < UNKNOWN_FOR


class DeadlinePassed(Exception):  # noqa: N818 - a signal between two functions here, never job outside
    def __init__(self, last: str | None = None) -> None:
        super().__init__()
        self.last = last


def read(
    context: Context,
    call: Call,
    request_id: str,
    limits: Limits,
    parse: Callable[[Response, Call, str, float | None], JobState] = parse_status,
) -> Flow[JobState]:
    """Make a free call until ``parse`` accepts the response, the retries are spent, or the deadline passes."""
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
                # If the body was truncated, blame the connection, not the service.
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
            give_up = isinstance(problem, errors.NotFoundError) and problem.unknown_for >= UNKNOWN_FOR and not retryable
        if give_up or refusals >= MAX_REFUSED or unexpected >= MAX_UNEXPECTED:
            raise problem
        delay = retry.delay_before(attempt, outcome, time=context.time(), random=context.random())
        context.log.warning("job %s: %s: %s; retry in %.1f s", request_id, call, describe(outcome), delay)
        yield from sleep_until(context, delay, deadline, str(problem))


def _limit_to_deadline(call: Call, context: Context, deadline: float | None) -> Call:
    """Return the call with its times limited to the time left. Raises `DeadlinePassed` if none is left."""
    if deadline is None:
        return call
    remaining = deadline - context.now()
    if remaining <= 0:
        raise DeadlinePassed
    return call._replace(read_timeout=min(call.read_timeout, remaining), deadline=min(call.limit, remaining))


def sleep_until(context: Context, seconds: float, deadline: float | None, last: str | None = None) -> Flow[None]:
    if deadline is None:
        yield from sleep(seconds)
        return
    remaining = deadline - context.now()
    yield from sleep(min(seconds, remaining))
    if seconds >= remaining:
        raise DeadlinePassed(last)
