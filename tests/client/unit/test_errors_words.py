"""Check the facts in each message that decide whether to pay again, and the defaults."""

# Each step takes the value of the one before it.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx import errors
from segmind_ltx._core.answers import JobState, parse_status
from segmind_ltx._core.api_errors import detail_in
from segmind_ltx._core.effects import Call, Response
from support.callers import Caller

FREE = "Nothing was billed"
# The facts that the advice for a status must give; 418 and 599 stand for undocumented statuses.
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
    """Yield its subclasses in the module, at any depth."""
    for sub in kind.__subclasses__():
        if sub.__module__ == errors.__name__:
            yield sub
            yield from _below(sub)


@pytest.mark.parametrize("status", FACTS)
def test_advice_facts(status: int) -> None:
    """Each advice states its facts in a plain sentence."""
    advice = errors.class_for_status(status).advice
    assert [fact for fact in FACTS[status] if fact.lower() not in advice.lower()] == []
    # One capital, then small letters up to a full stop; names keep their own case.
    assert re.fullmatch(r"(A|[A-Z][a-z]+) [^A-Z]([a-z0-9 .,:;'()_=]|v1|API|SEGMIND_API_KEY|Behind)*[a-z)]\.", advice)


def test_advice_for_every_class() -> None:
    """Every class of status error has its advice."""
    assert set(KINDS) == {errors.APIStatusError, *_below(errors.APIStatusError)}


def test_advice_promises_free() -> None:
    """Only statuses that are refused before any work are called free."""
    promised = {status for status in FACTS if FREE in errors.class_for_status(status).advice}
    assert promised == {400, 406, 429}


@pytest.mark.parametrize("status", FACTS)
def test_advice_ends_message(caller: Caller, wire: respx.MockRouter, status: int) -> None:
    """The message ends with the advice, after the service's own words."""
    wire.get("/v2/requests/job-1").respond(status, json={"error": "their words"})
    kind = errors.class_for_status(status)
    error = caller.raising(kind, lambda c: c.job("job-1").result())
    assert str(error).startswith(f"GET /v2/requests/job-1 was answered {status}: their words.")
    assert str(error).endswith(f" {kind.advice}")
    assert (error.status, error.detail) == (status, "their words")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_uncertain_submit_facts(caller: Caller, wire: respx.MockRouter, version: str) -> None:
    """An uncertain submit's error gives the call, the price range and what to do next."""
    wire.post(f"/{version}/ltx-2-fast").side_effect = httpx.ReadError("reset")
    pay = "generate_blocking" if version == "v1" else "submit"
    error = caller.raising(ltx.SubmitUncertainError, lambda c: getattr(c, pay)("ltx-2-fast", prompt="x"))
    facts = (f"POST /{version}/ltx-2-fast", "may exist", "cost", "USD", "not sent again", "pay twice", "account")
    assert [fact for fact in facts if fact not in str(error)] == []
    assert FREE not in str(error)
    assert error.usd_low is not None
    assert 0 < error.usd_low < error.usd_high


@pytest.mark.parametrize("kind", [errors.SegmindLtxError, *_below(errors.SegmindLtxError)])
def test_error_with_message_alone(kind: type[errors.SegmindLtxError]) -> None:
    """An error needs only its message; the other attributes are None."""
    error = kind("what happened")
    told = (error.request_id, error.model, error.status, error.detail, error.body)
    assert told == (None, None, None, None, None)
    assert error.message == "what happened"
    # A traceback, a logger and repr() read these.
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
def test_except_clause_catches_subclass(caught: type[Exception], raised: type[errors.SegmindLtxError]) -> None:
    """An except clause for the general class catches the special one."""
    with pytest.raises(caught):
        raise raised("what happened")
    with pytest.raises(errors.SegmindLtxError):
        raise raised("what happened")


@pytest.mark.parametrize(
    ("caught", "raised"),
    [
        # Each of these would make a user pay twice, or mistake a refusal for a network failure.
        (errors.APIConnectionError, errors.WaitTimeoutError),
        (errors.APIConnectionError, errors.ServerError),
        (errors.APIStatusError, errors.JobFailedError),
        (errors.APIStatusError, errors.UnexpectedResponseError),
        (errors.SubmitUncertainError, errors.APIConnectionError),
        (errors.JobFailedError, errors.JobNotFinishedError),
        (errors.JobFailedError, errors.DownloadError),
    ],
)
def test_except_clause_keeps_kinds_apart(
    caught: type[errors.SegmindLtxError], raised: type[errors.SegmindLtxError]
) -> None:
    """Errors that need another reaction are not subclasses of each other."""
    assert not issubclass(raised, caught)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"error": "blocked"}, "blocked"),
        ({"error": "blocked", "error_description": "by a filter"}, "blocked: by a filter"),
        ({"error": "", "error_description": "by a filter"}, "by a filter"),
        ({"message": "blocked"}, "blocked"),
        ({"detail": "blocked"}, "blocked"),
        ({"error": {"status": 400, "title": "Bad Request", "message": "blocked"}}, "blocked"),
        ({"error": {"code": 7}, "detail": "blocked"}, "blocked"),
        ({"error": {"error": {}}, "message": {"reason": "blocked"}}, "blocked"),
        ({"detail": [{"loc": ["prompt"], "msg": "too long"}, {"msg": "no image"}, 7]}, "too long; no image"),
        ({"detail": [{"msg": str(number)} for number in range(9)]}, "0; 1; 2; 3; 4"),
        ({"error": [[[["blocked"]]]]}, None),
        ({"error": None, "status": "x"}, None),
        ({"detail": "x" * 900}, "x" * 500),
    ],
    ids=str,
)
def test_detail_of_any_form(body: dict[str, Any], detail: str | None) -> None:
    """The message is found whatever a service calls it: in an object, in a list, beside a description."""
    assert detail_in(body) == detail
    assert JobState("FAILED", body).detail == detail
    assert JobState("PROCESSING", body).detail is None


def test_refusal_with_422_is_no_failed_job() -> None:
    """What a framework in front of the API says of a request does not end a job that is paid for."""
    call = Call("GET", "/v2/requests/job-1/status", 30.0)
    refused = Response(422, {}, b'{"detail": [{"loc": ["path"], "msg": "not a valid id"}]}')
    with pytest.raises(errors.UnexpectedResponseError):
        parse_status(refused, call, "job-1")
    assert parse_status(Response(422, {}, b'{"error": "blocked"}'), call, "job-1").state == "FAILED"
