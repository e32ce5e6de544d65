"""What the client does, as flows: decisions without I/O (see `segmind_ltx._core.effects`).

The rules about money live here. A paid call is sent again only where `retry.may_repeat_paid` says so. From the
moment a request id is known, every exception carries it. A passing fault never ends a wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from segmind_ltx import errors
from segmind_ltx._core import answers, retry
from segmind_ltx._core.answers import KNOWN, JobState, parse_result, parse_status
from segmind_ltx._core.api_errors import failed
from segmind_ltx._core.effects import Call, Context, Flow, NoResponse, Response, bounded_call, describe, send, sleep
from segmind_ltx._core.journal import EntryState, attach_request_id
from segmind_ltx._core.parameters import PreparedRequest, check_request_id, check_wait
from segmind_ltx._core.polling import EARLY_POLLS, learn, next_poll, usual_duration
from segmind_ltx._core.results import JobStatus, VideoFacts
from segmind_ltx._core.submit import submit
from segmind_ltx_api.contract import get_request, get_request_status

READ_TIMEOUT: Final = 30.0
"""Seconds of silence on the line, where the caller set none."""
MAX_UNEXPECTED: Final = 5
"""So many senseless answers in a row to a poll or fetch are an error; fewer are taken for a passing fault."""
MAX_REFUSED: Final = 3
"""So many refusals in a row (404, 401, …) end a wait: a job that is just accepted may not be known everywhere yet."""

OnStatus = Callable[[JobStatus], object]


def generate(
    env: Context,
    prepared: PreparedRequest,
    *,
    timeout: float,
    poll_interval: float | None,
    on_status: OnStatus | None,
    accepted: Callable[[str], object] | None = None,
) -> Flow[VideoFacts]:
    """Submit a job and wait for it."""
    request_id = yield from submit(env, prepared, accepted)
    try:
        return (
            yield from wait(
                env,
                request_id,
                prepared.model.slug,
                timeout=timeout,
                submitted=env.now(),
                poll_interval=poll_interval,
                on_status=on_status,
            )
        )
    except BaseException as error:
        attach_request_id(error, request_id)  # Also where it came between the two.
        raise


def status(env: Context, request_id: str) -> Flow[JobStatus]:
    """Ask once for a job's state; a FAILED one is a state, not an exception."""
    call = bounded_call(get_request_status(check_request_id(request_id)), env.read_timeout or READ_TIMEOUT)
    return _job_status(request_id, (yield from _get(env, call, request_id, deadline=None)))


def result(env: Context, request_id: str, model: str | None) -> Flow[VideoFacts]:
    """Fetch a job's result; raises `JobFailedError`, or `JobNotFinishedError` where it still runs."""
    check_request_id(request_id)
    try:
        facts = yield from _result(env, request_id, model, deadline=None)
    except BaseException as error:
        env.journal.record_end(request_id, error)
        raise
    env.journal.update(request_id, EntryState.COMPLETED, cost=facts.cost)
    return facts


def wait(
    env: Context,
    request_id: str,
    model: str | None,
    *,
    timeout: float,
    submitted: float | None = None,
    poll_interval: float | None = None,
    on_status: OnStatus | None = None,
) -> Flow[VideoFacts]:
    """Poll a job until it ends, and fetch its result.

    ``timeout`` bounds the whole wait; ``submitted`` is when the job was submitted on ``env.now``'s clock;
    ``poll_interval`` replaces the schedule of `_polling`. All in seconds.
    """
    check_wait(timeout, poll_interval)
    check_request_id(request_id)
    try:
        facts = yield from _wait(env, request_id, model, timeout, submitted, poll_interval, on_status)
    except BaseException as error:
        env.journal.record_end(request_id, error)
        raise
    if facts.total_time is not None:
        learn(env.durations, model, facts.total_time)
    env.journal.update(request_id, EntryState.COMPLETED, cost=facts.cost)
    return facts


def _wait(
    env: Context,
    request_id: str,
    model: str | None,
    timeout: float,
    submitted: float | None,
    poll_interval: float | None,
    on_status: OnStatus | None,
) -> Flow[VideoFacts]:
    call = bounded_call(get_request_status(request_id), env.read_timeout or READ_TIMEOUT)
    usual = usual_duration(env.durations, model)
    begun = env.now()
    deadline, origin = begun + timeout, begun if submitted is None else submitted
    state: str | None = None
    try:
        # Nothing is to be learned of a job in the moment of its submit.
        first = (EARLY_POLLS[0] if poll_interval is None else min(poll_interval, EARLY_POLLS[0])) - (begun - origin)
        if submitted is not None and 0 < first < timeout:
            yield from sleep(first)
        while True:
            seen = yield from _get(env, call, request_id, deadline)
            if seen.state != state:
                state = seen.state
                _report_status(env, seen, request_id, on_status)
            if seen.state == "FAILED":
                raise failed(seen.detail, call, request_id, model, None, seen.body)
            if seen.state == "COMPLETED":
                try:
                    return (yield from _result(env, request_id, model, deadline))
                except errors.JobNotFinishedError as error:
                    # Two servers that disagree for a moment do not end a job.
                    env.log.warning("%s, though its status said COMPLETED", error)
            step = next_poll(env.now() - origin, usual) if poll_interval is None else poll_interval
            yield from _sleep_until(env, step, deadline)
    except _DeadlinePassed as passed:
        raise _wait_timeout(request_id, state, env.now() - begun, passed.last) from None


class _DeadlinePassed(Exception):  # noqa: N818 - a signal between two functions here, never seen outside
    def __init__(self, last: str | None = None) -> None:
        super().__init__()
        self.last = last


def _wait_timeout(request_id: str, state: str | None, elapsed: float, last: str | None) -> errors.WaitTimeoutError:
    trouble = f" The last poll failed: {last}." if last else ""
    error = errors.WaitTimeoutError(
        f"job {request_id} was still {state or 'unseen'} after {elapsed:.1f} s.{trouble} It goes on: wait for it "
        f"again with client.job({request_id!r}).wait(). Do not submit it again, that is a second charge.",
        request_id=request_id,
    )
    error.elapsed, error.state = elapsed, state
    return error


def _get(
    env: Context,
    call: Call,
    request_id: str,
    deadline: float | None,
    understood: Callable[[Response, Call, str], JobState] = parse_status,
) -> Flow[JobState]:
    """Make a free call until it is understood, the retries are spent, or (with one) the deadline passes."""
    attempt = senseless = refused = 0
    while True:
        outcome = yield from send(_within(call, env, deadline))
        trouble: errors.SegmindLtxError
        passing = retry.may_repeat_read(outcome)
        before, senseless = senseless, 0
        if isinstance(outcome, NoResponse):
            trouble = errors.APIConnectionError(f"{call} got no answer: {outcome.reason}", request_id=request_id)
        else:
            try:
                return understood(outcome, call, request_id)
            except errors.UnexpectedResponseError as error:
                trouble, passing = error, True
                # One that broke off is the line's fault, and lasts no longer than that.
                senseless = before + 1 if outcome.truncated is None else 0
            except errors.APIStatusError as error:
                trouble = error
                if isinstance(error, errors.RateLimitError):
                    error.reset_at = retry.reset_at(outcome.headers, env.time())
        refused = 0 if passing else refused + 1
        attempt += 1
        once = deadline is None and (attempt > env.max_retries or not passing)
        if once or refused >= MAX_REFUSED or senseless >= MAX_UNEXPECTED:
            raise trouble
        delay = retry.delay_before(attempt, outcome, time=env.time(), random=env.random())
        env.log.warning("job %s: %s: %s; asking again in %.1f s", request_id, call, describe(outcome), delay)
        yield from _sleep_until(env, delay, deadline, str(trouble))


def _result(env: Context, request_id: str, model: str | None, deadline: float | None) -> Flow[VideoFacts]:
    call = bounded_call(get_request(request_id), env.read_timeout or READ_TIMEOUT)
    seen = yield from _get(env, call, request_id, deadline, parse_result)
    if seen.state == "FAILED":
        raise failed(seen.detail, call, request_id, model, None, seen.body)
    if seen.state != "COMPLETED":
        error = errors.JobNotFinishedError(
            f"job {request_id} is {seen.state}; wait for it with job.wait()", request_id=request_id, body=seen.body
        )
        error.state = seen.state
        raise error
    return answers.video_of_job(seen, request_id, model)


def _within(call: Call, env: Context, deadline: float | None) -> Call:
    """The call, with no more patience than there is time left."""
    if deadline is None:
        return call
    left = deadline - env.now()
    if left <= 0:
        raise _DeadlinePassed
    return call._replace(read_timeout=min(call.read_timeout, left), deadline=min(call.deadline or left, left))


def _sleep_until(env: Context, seconds: float, deadline: float | None, last: str | None = None) -> Flow[None]:
    if deadline is None:
        yield from sleep(seconds)
        return
    left = deadline - env.now()
    yield from sleep(min(seconds, left))
    if seconds >= left:
        raise _DeadlinePassed(last)


def _report_status(env: Context, seen: JobState, request_id: str, on_status: OnStatus | None) -> None:
    if seen.state in KNOWN:
        env.log.debug("job %s is %s", request_id, seen.state)
    else:
        env.log.warning("job %s has the state %r, which no document names; it is polled on", request_id, seen.state)
    if on_status is not None:
        on_status(_job_status(request_id, seen))


def _job_status(request_id: str, seen: JobState) -> JobStatus:
    metrics = seen.metrics
    return JobStatus(
        request_id=request_id,
        state=seen.state,
        detail=seen.detail,
        queue_time=metrics.queue_time,
        inference_time=metrics.inference_time,
        total_time=metrics.total_time,
        raw=seen.body,
    )
