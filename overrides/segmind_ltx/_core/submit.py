"""Submit a job, or make a blocking call, as flows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from segmind_ltx import errors
from segmind_ltx._core import answers, retry
from segmind_ltx._core.api_errors import error_for, request_id_in
from segmind_ltx._core.effects import Call, Context, Flow, Response, bounded_call, call_from, describe, send, sleep
from segmind_ltx._core.journal import EntryState, JournalBusyError
from segmind_ltx._core.parameters import PreparedRequest, check_seconds
from segmind_ltx._core.results import VideoFacts

SUBMIT_TIMEOUT: Final = 60.0


LEDGER_WAIT: Final = 30.0


LEDGER_POLL: Final = 0.5
"""Seconds for which a paid call waits until it can be noted, and between two tries."""


def submit(env: Context, prepared: PreparedRequest, accepted: Callable[[str], object] | None = None) -> Flow[str]:
    """Submit a job; gives its request id. ``accepted`` is told of it first."""
    slug = prepared.model.slug
    call = bounded_call(prepared.model.submit(body=prepared.request), env.read_timeout or SUBMIT_TIMEOUT)
    number = yield from _record_before_sending(env, prepared, call)
    request_id: str | None = None
    try:
        answer = yield from _post_paid(env, call, prepared, blocking=False)
        request_id = answers.parse_submit(answer, call, slug)
        env.journal.record_response(number, EntryState.ACCEPTED, request_id)
        if accepted is not None:
            accepted(request_id)
        env.log.info("submitted job %s to %s", request_id, slug)
    except BaseException as error:
        if request_id is None:
            env.journal.record_failure(number, slug, error)
        else:
            env.journal.record_end(request_id, error)
        raise
    return request_id


def generate_blocking(env: Context, prepared: PreparedRequest, timeout: float) -> Flow[VideoFacts]:
    """Make one blocking v1 call; ``timeout`` in seconds."""
    slug = prepared.model.slug
    call = call_from(prepared.model.generate(body=prepared.request), check_seconds("timeout", timeout))
    number = yield from _record_before_sending(env, prepared, call)
    try:
        answer = yield from _post_paid(env, call, prepared, blocking=True)
        facts = answers.video_of_call(answer, call, slug)
    except BaseException as error:
        env.journal.record_failure(number, slug, error)
        raise
    env.journal.record_response(number, EntryState.ANSWERED, facts.request_id)
    if facts.request_id is not None:
        env.journal.update(facts.request_id, EntryState.ANSWERED, cost=facts.cost)
    env.log.info("job %s: %s answered a blocking call", facts.request_id, slug)
    return facts


def _record_before_sending(env: Context, prepared: PreparedRequest, call: Call) -> Flow[int]:
    """Note a paid call before it leaves. It waits here for a ledger that somebody holds, so that nobody else has to."""
    slug = prepared.model.slug
    until = env.now() + LEDGER_WAIT
    while True:
        try:
            return env.journal.record_submit(slug, call.json or {}, env.base_url, prepared.label)
        except JournalBusyError as busy:
            if env.now() >= until:
                raise errors.ConfigurationError(f"{busy}. Nothing was sent.", model=slug) from None
        yield from sleep(LEDGER_POLL)


def _post_paid(env: Context, call: Call, prepared: PreparedRequest, *, blocking: bool) -> Flow[Response]:
    """Make a paid call; gives its 200, or raises. Sent again only where that cannot pay twice."""
    slug = prepared.model.slug
    attempt = 0
    while True:
        outcome = yield from send(call)
        if isinstance(outcome, Response) and outcome.ok:
            return outcome
        attempt += 1
        # A server's fault that names a job may be about one that exists.
        names_a_job = isinstance(outcome, Response) and outcome.status >= 500 and request_id_in(outcome)
        if attempt > env.max_submit_retries or names_a_job or not retry.may_repeat_paid(outcome, blocking=blocking):
            break
        delay = retry.delay_before(attempt, outcome, time=env.time(), random=env.random())
        env.log.warning("%s: %s; sending it again in %.1f s", call, describe(outcome), delay)
        yield from sleep(delay)
    if isinstance(outcome, Response):
        refusal = error_for(outcome, call, model=slug)
        if isinstance(refusal, errors.RateLimitError):
            refusal.reset_at = retry.reset_at(outcome.headers, env.time())
        raise refusal
    if not outcome.sent:
        raise errors.APIConnectionError(f"{call} never left: {outcome.reason}. Nothing is billed.", model=slug)
    low, high = prepared.model.usd_low, prepared.model.usd_high
    price = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    error = errors.SubmitUncertainError(
        f"the answer to {call} was lost: {outcome.reason}. A job may exist and cost about {price} USD; it was not "
        f"sent again, since that may pay twice. Look at the requests or the credits of your account first.",
        model=slug,
    )
    error.usd_low, error.usd_high = low, high
    raise error
