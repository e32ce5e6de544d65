"""Wait for a job and fetch its result, as flows.

As soon as a request id is known, every exception carries it. A temporary failure never ends a wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from segmind_ltx import errors
from segmind_ltx._core import answers, retry
from segmind_ltx._core.answers import KNOWN_STATES, JobState, parse_result, parse_status
from segmind_ltx._core.api_errors import failed
from segmind_ltx._core.effects import Call, Context, Flow, NoResponse, Response, bounded_call, describe, send, sleep
from segmind_ltx._core.journal import EntryState, attach_request_id
from segmind_ltx._core.parameters import PreparedRequest, check_request_id, check_wait
from segmind_ltx._core.polling import EARLY_POLLS, learn, next_poll, usual_duration
from segmind_ltx._core.results import JobStatus, VideoFacts
from segmind_ltx._core.submit import submit
from segmind_ltx_api.contract import get_request, get_request_status

READ_TIMEOUT: Final = 30.0
"""Seconds of silence after which a poll or fetch fails, if the caller set no timeout."""
MAX_UNEXPECTED: Final = 5
"""So many unexpected responses in a row to a poll or fetch are an error; if fewer, they may be temporary."""
MAX_REFUSED: Final = 3
"""So many refusals in a row (404, 401, …) end a wait: a new job may not be known to every server at once."""

OnStatus = Callable[[JobStatus], object]


def generate(
    context: Context,
    prepared: PreparedRequest,
    *,
    timeout: float,
    poll_interval: float | None,
    on_status: OnStatus | None,
    on_accepted: Callable[[str], object] | None = None,
) -> Flow[VideoFacts]:
    """Submit a job, and wait for it."""
    request_id = yield from submit(context, prepared, on_accepted)
    try:
        return (
            yield from wait(
                context,
                request_id,
                prepared.model.slug,
                timeout=timeout,
                submitted=context.now(),
                poll_interval=poll_interval,
                on_status=on_status,
            )
        )
    except BaseException as error:
        attach_request_id(error, request_id)  # Also if it was raised between the two.
        raise


def status(context: Context, request_id: str) -> Flow[JobStatus]:
    """Fetch a job's state once; FAILED is a state, not an exception."""
    call = bounded_call(get_request_status(check_request_id(request_id)), context.read_timeout or READ_TIMEOUT)
    return answers.status_of_job((yield from _get(context, call, request_id, deadline=None)), request_id)


def result(context: Context, request_id: str, model: str | None) -> Flow[VideoFacts]:
    """Fetch a job's result. Raises `JobFailedError`, or `JobNotFinishedError` if the job is still running."""
    check_request_id(request_id)
    try:
        facts = yield from _result(context, request_id, model, deadline=None)
    except BaseException as error:
        context.journal.record_end(request_id, error)
        raise
    context.journal.update(request_id, EntryState.COMPLETED, cost=facts.cost)
    return facts


def wait(
    context: Context,
    request_id: str,
    model: str | None,
    *,
    timeout: float,
    submitted: float | None = None,
    poll_interval: float | None = None,
    on_status: OnStatus | None = None,
) -> Flow[VideoFacts]:
    """Poll a job until it ends, and fetch its result.

    ``timeout`` bounds the whole wait; ``submitted`` is the time of the submit on the clock ``context.now``;
    ``poll_interval`` replaces the schedule of `_core.polling`. All are in seconds.
    """
    check_wait(timeout, poll_interval)
    check_request_id(request_id)
    try:
        facts = yield from _wait(context, request_id, model, timeout, submitted, poll_interval, on_status)
    except BaseException as error:
        context.journal.record_end(request_id, error)
        raise
    if facts.total_time is not None:
        learn(context.durations, model, facts.total_time)
    context.journal.update(request_id, EntryState.COMPLETED, cost=facts.cost)
    return facts


def _wait(
    context: Context,
    request_id: str,
    model: str | None,
    timeout: float,
    submitted: float | None,
    poll_interval: float | None,
    on_status: OnStatus | None,
) -> Flow[VideoFacts]:
    call = bounded_call(get_request_status(request_id), context.read_timeout or READ_TIMEOUT)
    usual = usual_duration(context.durations, model)
    started = context.now()
    deadline, submitted_at = started + timeout, started if submitted is None else submitted
    state: str | None = None
    try:
        # Do not poll at once: a job that was just submitted is not finished.
        first = (EARLY_POLLS[0] if poll_interval is None else min(poll_interval, EARLY_POLLS[0])) - (
            started - submitted_at
        )
        if submitted is not None and 0 < first < timeout:
            yield from sleep(first)
        while True:
            job = yield from _get(context, call, request_id, deadline)
            if job.state != state:
                state = job.state
                _report_status(context, job, request_id, on_status)
            if job.state == "FAILED":
                raise failed(job.detail, call, request_id, model, None, job.body)
            if job.state == "COMPLETED":
                try:
                    return (yield from _result(context, request_id, model, deadline))
                except errors.JobNotFinishedError as error:
                    # If two servers disagree for a moment, the job is polled further.
                    context.log.warning("%s, though its status said COMPLETED", error)
            step = next_poll(context.now() - submitted_at, usual) if poll_interval is None else poll_interval
            yield from _sleep_until(context, step, deadline)
    except _DeadlinePassed as passed:
        raise _wait_timeout(request_id, state, context.now() - started, passed.last) from None


class _DeadlinePassed(Exception):  # noqa: N818 - a signal between two functions here, never job outside
    def __init__(self, last: str | None = None) -> None:
        super().__init__()
        self.last = last


def _wait_timeout(request_id: str, state: str | None, elapsed: float, last: str | None) -> errors.WaitTimeoutError:
    problem = f" The last poll failed: {last}." if last else ""
    return errors.WaitTimeoutError(
        f"job {request_id} was still {state or 'in an unknown state'} after {elapsed:.1f} s.{problem} It goes on: "
        f"wait for it again with client.job({request_id!r}).wait(). Do not submit it again, that is a second charge.",
        request_id=request_id,
        elapsed=elapsed,
        state=state,
    )


def _get(
    context: Context,
    call: Call,
    request_id: str,
    deadline: float | None,
    parse: Callable[[Response, Call, str, float | None], JobState] = parse_status,
) -> Flow[JobState]:
    """Make a free call until ``parse`` accepts the response, the retries are spent, or the deadline passes."""
    attempt = unexpected = refusals = 0
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
        refusals = 0 if retryable else refusals + 1
        attempt += 1
        give_up = deadline is None and (attempt > context.max_retries or not retryable)
        if give_up or refusals >= MAX_REFUSED or unexpected >= MAX_UNEXPECTED:
            raise problem
        delay = retry.delay_before(attempt, outcome, time=context.time(), random=context.random())
        context.log.warning("job %s: %s: %s; retry in %.1f s", request_id, call, describe(outcome), delay)
        yield from _sleep_until(context, delay, deadline, str(problem))


def _result(context: Context, request_id: str, model: str | None, deadline: float | None) -> Flow[VideoFacts]:
    call = bounded_call(get_request(request_id), context.read_timeout or READ_TIMEOUT)
    job = yield from _get(context, call, request_id, deadline, parse_result)
    if job.state == "FAILED":
        raise failed(job.detail, call, request_id, model, None, job.body)
    if job.state != "COMPLETED":
        raise errors.JobNotFinishedError(
            f"job {request_id} is {job.state}; wait for it with job.wait()",
            request_id=request_id,
            body=job.body,
            state=job.state,
        )
    return answers.video_of_job(job, request_id, model)


def _limit_to_deadline(call: Call, context: Context, deadline: float | None) -> Call:
    """Return the call with its times limited to the time left. Raises `_DeadlinePassed` if none is left."""
    if deadline is None:
        return call
    remaining = deadline - context.now()
    if remaining <= 0:
        raise _DeadlinePassed
    return call._replace(
        read_timeout=min(call.read_timeout, remaining), deadline=min(call.deadline or remaining, remaining)
    )


def _sleep_until(context: Context, seconds: float, deadline: float | None, last: str | None = None) -> Flow[None]:
    if deadline is None:
        yield from sleep(seconds)
        return
    remaining = deadline - context.now()
    yield from sleep(min(seconds, remaining))
    if seconds >= remaining:
        raise _DeadlinePassed(last)


def _report_status(context: Context, job: JobState, request_id: str, on_status: OnStatus | None) -> None:
    if job.state in KNOWN_STATES:
        context.log.debug("job %s is %s", request_id, job.state)
    else:
        context.log.warning(
            "job %s has the state %r, which the documents do not name; polling continues", request_id, job.state
        )
    if on_status is not None:
        on_status(answers.status_of_job(job, request_id))
