"""Decide whether a call may be sent again, and when. Pure; called by `segmind_ltx._core.submit` and ``wait``.

Every accepted submit is billed, and there is no idempotency key. So a paid call is repeated only if it provably was not
sent, or if the response was a 429. A 5xx may come from a gateway in front of a job that was accepted; by the vendor's
other pages it is not billed, so the user may choose to repeat it (``resend_on``). Polls and fetches are free.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from segmind_ltx._core.effects import NoResponse, Response

FIRST_DELAY: Final = 0.5
"""Seconds before the first retry; each further one waits twice as long, up to `MAX_DELAY`."""
MAX_DELAY: Final = 20.0
MAX_RETRY_AFTER: Final = 120.0
"""The most seconds to wait because a server asked for it."""


# contract: billing.accepted-only, billing.no-idempotency
def may_repeat_paid(
    outcome: Response | NoResponse, *, blocking: bool, resend_on: Collection[int] = frozenset()
) -> bool:
    """Whether a paid call may be sent again.

    A ``blocking`` v1 call is riskier: if a gateway gave up waiting, the work may go on behind it.
    """
    if isinstance(outcome, NoResponse):
        return not outcome.sent
    if blocking and outcome.status not in {429, 500, 503}:
        return False
    return outcome.status == 429 or outcome.status in resend_on


# contract: billing.reads-are-free
def may_repeat_read(outcome: Response | NoResponse) -> bool:
    """Whether to send a poll or fetch again: the failure may be temporary."""
    return isinstance(outcome, NoResponse) or outcome.status in {408, 409, 425, 429} or outcome.status >= 500


def delay_before(attempt: int, outcome: Response | NoResponse | None, *, time: float, random: float) -> float:
    """Return the seconds to wait before retry number ``attempt`` (from 1).

    ``time`` is now, in seconds since the epoch; ``random`` is in [0, 1). If a 429 says when to come back, wait until
    then, at most `MAX_RETRY_AFTER`, plus up to a second of jitter so that many clients do not come back at once.
    """
    reset = None
    if isinstance(outcome, Response) and outcome.status == 429:
        # The moment is one of the server's clock, and so is that of the Date header: this clock may be wrong.
        sent_at = _http_date(outcome.headers.get("date"))
        time = time if sent_at is None else sent_at.timestamp()
        # contract: rate-limited.x-rate-limit-reset-at-utc
        reset = reset_at(outcome.headers, time)
    # If the moment is past (clocks differ, or the value was not a date), it says nothing about when to come back.
    if reset is not None and reset.timestamp() > time:
        return min(reset.timestamp() - time, MAX_RETRY_AFTER) + random
    # Bound the exponent, since a job may be polled through an outage of hours.
    return min(FIRST_DELAY * 2.0 ** min(attempt - 1, 16), MAX_DELAY) * (0.5 + random / 2)


def reset_at(headers: Mapping[str, str], time: float) -> datetime | None:
    """Return the end of a rate limit, in UTC, from x-rate-limit-reset-at-utc or else Retry-After; None without them.

    The format of the former is not documented: ISO 8601 and seconds or milliseconds since the epoch are accepted.
    """
    return _instant(headers.get("x-rate-limit-reset-at-utc")) or _retry_after(headers.get("retry-after"), time)


# contract: transport.reset-form
def _instant(value: str | None) -> datetime | None:
    if not value:
        return None
    text = value.strip()
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        return _from_epoch(number / 1000 if number > 1e11 else number)
    try:
        return _in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _retry_after(value: str | None, time: float) -> datetime | None:
    if not value:
        return None
    try:
        return _from_epoch(time + float(value))
    except ValueError:
        pass
    return _http_date(value)


def _http_date(value: str | None) -> datetime | None:
    try:
        return _in_utc(parsedate_to_datetime(value)) if value else None
    except (ValueError, OverflowError, TypeError):
        return None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _from_epoch(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
