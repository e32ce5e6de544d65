"""What an exception tells somebody who has to decide whether to pay again: the facts in its words, and its defaults."""

# A step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx import errors
from support.callers import Caller

FREE = "Nothing was billed"
# By status, where 418 and 599 stand for those that no document names: the facts that the advice has to give.
FACTS: dict[int, tuple[str, ...]] = {
    400: (FREE, "correct"),
    401: ("key", "api_key=", "SEGMIND_API_KEY"),
    403: ("key is known", "may not"),
    404: ("no such model", "no such job", "hour", "expired"),
    406: (FREE, "credits", "another limit"),
    410: ("model", "retired", "another"),
    418: ("documents", "status"),
    429: (FREE, "later"),
    500: ("vendor's pages", "only", "200", "billed"),
    502: ("gateway", "blocking", "v1", "may have gone on", "before you repeat"),
    504: ("gateway", "blocking", "v1", "may have gone on", "before you repeat"),
    599: ("vendor's pages", "only", "200", "billed"),
}
KINDS = [errors.class_for_status(status) for status in FACTS]


def _below(kind: type[errors.SegmindLtxError]) -> Iterator[type[errors.SegmindLtxError]]:
    """Its subclasses in the module, at any depth."""
    for sub in kind.__subclasses__():
        if sub.__module__ == errors.__name__:
            yield sub
            yield from _below(sub)


@pytest.mark.parametrize("status", FACTS)
def test_the_advice_names_what_to_do_and_is_a_plain_sentence(status: int) -> None:
    advice = errors.class_for_status(status).advice
    assert [fact for fact in FACTS[status] if fact.lower() not in advice.lower()] == []
    # A capital and small letters, to a full stop; names keep their own case.
    assert re.fullmatch(r"(A|[A-Z][a-z]+) [^A-Z]([a-z0-9 .,:;'()_=]|v1|API|SEGMIND_API_KEY|Behind)*[a-z)]\.", advice)


def test_every_status_that_has_a_class_has_advice() -> None:
    assert set(KINDS) == {errors.APIStatusError, *_below(errors.APIStatusError)}


def test_nothing_is_promised_to_be_free_but_what_is_refused_before_any_work() -> None:
    promised = {status for status in FACTS if FREE in errors.class_for_status(status).advice}
    assert promised == {400, 406, 429}


@pytest.mark.parametrize("status", FACTS)
def test_the_advice_is_the_end_of_what_is_told(caller: Caller, wire: respx.MockRouter, status: int) -> None:
    wire.get("/v2/requests/job-1").respond(status, json={"error": "their words"})
    kind = errors.class_for_status(status)
    error = caller.raising(kind, lambda c: c.job("job-1").result())
    assert str(error).startswith(f"GET /v2/requests/job-1 was answered {status}: their words.")
    assert str(error).endswith(f" {kind.advice}")
    assert (error.status, error.detail) == (status, "their words")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_lost_submit_names_its_call_what_it_may_cost_and_where_to_look(
    caller: Caller, wire: respx.MockRouter, version: str
) -> None:
    wire.post(f"/{version}/ltx-2-fast").side_effect = httpx.ReadError("reset")
    pay = "generate_blocking" if version == "v1" else "submit"
    error = caller.raising(ltx.SubmitUncertainError, lambda c: getattr(c, pay)("ltx-2-fast", prompt="x"))
    facts = (f"POST /{version}/ltx-2-fast", "may exist", "cost", "USD", "not sent again", "pay twice", "account")
    assert [fact for fact in facts if fact not in str(error)] == []
    assert FREE not in str(error)
    assert error.usd_low is not None
    assert 0 < error.usd_low < error.usd_high


@pytest.mark.parametrize("kind", [errors.SegmindLtxError, *_below(errors.SegmindLtxError)])
def test_only_the_words_are_needed_and_all_else_is_none(kind: type[errors.SegmindLtxError]) -> None:
    error = kind("what happened")
    told = (error.request_id, error.model, error.status, error.detail, error.body)
    assert told == (None, None, None, None, None)
    assert error.message == "what happened"
    # What a traceback, a logger and repr() show comes from here.
    assert error.args == ("what happened",)
    assert repr(error) == f"{kind.__name__}('what happened')"


@pytest.mark.parametrize(
    ("caught", "raised"),
    [
        (errors.APIStatusError, errors.RateLimitError),
        (errors.APIStatusError, errors.ServerError),
        (errors.ServerError, errors.InternalServerError),
        (errors.ServerError, errors.BadGatewayError),
        (errors.ServerError, errors.GatewayTimeoutError),
        (errors.APIConnectionError, errors.SubmitUncertainError),
        (errors.DownloadError, errors.OutputExistsError),
        (ValueError, errors.ConfigurationError),
        (ValueError, errors.ParameterError),
        (TimeoutError, errors.WaitTimeoutError),
        (ConnectionError, errors.SubmitUncertainError),
        (FileExistsError, errors.OutputExistsError),
    ],
)
def test_who_catches_the_general_one_catches_the_special_one(
    caught: type[Exception], raised: type[errors.SegmindLtxError]
) -> None:
    with pytest.raises(caught):
        raise raised("what happened")
    with pytest.raises(errors.SegmindLtxError):
        raise raised("what happened")


@pytest.mark.parametrize(
    ("caught", "raised"),
    [
        # Each of these would make somebody submit again what is paid for, or take a refusal for a fault of the network.
        (errors.APIConnectionError, errors.WaitTimeoutError),
        (errors.APIConnectionError, errors.ServerError),
        (errors.APIStatusError, errors.JobFailedError),
        (errors.APIStatusError, errors.UnexpectedResponseError),
        (errors.SubmitUncertainError, errors.APIConnectionError),
        (errors.JobFailedError, errors.JobNotFinishedError),
        (errors.JobFailedError, errors.DownloadError),
    ],
)
def test_kinds_that_ask_for_another_reaction_are_not_mixed_up(
    caught: type[errors.SegmindLtxError], raised: type[errors.SegmindLtxError]
) -> None:
    assert not issubclass(raised, caught)
