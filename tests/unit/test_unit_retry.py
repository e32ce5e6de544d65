"""What may be sent again, and when."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmind_ltx._retry import LONGEST_DELAY, LONGEST_TOLD, delay_before, may_repeat_paid, may_repeat_read, reset_at
from segmind_ltx._wire import Answer, Lost

fixed = settings(derandomize=True, deadline=None, max_examples=300, database=None)
MOMENTS = st.floats(0, 100_000)
USUAL = st.one_of(st.none(), st.floats(0.5, 600))
NOW = 1_800_000_000.0


@pytest.mark.parametrize("status", range(100, 600))
def test_a_paid_call_is_repeated_after_429_and_5xx_alone(status: int) -> None:
    assert may_repeat_paid(Answer(status, {}, b""), blocking=False) == (status == 429 or status >= 500)
    # Behind a gateway that gave up on a v1 call, the work may go on, and be billed.
    assert may_repeat_paid(Answer(status, {}, b""), blocking=True) == (status in {429, 500, 503})
    assert may_repeat_read(Answer(status, {}, b"")) == (status == 429 or status >= 500)


def test_a_paid_call_that_may_have_left_is_never_repeated() -> None:
    for blocking in (False, True):
        assert may_repeat_paid(Lost("refused", sent=False), blocking=blocking)
        assert not may_repeat_paid(Lost("cut", sent=True), blocking=blocking)
    assert may_repeat_read(Lost("cut", sent=True))


@fixed
@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_up_to_a_bound_and_are_never_nothing(attempt: int, random: float) -> None:
    this, after = (delay_before(n, None, time=NOW, random=random) for n in (attempt, attempt + 1))
    assert 0.25 <= this <= after <= LONGEST_DELAY


@fixed
@given(st.text(max_size=40), st.text(max_size=40), st.floats(0, 1, exclude_max=True))
def test_whatever_a_429_says_the_pause_is_a_bounded_time(reset: str, after: str, random: float) -> None:
    answer = Answer(429, {"x-rate-limit-reset-at-utc": reset, "retry-after": after}, b"")
    assert 0.25 <= delay_before(1, answer, time=NOW, random=random) <= LONGEST_TOLD + 1


@fixed
@given(st.datetimes(timezones=st.timezones()), st.sampled_from(["iso", "epoch", "after"]))
def test_any_date_is_a_reset_or_none_and_never_an_error(moment: object, form: str) -> None:
    text = {"iso": str(moment), "epoch": str(hash(moment)), "after": str(hash(moment))}[form]
    told = reset_at({"retry-after" if form == "after" else "x-rate-limit-reset-at-utc": text}, NOW)
    assert told is None or told.utcoffset() is not None


def test_the_word_of_another_status_than_429_is_not_waited_for() -> None:
    answer = Answer(503, {"retry-after": "100"}, b"")
    assert delay_before(1, answer, time=NOW, random=0.0) < 1
