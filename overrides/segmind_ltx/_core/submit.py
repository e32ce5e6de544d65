"""Submit a job, or make a blocking call, as flows.

The rules about money are here: a paid call is sent again only if `retry.may_repeat_paid` allows it, and every paid call
is recorded in the journal before it is sent.
"""

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
"""Seconds of silence after which a submit fails, if the caller set no timeout."""
ACCEPT_VIDEO: Final = "video/*, application/json;q=0.9, */*;q=0.1"
"""The Accept header of a blocking call. Bytes come first: they are the video, and need no second request."""
LEDGER_WAIT: Final = 30.0
"""Seconds for which a paid call waits if another process has locked the ledger."""
LEDGER_POLL: Final = 0.5
"""Seconds between two attempts to record a paid call."""


def submit(
    context: Context, prepared: PreparedRequest, on_accepted: Callable[[str], object] | None = None
) -> Flow[str]:
    """Submit a job, and return its request id. If ``on_accepted`` is given, it gets the id first."""
    slug = prepared.model.slug
    call = bounded_call(prepared.model.submit(body=prepared.request), context.read_timeout or SUBMIT_TIMEOUT)
    entry = yield from _record_before_sending(context, prepared, call)
    request_id: str | None = None
    try:
        response = yield from _post_paid(context, call, prepared, blocking=False)
        request_id = answers.parse_submit(response, call, slug)
        context.journal.record_response(entry, EntryState.ACCEPTED, request_id)
        if on_accepted is not None:
            on_accepted(request_id)
        context.log.info("submitted job %s to %s", request_id, slug)
    except BaseException as error:
        if request_id is None:
            context.journal.record_failure(entry, slug, error)
        else:
            context.journal.record_end(request_id, error)
        raise
    return request_id


def generate_blocking(context: Context, prepared: PreparedRequest, timeout: float) -> Flow[VideoFacts]:
    """Make one blocking v1 call, and return the facts about its video; ``timeout`` is in seconds."""
    slug = prepared.model.slug
    call = call_from(prepared.model.generate(body=prepared.request), check_seconds("timeout", timeout))
    call = call._replace(accept=ACCEPT_VIDEO)
    entry = yield from _record_before_sending(context, prepared, call)
    try:
        response = yield from _post_paid(context, call, prepared, blocking=True)
        facts = answers.video_of_call(response, call, slug)
    except BaseException as error:
        context.journal.record_failure(entry, slug, error)
        raise
    context.journal.record_response(entry, EntryState.ANSWERED, facts.request_id)
    if facts.request_id is not None:
        context.journal.update(facts.request_id, EntryState.ANSWERED, cost=facts.cost)
    context.log.info("job %s: %s answered a blocking call", facts.request_id, slug)
    return facts


def _record_before_sending(context: Context, prepared: PreparedRequest, call: Call) -> Flow[int]:
    """Record a paid call before it is sent. If another process has locked the ledger, wait here, outside its lock."""
    slug = prepared.model.slug
    until = context.now() + LEDGER_WAIT
    while True:
        try:
            return context.journal.record_submit(slug, call.json or {}, context.base_url, prepared.label)
        except JournalBusyError as busy:
            if context.now() >= until:
                raise errors.ConfigurationError(f"{busy}. Nothing was sent.", model=slug) from None
        yield from sleep(LEDGER_POLL)


def _post_paid(context: Context, call: Call, prepared: PreparedRequest, *, blocking: bool) -> Flow[Response]:
    """Make a paid call, and return its 2xx response, or raise. Send it again only if that cannot pay twice."""
    slug = prepared.model.slug
    attempt = 0
    while True:
        outcome = yield from send(call)
        if isinstance(outcome, Response) and outcome.ok:
            return outcome
        attempt += 1
        # If a server error names a job, that job may exist.
        names_a_job = isinstance(outcome, Response) and outcome.status >= 500 and request_id_in(outcome)
        if attempt > context.max_submit_retries or names_a_job or not retry.may_repeat_paid(outcome, blocking=blocking):
            break
        delay = retry.delay_before(attempt, outcome, time=context.time(), random=context.random())
        context.log.warning("%s: %s; retry in %.1f s", call, describe(outcome), delay)
        yield from sleep(delay)
    if isinstance(outcome, Response):
        raise error_for(outcome, call, model=slug, time=context.time())
    if not outcome.sent:
        raise errors.APIConnectionError(f"{call} was not sent: {outcome.reason}. Nothing is billed.", model=slug)
    low, high = prepared.model.usd_low, prepared.model.usd_high
    price = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    raise errors.SubmitUncertainError(
        f"the response to {call} was lost: {outcome.reason}. A job may exist and cost about {price} USD; it was not "
        f"sent again, since that may pay twice. Look at the requests or the credits of your account first.",
        model=slug,
        usd_low=low,
        usd_high=high,
    )
