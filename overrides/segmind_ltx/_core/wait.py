"""Wait for a job and fetch its result, as flows.

As soon as a request id is known, every exception carries it. A temporary failure never ends a wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from segmind_ltx import errors
from segmind_ltx._core import answers
from segmind_ltx._core.answers import KNOWN_STATES, JobState, parse_result
from segmind_ltx._core.api_errors import failed
from segmind_ltx._core.effects import Context, Flow, call_from, sleep
from segmind_ltx._core.journal import NOTE_PREFIX, EntryState, attach_request_id
from segmind_ltx._core.parameters import PreparedRequest, check_request_id, check_wait
from segmind_ltx._core.polling import EARLY_POLLS, MIN_STEP, learn, next_poll, usual_duration
from segmind_ltx._core.reads import DeadlinePassed, Limits, read, sleep_within
from segmind_ltx._core.results import JobStatus, VideoFacts
from segmind_ltx._core.submit import submit
from segmind_ltx_api.contract import get_request, get_request_status

READ_TIMEOUT: Final = 30.0
"""Seconds of silence after which a poll or fetch fails, if the caller set no timeout."""
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
    """Submit a job, and wait for it; ``timeout`` bounds both."""
    deadline = context.now() + timeout
    request_id = yield from submit(context, prepared, on_accepted, deadline)
    try:
        submitted = context.now()
        return (
            yield from wait(
                context,
                request_id,
                prepared.model.slug,
                timeout=max(0.0, deadline - submitted),
                submitted=submitted,
                poll_interval=poll_interval,
                on_status=on_status,
            )
        )
    except BaseException as error:
        attach_request_id(error, request_id)  # Also if it was raised between the two.
        raise


def status(context: Context, request_id: str, submitted: float | None = None) -> Flow[JobStatus]:
    """Fetch a job's state once; FAILED is a state, not an exception. ``submitted`` is the time of its submit."""
    call = call_from(get_request_status(check_request_id(request_id)), context.read_timeout or READ_TIMEOUT)
    return answers.status_of_job((yield from read(context, call, request_id, Limits(submitted))), request_id)


def result(context: Context, request_id: str, model: str | None, submitted: float | None = None) -> Flow[VideoFacts]:
    """Fetch a job's result; ``submitted`` is the time of its submit.

    Raises `JobFailedError`, or `JobNotFinishedError` if the job is still running.
    """
    check_request_id(request_id)
    try:
        facts = yield from _result(context, request_id, model, Limits(submitted))
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
    check_wait(timeout, poll_interval, on_status)
    check_request_id(request_id)
    try:
        facts = yield from _wait(context, request_id, model, timeout, submitted, poll_interval, on_status)
    except _CallbackError as caught:
        raised = caught.error
    except BaseException as error:
        context.journal.record_end(request_id, error)
        raise
    else:
        if facts.total_time is not None:
            learn(context.durations, model, facts.total_time)
        context.journal.update(request_id, EntryState.COMPLETED, cost=facts.cost)
        return facts
    # Raised by on_status, perhaps about another job: it says nothing about the end of this one.
    raised.request_id = request_id
    raised.add_note(f"{NOTE_PREFIX}on_status raised this; the job {request_id} goes on")
    raise raised


def _wait(
    context: Context,
    request_id: str,
    model: str | None,
    timeout: float,
    submitted: float | None,
    poll_interval: float | None,
    on_status: OnStatus | None,
) -> Flow[VideoFacts]:
    call = call_from(get_request_status(request_id), context.read_timeout or READ_TIMEOUT)
    usual = usual_duration(context.durations, model)
    started = context.now()
    known = submitted
    if submitted is None and (begun := context.journal.time_of_submit(request_id)) is not None:
        known = started - max(0.0, context.time() - begun)
    submitted_at = started if submitted is None else submitted
    limits = Limits(known, deadline := started + timeout)
    if poll_interval is not None:
        poll_interval = max(MIN_STEP, poll_interval)
    state: str | None = None
    try:
        # Do not poll at once: a job that was just submitted is not finished.
        first = (EARLY_POLLS[0] if poll_interval is None else min(poll_interval, EARLY_POLLS[0])) - (
            started - submitted_at
        )
        if submitted is not None and 0 < first < timeout:
            yield from sleep(first)
        while True:
            job = yield from read(context, call, request_id, limits)
            if job.state != state:
                state = job.state
                _report_status(context, job, request_id, on_status)
            if job.state == "FAILED":
                raise failed(job.detail, call, request_id, model, None, job.body)
            # contract: job.poll-has-no-output
            if job.state == "COMPLETED":
                try:
                    return (yield from _result(context, request_id, model, limits))
                except errors.JobNotFinishedError as error:
                    # If two servers disagree for a moment, the job is polled further.
                    context.log.warning("%s, though its status said COMPLETED", error)
            step = next_poll(context.now() - submitted_at, usual) if poll_interval is None else poll_interval
            del job  # It holds a whole response, and thousands of jobs may wait at once.
            yield from sleep_within(context, step, deadline)
    except DeadlinePassed as passed:
        raise _wait_timeout(request_id, state, context.now() - started, passed.last_problem) from None


class _CallbackError(Exception):
    """Carries an exception of the client's own that the caller's ``on_status`` raised."""

    def __init__(self, error: errors.SegmindLtxError) -> None:
        super().__init__()
        self.error = error


def _wait_timeout(request_id: str, state: str | None, elapsed: float, last: str | None) -> errors.WaitTimeoutError:
    problem = f" The last poll failed: {last}." if last else ""
    return errors.WaitTimeoutError(
        f"job {request_id} was still {state or 'in an unknown state'} after {elapsed:.1f} s.{problem} It goes on: "
        f"wait for it again with client.job({request_id!r}).wait(). Do not submit it again, that is a second charge.",
        request_id=request_id,
        elapsed=elapsed,
        state=state,
    )


def _result(context: Context, request_id: str, model: str | None, limits: Limits) -> Flow[VideoFacts]:
    call = call_from(get_request(request_id), context.read_timeout or READ_TIMEOUT)
    job = yield from read(context, call, request_id, limits, parse_result)
    if job.state == "FAILED":
        raise failed(job.detail, call, request_id, model, None, job.body)
    if job.state != "COMPLETED":
        raise errors.JobNotFinishedError(
            f"job {request_id} is {job.state}; wait for it with job.wait()",
            request_id=request_id,
            body=job.body,
            state=job.state,
        )
    return answers.video_of_job(job, request_id, model, context.base_url)


def _report_status(context: Context, job: JobState, request_id: str, on_status: OnStatus | None) -> None:
    if job.state in KNOWN_STATES:
        context.log.debug("job %s is %s", request_id, job.state)
    else:
        context.log.warning(
            "job %s has the state %r, which the documents do not name; polling continues", request_id, job.state
        )
    if on_status is not None:
        try:
            on_status(answers.status_of_job(job, request_id))
        except errors.SegmindLtxError as error:
            raise _CallbackError(error) from None
