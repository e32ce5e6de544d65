"""What may be sent again, and when. Pure decisions; see `segmind_ltx._core.wait` for who asks.

Every accepted submit is billed and there is no idempotency key. So a paid call is repeated only where it provably
never left, or was answered 429 or 5xx (by the vendor's pages only a 200 is billed). Reading is free and safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from segmind_ltx._core.effects import NoResponse, Response

FIRST_DELAY: Final = 0.5
"""Seconds before the first repetition; each further one waits twice as long, up to `MAX_DELAY`."""
MAX_DELAY: Final = 20.0
MAX_RETRY_AFTER: Final = 120.0
"""Seconds for which a server's own word on when to come back is believed."""


def may_repeat_paid(outcome: Response | NoResponse, *, blocking: bool) -> bool:
    """Whether a paid call may be sent again without any risk of a second charge.

    A ``blocking`` v1 call is the more delicate one: behind a gateway that gave up waiting, the work may go on.
    """
    if isinstance(outcome, NoResponse):
        return not outcome.sent
    if blocking:
        return outcome.status in {429, 500, 503}
    return outcome.status == 429 or outcome.status >= 500


def may_repeat_read(outcome: Response | NoResponse) -> bool:
    """Whether a poll or fetch is worth sending again: the trouble may pass."""
    return isinstance(outcome, NoResponse) or outcome.status == 429 or outcome.status >= 500


def delay_before(attempt: int, outcome: Response | NoResponse | None, *, time: float, random: float) -> float:
    """Seconds to wait before repetition number ``attempt`` (from 1).

    ``time`` is now, in seconds since the epoch; ``random`` is in [0, 1). A 429's own word is taken, capped, with
    up to a second of jitter so that many clients do not come back at once.
    """
    reset = reset_at(outcome.headers, time) if isinstance(outcome, Response) and outcome.status == 429 else None
    # A moment that is past (clocks differ, or it was no date) says nothing of when to come back.
    if reset is not None and reset.timestamp() > time:
        return min(reset.timestamp() - time, MAX_RETRY_AFTER) + random
    # The exponent is bounded, since a job may be polled through an outage of hours.
    return min(FIRST_DELAY * 2.0 ** min(attempt - 1, 16), MAX_DELAY) * (0.5 + random / 2)


def reset_at(headers: Mapping[str, str], time: float) -> datetime | None:
    """When a rate limit is lifted, in UTC, as reset by x-rate-limit-reset-at-utc or else Retry-After.

    The form of the former is not published: ISO 8601 and seconds (or milliseconds) since the epoch are understood.
    """
    return _instant(headers.get("x-rate-limit-reset-at-utc")) or _retry_after(headers.get("retry-after"), time)


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
    try:
        return _in_utc(parsedate_to_datetime(value))
    except (ValueError, OverflowError):
        return None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _from_epoch(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
