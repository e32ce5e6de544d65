"""Answer every call with every status: the class, its attributes, and the number of requests."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx._config import DEFAULT_MAX_RETRIES
from support.callers import Caller, Step, caller_cases

ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"
PROMPT = "A lighthouse at dusk."
STAGES: dict[str, tuple[str, str, Step]] = {
    "submit": ("POST", "/v2/ltx-2-pro", lambda c: c.submit("ltx-2-pro", prompt=PROMPT)),
    "v1": ("POST", "/v1/ltx-2-pro", lambda c: c.generate_blocking("ltx-2-pro", prompt=PROMPT)),
    "status": ("GET", f"/v2/requests/{ID}/status", lambda c: c.job(ID).status()),
    "result": ("GET", f"/v2/requests/{ID}", lambda c: c.job(ID).result()),
}
CLASSES: dict[int, tuple[type[Exception], bool]] = {
    400: (ltx.BadRequestError, False),
    401: (ltx.AuthenticationError, False),
    403: (ltx.PermissionDeniedError, False),
    404: (ltx.NotFoundError, False),
    405: (ltx.APIStatusError, False),
    406: (ltx.InsufficientCreditsError, False),
    410: (ltx.ModelRetiredError, False),
    429: (ltx.RateLimitError, True),
    500: (ltx.InternalServerError, True),
    502: (ltx.BadGatewayError, True),
    503: (ltx.ServerError, True),
    504: (ltx.GatewayTimeoutError, True),
    520: (ltx.ServerError, True),
}
"""The class, and True if the call is retried first."""

FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "json": ({"json": {"error": "no such luck"}}, "no such luck"),
    "json of the auth layer": (
        {"json": {"error": "no", "error_description": "such luck", "status_code": 1}},
        "no: such luck",
    ),
    "plain text": ({"text": "no such luck\n"}, "no such luck"),
    "html": (
        {"html": "<html><head><title>Oops</title></head><body><h1>no</h1> <p>such luck</p></body></html>"},
        "no such luck",
    ),
}


@pytest.mark.parametrize(
    ("caller", "stage", "status", "form"),
    caller_cases(list(STAGES), list(CLASSES), list(FORMS)),
    indirect=["caller"],
)
def test_error_status_class(caller: Caller, wire: respx.MockRouter, stage: str, status: int, form: str) -> None:
    """Each error status raises its class in every call and for every form of body."""
    method, path, step = STAGES[stage]
    body, detail = FORMS[form]
    kind, repeated = CLASSES[status]
    route = wire.request(method, path).respond(status, **body)
    error = caller.raising(kind, step)
    assert (error.status, error.detail) == (status, detail)
    assert error.body == body.get("json")
    assert error.request_id == (ID if method == "GET" else None)
    assert str(status) in str(error)
    assert detail in str(error)
    if method == "POST" and status >= 500:
        repeated = False  # Behind a gateway that gave up, the work may go on, and be billed.
    assert route.call_count == (1 + DEFAULT_MAX_RETRIES if repeated else 1)


@pytest.mark.parametrize("stage", ["status", "result"])
def test_422_of_read_is_failed_job(caller: Caller, wire: respx.MockRouter, stage: str) -> None:
    """A 422 with the word FAILED is a failed job in both reads."""
    method, path, step = STAGES[stage]
    body = {"status": "FAILED", "error": "blocked", "metrics": {"total_time": 3.5}}
    route = wire.request(method, path).respond(422, json=body)
    if stage == "status":
        seen = caller(step)
        assert (seen.state, seen.detail, seen.total_time, seen.finished) == ("FAILED", "blocked", 3.5, True)
    else:
        error = caller.raising(ltx.JobFailedError, step)
        assert (error.request_id, error.detail, error.body) == (ID, "blocked", body)
    assert route.call_count == 1


def test_422_with_error_is_failed_job(caller: Caller, wire: respx.MockRouter) -> None:
    """A 422 with an error but no status is a failed job too."""
    wire.get(STAGES["status"][1]).respond(422, json={"error": "content was blocked"})
    error = caller.raising(ltx.JobFailedError, lambda c: c.job(ID).wait())
    assert (error.request_id, error.detail) == (ID, "content was blocked")


def test_422_without_error_is_unexpected(caller: Caller, wire: respx.MockRouter) -> None:
    """A 422 without an error is an unexpected response."""
    wire.get(STAGES["status"][1]).respond(422, json={"detail": [{"loc": ["query"]}]})
    error = caller.raising(ltx.UnexpectedResponseError, lambda c: c.job(ID).wait())
    assert (error.request_id, error.status) == (ID, 422)


@pytest.mark.parametrize("stage", ["submit", "v1"])
def test_422_of_paid_call(caller: Caller, wire: respx.MockRouter, stage: str) -> None:
    """A 422 to a paid call is a plain status error if it does not say FAILED."""
    _, path, step = STAGES[stage]
    route = wire.post(path).respond(422, json={"error": "unprocessable"})
    error = caller.raising(ltx.APIStatusError, step)
    assert (error.status, error.detail, route.call_count) == (422, "unprocessable", 1)


def test_422_of_v1_is_failed_job(caller: Caller, wire: respx.MockRouter) -> None:
    """A v1 response that says FAILED is a failed job."""
    _, path, step = STAGES["v1"]
    wire.post(path).respond(422, json={"status": "FAILED", "error": "blocked", "request_id": ID})
    error = caller.raising(ltx.JobFailedError, step)
    assert (error.status, error.detail, error.request_id) == (422, "blocked", ID)


@pytest.mark.parametrize(
    ("caller", "stage", "status"),
    caller_cases(list(STAGES), [301, 302, 303, 304, 307, 308]),
    indirect=["caller"],
)
def test_redirect_not_followed(caller: Caller, wire: respx.MockRouter, stage: str, status: int) -> None:
    """A redirect is an unexpected response and is not followed."""
    method, path, step = STAGES[stage]
    wire.request(method, path).respond(status, headers={"location": "https://elsewhere.test/"})
    other = wire.route(host="elsewhere.test").respond(200, json={"request_id": "stolen"})
    error = caller.raising(ltx.UnexpectedResponseError, step)
    assert error.status == status
    assert other.call_count == 0
    if method == "POST":
        assert len(wire.calls) == 1


def test_own_client_follows_no_redirect(wire: respx.MockRouter) -> None:
    """Even a user's httpx client that follows redirects does not follow one here."""
    wire.post("/v2/ltx-2-pro").respond(307, headers={"location": "https://elsewhere.test/v2/ltx-2-pro"})
    other = wire.post("https://elsewhere.test/v2/ltx-2-pro").respond(200, json={"request_id": "stolen"})
    with httpx.Client(follow_redirects=True) as http:
        client = ltx.Client("SG_0123456789abcdef", "https://api.example.test", http=http)
        with pytest.raises(ltx.UnexpectedResponseError):
            client.submit("ltx-2-pro", prompt=PROMPT)
    assert other.call_count == 0


@pytest.mark.parametrize("stage", STAGES)
def test_transient_failures_retried(caller: Caller, wire: respx.MockRouter, stage: str) -> None:
    """Failures that pass are retried until the response comes."""
    method, path, step = STAGES[stage]
    good = {"request_id": ID, "status": "COMPLETED", "output": "https://out.test/a.mp4"}
    answers: list[httpx.Response | Exception | type[Exception]] = [
        httpx.ConnectError("refused"),
        httpx.Response(503, text="busy"),
        httpx.Response(429),
        httpx.Response(200, json=good),
    ]
    route = wire.request(method, path)
    route.side_effect = answers
    assert caller(step, resend_on={503}) is not None
    assert route.call_count == len(answers)
    assert len(caller.clock.slept) == len(answers) - 1


@pytest.mark.parametrize("stage", STAGES)
def test_no_retries(caller: Caller, wire: respx.MockRouter, stage: str) -> None:
    """A call is sent once if retries are off."""
    method, path, step = STAGES[stage]
    route = wire.request(method, path).respond(500)
    caller.raising(ltx.InternalServerError, step, max_retries=0)
    assert route.call_count == 1
    assert caller.clock.slept == []
