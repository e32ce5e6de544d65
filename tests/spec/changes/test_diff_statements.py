"""What two sentences have in common, as far as a program can tell."""

from __future__ import annotations

import pytest

from segmind_ltx_spec.changes.statements import read_statement, same_meaning

SAME = [
    ("A result can be read for one hour.", "For one hour, a result can be read."),
    (
        "A call without a key is answered with 401, on every route.",
        "Every route answers a call that has no key with 401.",
    ),
    ("No GET is billed, however often it is repeated.", "No GET is billed, no matter how often it is repeated."),
    ("A job never goes back from PROCESSING to QUEUED.", "From PROCESSING a job never goes back to QUEUED."),
    ("A result can be read for one hour.", "A result can be read for 60 minutes."),
]
OTHER = [
    ("A result can be read for one hour.", "A result can be read for two hours."),
    ("A job that FAILED is not charged.", "A job that FAILED is charged."),
    ("The same submit sent twice makes two jobs.", "The same submit sent twice makes one job."),
    ("An invalid payload is refused with 400.", "An invalid payload is refused with 422."),
    ("The video lies on another host than the API.", "The video lies on the host of the API."),
    ("The video can be downloaded without a key.", "The video can be downloaded with a key."),
    ("A job is QUEUED, PROCESSING or FAILED.", "A job is QUEUED, RUNNING or FAILED."),
    ("A seed that is left out is chosen at random.", "A seed that is left out is the service's own."),
    ("The account's key is accepted in the header x-api-key.", "The account's key is accepted in the header x-key."),
    ("The same request makes the same video.", "The same request makes a different video."),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_statement_reworded_is_the_same(old: str, new: str) -> None:
    """Other words for the same numbers, names and negations are no change."""
    assert same_meaning(old, new)


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_statement_with_another_fact_differs(old: str, new: str) -> None:
    """Another number, name, negation or word that carries meaning is a change, in both directions."""
    assert not same_meaning(old, new)
    assert not same_meaning(new, old)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("one hour", 3600),
        ("ten minutes", 600),
        ("24 hours", 86400),
        ("seven days", 604800),
        ("a day", 86400),
        ("half an hour", 1800),
    ],
)
def test_statement_has_a_duration(words: str, seconds: float) -> None:
    """Spans of time are read in figures and in words."""
    assert read_statement(f"It is kept for {words}.").seconds == (seconds,)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A job never goes back from PROCESSING to QUEUED.", "A job never goes back from QUEUED to PROCESSING."),
        ("A FAILED job is not charged, and has no cost.", "A FAILED job is charged, and has no cost."),
        ("The reset is in seconds.", "The reset is in milliseconds."),
        ("The same seed makes the same video.", "The same seed makes a similar video."),
        ("A result can be read for one hour.", "A result can be read for one hour from the submit."),
        ("Sides are exact, not those of the nearest step.", "Sides are those of the nearest step, not exact."),
    ],
)
def test_statement_turned_round_is_another(old: str, new: str) -> None:
    """The same words in another order, or a negation elsewhere, are another statement."""
    assert not same_meaning(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A result can be read for one hour.", "A result can be read for 3,600 seconds."),
        ("A job never goes back.", "A job doesn't go back."),
        ("It is kept for 21 days.", "It is kept for twenty-one days."),
    ],
)
def test_statement_in_other_figures_is_the_same(old: str, new: str) -> None:
    """Numbers with commas or in words, and negations in another form, say the same."""
    assert same_meaning(old, new)
