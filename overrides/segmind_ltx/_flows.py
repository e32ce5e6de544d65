"""What the client does, as flows: decisions without I/O (see `segmind_ltx._wire`).

The rules about money live here. A paid call is sent again only where `_retry.may_repeat_paid` says so. From the
moment a request id is known, every exception carries it. A passing fault never ends a wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from segmind_ltx import _answers, _retry, errors
from segmind_ltx._answers import KNOWN, Polled, fetched, polled
from segmind_ltx._notes import ACCEPTED, ANSWERED, COMPLETED, Busy, carry
from segmind_ltx._parameters import Prepared, check_request_id, check_seconds, check_wait
from segmind_ltx._polling import EARLY, learn, next_poll, usual_duration
from segmind_ltx._wire import Answer, Call, Env, Flow, Lost, pause, send
from segmind_ltx.video import JobStatus, VideoFacts
from segmind_ltx_api.contract import get_request, get_request_status

SUBMIT_TIMEOUT: Final = 60.0
READ_TIMEOUT: Final = 30.0
"""Seconds of silence on the line, where the caller set none."""
DRIPPING: Final = 4
"""So many times the longest silence is waited for the whole of an answer that is no video."""
SENSELESS_LIMIT: Final = 5
"""So many senseless answers in a row to a poll or fetch are an error; fewer are taken for a passing fault."""
BUSY_LIMIT: Final = 30.0
BUSY_STEP: Final = 0.5
"""Seconds for which a paid call waits until it can be noted, and between two tries."""
REFUSED_LIMIT: Final = 3
"""So many refusals in a row (404, 401, …) end a wait: a job that is just accepted may not be known everywhere yet."""

OnStatus = Callable[[JobStatus], object]


def submit(env: Env, prepared: Prepared, accepted: Callable[[str], object] | None = None) -> Flow[str]:
    """Submit a job; gives its request id. ``accepted`` is told of it first."""
    slug = prepared.model.slug
    call = _bounded(prepared.model.submit(body=prepared.request), env.patience or SUBMIT_TIMEOUT)
    number = yield from _sending(env, slug, call)
    request_id: str | None = None
    try:
        answer = yield from _paid(env, call, prepared, blocking=False)
        request_id = _answers.accepted(answer, call, slug)
        env.notes.answered(number, ACCEPTED, request_id)
        if accepted is not None:
            accepted(request_id)
        env.log.info("submitted job %s to %s", request_id, slug)
    except BaseException as error:
        if request_id is None:
            env.notes.broken(number, slug, error)
        else:
            env.notes.ended(request_id, error)
        raise
    return request_id


def generate_sync(env: Env, prepared: Prepared, timeout: float) -> Flow[VideoFacts]:
    """Make one blocking v1 call; ``timeout`` in seconds."""
    slug = prepared.model.slug
    call = _call(prepared.model.generate(body=prepared.request), check_seconds("timeout", timeout))
    number = yield from _sending(env, slug, call)
    try:
        answer = yield from _paid(env, call, prepared, blocking=True)
        facts = _answers.video_of_call(answer, call, slug)
    except BaseException as error:
        env.notes.broken(number, slug, error)
        raise
    env.notes.answered(number, ANSWERED, facts.request_id)
    if facts.request_id is not None:
        env.notes.note(facts.request_id, ANSWERED, cost=facts.cost)
    env.log.info("job %s: %s answered a blocking call", facts.request_id, slug)
    return facts


def generate(
    env: Env,
    prepared: Prepared,
    *,
    timeout: float,
    interval: float | None,
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
                interval=interval,
                on_status=on_status,
            )
        )
    except BaseException as error:
        carry(error, request_id)  # Also where it came between the two.
        raise


def status(env: Env, request_id: str) -> Flow[JobStatus]:
    """Ask once for a job's state; a FAILED one is a state, not an exception."""
    call = _bounded(get_request_status(check_request_id(request_id)), env.patience or READ_TIMEOUT)
    return _public(request_id, (yield from _read(env, call, request_id, deadline=None)))


def result(env: Env, request_id: str, model: str | None) -> Flow[VideoFacts]:
    """Fetch a job's result; raises `JobFailedError`, or `JobNotFinishedError` where it still runs."""
    check_request_id(request_id)
    try:
        facts = yield from _result(env, request_id, model, deadline=None)
    except BaseException as error:
        env.notes.ended(request_id, error)
        raise
    env.notes.note(request_id, COMPLETED, cost=facts.cost)
    return facts


def wait(
    env: Env,
    request_id: str,
    model: str | None,
    *,
    timeout: float,
    submitted: float | None = None,
    interval: float | None = None,
    on_status: OnStatus | None = None,
) -> Flow[VideoFacts]:
    """Poll a job until it ends, and fetch its result.

    ``timeout`` bounds the whole wait; ``submitted`` is when the job was submitted on ``env.now``'s clock;
    ``interval`` replaces the schedule of `_polling`. All in seconds.
    """
    check_wait(timeout, interval)
    check_request_id(request_id)
    try:
        facts = yield from _wait(env, request_id, model, timeout, submitted, interval, on_status)
    except BaseException as error:
        env.notes.ended(request_id, error)
        raise
    if facts.total_time is not None:
        learn(env.seen, model, facts.total_time)
    env.notes.note(request_id, COMPLETED, cost=facts.cost)
    return facts


def _wait(
    env: Env,
    request_id: str,
    model: str | None,
    timeout: float,
    submitted: float | None,
    interval: float | None,
    on_status: OnStatus | None,
) -> Flow[VideoFacts]:
    call = _bounded(get_request_status(request_id), env.patience or READ_TIMEOUT)
    usual = usual_duration(env.seen, model)
    begun = env.now()
    deadline, origin = begun + timeout, begun if submitted is None else submitted
    state: str | None = None
    try:
        # Nothing is to be learned of a job in the moment of its submit.
        first = (EARLY[0] if interval is None else min(interval, EARLY[0])) - (begun - origin)
        if submitted is not None and 0 < first < timeout:
            yield from pause(first)
        while True:
            seen = yield from _read(env, call, request_id, deadline)
            if seen.state != state:
                state = seen.state
                _tell(env, seen, request_id, on_status)
            if seen.state == "FAILED":
                raise _answers.failed(seen.detail, call, request_id, model, None, seen.body)
            if seen.state == "COMPLETED":
                try:
                    return (yield from _result(env, request_id, model, deadline))
                except errors.JobNotFinishedError as error:
                    # Two servers that disagree for a moment do not end a job.
                    env.log.warning("%s, though its status said COMPLETED", error)
            step = next_poll(env.now() - origin, usual) if interval is None else interval
            yield from _pause_until(env, step, deadline)
    except _DeadlinePassed as passed:
        raise _timed_out(request_id, state, env.now() - begun, passed.last) from None


class _DeadlinePassed(Exception):  # noqa: N818 - a signal between two functions here, never seen outside
    def __init__(self, last: str | None = None) -> None:
        super().__init__()
        self.last = last


def _timed_out(request_id: str, state: str | None, elapsed: float, last: str | None) -> errors.WaitTimeoutError:
    trouble = f" The last poll failed: {last}." if last else ""
    error = errors.WaitTimeoutError(
        f"job {request_id} was still {state or 'unseen'} after {elapsed:.1f} s.{trouble} It goes on: wait for it "
        f"again with client.job({request_id!r}).wait(). Do not submit it again, that is a second charge.",
        request_id=request_id,
    )
    error.elapsed, error.state = elapsed, state
    return error


def _bounded(kwargs: dict[str, Any], timeout: float) -> Call:
    """A call whose answer is short: it must not drip for ever either."""
    return _call(kwargs, timeout)._replace(within=DRIPPING * timeout)


def _call(kwargs: dict[str, Any], timeout: float) -> Call:
    """A call from what a generated endpoint module says of itself."""
    return Call(kwargs["method"].upper(), kwargs["url"], timeout, kwargs.get("json"))


def _sending(env: Env, slug: str, call: Call) -> Flow[int]:
    """Note a paid call before it leaves. It waits here for a ledger that somebody holds, so that nobody else has to."""
    until = env.now() + BUSY_LIMIT
    while True:
        try:
            return env.notes.sending(slug, call.json or {}, env.base_url)
        except Busy as busy:
            if env.now() >= until:
                raise errors.ConfigurationError(f"{busy}. Nothing was sent.", model=slug) from None
        yield from pause(BUSY_STEP)


def _paid(env: Env, call: Call, prepared: Prepared, *, blocking: bool) -> Flow[Answer]:
    """Make a paid call; gives its 200, or raises. Sent again only where that cannot pay twice."""
    slug = prepared.model.slug
    attempt = 0
    while True:
        outcome = yield from send(call)
        if isinstance(outcome, Answer) and outcome.good:
            return outcome
        attempt += 1
        # A server's fault that names a job may be about one that exists.
        named = isinstance(outcome, Answer) and outcome.status >= 500 and _answers.named(outcome)
        if attempt > env.resends or named or not _retry.may_repeat_paid(outcome, blocking=blocking):
            break
        delay = _retry.delay_before(attempt, outcome, time=env.time(), random=env.random())
        env.log.warning("%s: %s; sending it again in %.1f s", call, _outcome(outcome), delay)
        yield from pause(delay)
    if isinstance(outcome, Answer):
        refusal = _answers.error_for(outcome, call, model=slug)
        if isinstance(refusal, errors.RateLimitedError):
            refusal.reset_at = _retry.reset_at(outcome.headers, env.time())
        raise refusal
    if not outcome.sent:
        raise errors.NoAnswerError(f"{call} never left: {outcome.reason}. Nothing is billed.", model=slug)
    low, high = prepared.model.usd_low, prepared.model.usd_high
    price = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    error = errors.SubmitUncertainError(
        f"the answer to {call} was lost: {outcome.reason}. A job may exist and cost about {price} USD; it was not "
        f"sent again, since that may pay twice. Look at the requests or the credits of your account first.",
        model=slug,
    )
    error.usd_low, error.usd_high = low, high
    raise error


def _read(
    env: Env,
    call: Call,
    request_id: str,
    deadline: float | None,
    understood: Callable[[Answer, Call, str], Polled] = polled,
) -> Flow[Polled]:
    """Make a free call until it is understood, the retries are spent, or (with one) the deadline passes."""
    attempt = senseless = refused = 0
    while True:
        outcome = yield from send(_within(call, env, deadline))
        trouble: errors.SegmindLtxError
        passing = _retry.may_repeat_read(outcome)
        before, senseless = senseless, 0
        if isinstance(outcome, Lost):
            trouble = errors.NoAnswerError(f"{call} got no answer: {outcome.reason}", request_id=request_id)
        else:
            try:
                return understood(outcome, call, request_id)
            except errors.UnexpectedAnswerError as error:
                trouble, passing = error, True
                # One that broke off is the line's fault, and lasts no longer than that.
                senseless = before + 1 if outcome.broken is None else 0
            except errors.ApiStatusError as error:
                trouble = error
                if isinstance(error, errors.RateLimitedError):
                    error.reset_at = _retry.reset_at(outcome.headers, env.time())
        refused = 0 if passing else refused + 1
        attempt += 1
        once = deadline is None and (attempt > env.retries or not passing)
        if once or refused >= REFUSED_LIMIT or senseless >= SENSELESS_LIMIT:
            raise trouble
        delay = _retry.delay_before(attempt, outcome, time=env.time(), random=env.random())
        env.log.warning("job %s: %s: %s; asking again in %.1f s", request_id, call, _outcome(outcome), delay)
        yield from _pause_until(env, delay, deadline, str(trouble))


def _result(env: Env, request_id: str, model: str | None, deadline: float | None) -> Flow[VideoFacts]:
    call = _bounded(get_request(request_id), env.patience or READ_TIMEOUT)
    seen = yield from _read(env, call, request_id, deadline, fetched)
    if seen.state == "FAILED":
        raise _answers.failed(seen.detail, call, request_id, model, None, seen.body)
    if seen.state != "COMPLETED":
        error = errors.JobNotFinishedError(
            f"job {request_id} is {seen.state}; wait for it with job.wait()", request_id=request_id, body=seen.body
        )
        error.state = seen.state
        raise error
    return _answers.video_of_job(seen, request_id, model)


def _within(call: Call, env: Env, deadline: float | None) -> Call:
    """The call, with no more patience than there is time left."""
    if deadline is None:
        return call
    left = deadline - env.now()
    if left <= 0:
        raise _DeadlinePassed
    return call._replace(timeout=min(call.timeout, left), within=min(call.within or left, left))


def _pause_until(env: Env, seconds: float, deadline: float | None, last: str | None = None) -> Flow[None]:
    if deadline is None:
        yield from pause(seconds)
        return
    left = deadline - env.now()
    yield from pause(min(seconds, left))
    if seconds >= left:
        raise _DeadlinePassed(last)


def _tell(env: Env, seen: Polled, request_id: str, on_status: OnStatus | None) -> None:
    if seen.state in KNOWN:
        env.log.debug("job %s is %s", request_id, seen.state)
    else:
        env.log.warning("job %s has the state %r, which no document names; it is polled on", request_id, seen.state)
    if on_status is not None:
        on_status(_public(request_id, seen))


def _public(request_id: str, seen: Polled) -> JobStatus:
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


def _outcome(outcome: Answer | Lost) -> str:
    return outcome.reason if isinstance(outcome, Lost) else f"status {outcome.status}"
