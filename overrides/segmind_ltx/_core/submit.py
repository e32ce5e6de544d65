"""Submit a job, or make a blocking call, as flows.

The rules about money are here: a paid call is sent again only if `retry.may_repeat_paid` allows it, and every paid call
is recorded in the journal before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from segmind_ltx import errors
from segmind_ltx._core import answers, retry
from segmind_ltx._core.api_errors import error_for
from segmind_ltx._core.effects import Call, Context, Flow, NoResponse, Response, call_from, describe, send, sleep
from segmind_ltx._core.journal import NOTE_PREFIX, EntryState, JournalBusyError
from segmind_ltx._core.parameters import PreparedRequest, check_seconds
from segmind_ltx._core.request_ids import request_id_in
from segmind_ltx._core.results import VideoFacts

# contract: v2.answers-at-once
SUBMIT_TIMEOUT: Final = 60.0
"""Seconds of silence after which a submit fails, if the caller set no timeout."""
VIDEO_TIME: Final = 60.0
"""Seconds that the video of a blocking call may take on top of the deadline of its call."""
ACCEPT_VIDEO: Final = "video/*, application/json;q=0.9, */*;q=0.1"
"""The Accept header of a blocking call. Bytes come first: they are the video, and need no second request."""
LEDGER_WAIT: Final = 30.0
"""Seconds for which a paid call waits if another process has locked the ledger."""
LEDGER_POLL: Final = 0.5
"""Seconds between two attempts to record a paid call."""


def submit(
    context: Context,
    prepared: PreparedRequest,
    on_accepted: Callable[[str], object] | None = None,
    deadline: float | None = None,
    pauses_until: float | None = None,
) -> Flow[str]:
    """Submit a job, and return its request id. If ``on_accepted`` is given, it gets the id first.

    ``deadline`` bounds the call and its retries, ``pauses_until`` only the pauses before the retries: a call that was
    sent is then never given up early, since its id would be lost. Both are on the clock ``context.now``.
    """
    slug = prepared.model.slug
    call = call_from(prepared.model.submit(body=prepared.request), context.read_timeout or SUBMIT_TIMEOUT)
    paid = _PaidCall(context, prepared, call, (yield from _record_before_sending(context, prepared, call)))
    request_id: str | None = None
    try:
        response = yield from paid.post(deadline, blocking=False, pauses_until=pauses_until)
        request_id = answers.parse_submit(response, call, slug)
        paid.accept(request_id)
        if on_accepted is not None:
            on_accepted(request_id)
        context.log.info("submitted job %s to %s", request_id, slug)
    except BaseException as error:
        if request_id is None:
            paid.record_failure(error)
        else:
            context.journal.record_end(request_id, error)
        raise
    return request_id


def generate_blocking(context: Context, prepared: PreparedRequest, timeout: float) -> Flow[VideoFacts]:
    """Make one blocking v1 call, and return the facts about its video; ``timeout`` is in seconds."""
    slug = prepared.model.slug
    call = call_from(prepared.model.generate(body=prepared.request), check_seconds("timeout", timeout), VIDEO_TIME)
    call = call._replace(accept=ACCEPT_VIDEO)
    paid = _PaidCall(context, prepared, call, (yield from _record_before_sending(context, prepared, call)))
    try:
        response = yield from paid.post(None, blocking=True)
        facts = answers.video_of_call(response, call, slug, context.base_url)
    except BaseException as error:
        paid.record_failure(error)
        raise
    context.journal.record_outcome(paid.entry, EntryState.ANSWERED, facts.request_id)
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


class _PaidCall:
    """A paid call with its row in the journal. A response that arrives after it was given up is recorded as well."""

    def __init__(self, context: Context, prepared: PreparedRequest, call: Call, entry: int) -> None:
        self.entry = entry
        self._context, self._model = context, prepared.model
        self._call = call._replace(on_late=self._record_late)
        self._accepted = self._maybe_sent = False

    def post(self, deadline: float | None, *, blocking: bool, pauses_until: float | None = None) -> Flow[Response]:
        """Make the call, and return its 2xx response, or raise. Send it again only if that cannot pay twice."""
        context, slug = self._context, self._model.slug
        end = pauses_until if deadline is None else deadline
        attempt = 0
        while True:
            self._maybe_sent = True
            outcome = yield from send(self._within(deadline))
            if isinstance(outcome, Response) and outcome.ok:
                return outcome
            attempt += 1
            repeatable = retry.may_repeat_paid(outcome, blocking=blocking, resend_on=context.resend_on)
            # Whatever the status: if a response names a job, that job may exist.
            if isinstance(outcome, Response) and request_id_in(outcome) is not None:
                repeatable = False
            self._maybe_sent = not repeatable
            delay = retry.delay_before(attempt, outcome, time=context.time(), random=context.random())
            too_late = end is not None and context.now() + delay >= end
            if attempt > context.max_submit_retries or not repeatable or too_late:
                break
            context.log.warning("%s: %s; retry in %.1f s", self._call, describe(outcome), delay)
            yield from sleep(delay)
        if isinstance(outcome, Response):
            raise error_for(outcome, self._call, model=slug, time=context.time())
        raise self._lost(outcome)

    def accept(self, request_id: str) -> None:
        """Record the id of the job."""
        self._accepted = True
        self._context.journal.record_outcome(self.entry, EntryState.ACCEPTED, request_id)

    def record_failure(self, error: BaseException) -> None:
        """Record how the call failed."""
        if self._maybe_sent or isinstance(error, errors.SegmindLtxError):
            self._context.journal.record_failure(self.entry, self._model.slug, error)
            return
        # Interrupted during a pause, after a refusal or a call that was not sent.
        self._context.journal.record_outcome(self.entry, EntryState.REFUSED, None)
        error.add_note(f"{NOTE_PREFIX}a paid call to {self._model.slug} was interrupted; nothing is billed.")

    def _within(self, deadline: float | None) -> Call:
        if deadline is None:
            return self._call
        left = max(0.0, deadline - self._context.now())
        return self._call._replace(
            read_timeout=min(self._call.read_timeout, left), deadline=min(self._call.limit, left)
        )

    def _lost(self, outcome: NoResponse) -> errors.APIConnectionError:
        slug, low, high = self._model.slug, self._model.usd_low, self._model.usd_high
        if not outcome.sent:
            return errors.APIConnectionError(
                f"{self._call} was not sent: {outcome.reason}. Nothing is billed.", model=slug
            )
        price = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        return errors.SubmitUncertainError(
            f"the response to {self._call} was lost: {outcome.reason}. A job may exist and cost about {price} USD; it "
            f"was not sent again, since that may pay twice. Look at the requests or the credits of your account first.",
            model=slug,
            usd_low=low,
            usd_high=high,
        )

    def _record_late(self, response: Response) -> None:
        """Record a response that arrived after the call was given up, and after its failure was recorded."""
        context = self._context
        if self._accepted:
            return
        if not response.ok:
            error = error_for(response, self._call, model=self._model.slug, time=context.time())
            context.journal.record_failure(self.entry, self._model.slug, error)
            context.log.warning("late response to a call that was given up: %s", error)
            return
        request_id = request_id_in(response) or response.headers.get("x-request-id")
        context.journal.record_outcome(self.entry, EntryState.ACCEPTED, request_id)
        context.log.warning(
            "late response to a call that was given up: %s was accepted, as job %s; it is billed. Take it up again "
            "with client.job(%r).wait()",
            self._call,
            request_id,
            request_id,
        )
