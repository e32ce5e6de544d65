"""Count what is sent when the response to a paid call is lost, truncated or unexpected.

More than 250 lines, since every response to a paid call has its case here.
"""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx._config import DEFAULT_MAX_RETRIES
from segmind_ltx.ledger import Ledger
from support.callers import Caller, Step, caller_cases

ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"
PAID: dict[str, tuple[str, Step]] = {
    "submit": ("/v2/ltx-2-fast", lambda c: c.submit("ltx-2-fast", prompt="x")),
    "v1": ("/v1/ltx-2-fast", lambda c: c.generate_blocking("ltx-2-fast", prompt="x")),
}
AFTER_SENDING = (
    httpx.ReadTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.WriteTimeout,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
    httpx.CloseError,
    OSError,
)
BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@pytest.mark.parametrize(("caller", "stage", "fault"), caller_cases(list(PAID), AFTER_SENDING), indirect=["caller"])
def test_lost_response_sent_once(caller: Caller, wire: respx.MockRouter, stage: str, fault: type[Exception]) -> None:
    """If the response to a paid call is lost, it was sent once and is uncertain."""
    path, step = PAID[stage]
    route = wire.post(path)
    route.side_effect = fault("gone")
    error = caller.raising(ltx.SubmitUncertainError, step)
    assert route.call_count == 1
    assert caller.clock.slept == []
    assert (error.usd_low, error.usd_high) == (0.3, 2.0)
    assert "0.3 to 2" in str(error)
    assert (error.model, error.request_id, error.status) == ("ltx-2-fast", None, None)


@pytest.mark.parametrize("fault", BEFORE_SENDING)
@pytest.mark.parametrize("stage", PAID)
def test_unsent_call_retried(caller: Caller, wire: respx.MockRouter, stage: str, fault: type[Exception]) -> None:
    """A paid call that was never sent is retried, and its error is not uncertain."""
    path, step = PAID[stage]
    route = wire.post(path)
    route.side_effect = fault("refused")
    error = caller.raising(ltx.APIConnectionError, step)
    assert route.call_count == 1 + DEFAULT_MAX_RETRIES
    assert "Nothing is billed" in str(error)


def test_lost_response_ends_retries(caller: Caller, wire: respx.MockRouter) -> None:
    """A lost response ends the retries."""
    path, step = PAID["submit"]
    route = wire.post(path)
    route.side_effect = [httpx.ConnectError("refused"), httpx.Response(429), httpx.ReadTimeout("slow")]
    caller.raising(ltx.SubmitUncertainError, step)
    assert route.call_count == 3


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_with_id_is_accepted(caller: Caller, wire: respx.MockRouter, status: int) -> None:
    """Any 2xx with a request id is an accepted job."""
    path, step = PAID["submit"]
    route = wire.post(path).respond(status, json={"request_id": ID, "status": "QUEUED", "new": [1]})
    job = caller(step)
    assert (job.id, job.model, route.call_count) == (ID, "ltx-2-fast", 1)


CUT = f'{{"status": "QUEUED", "request_id": "{ID}", "poll_ur'.encode()


def test_body_truncated_after_id(caller: Caller, wire: respx.MockRouter) -> None:
    """A body truncated after the request id still gives the job."""
    path, step = PAID["submit"]
    route = wire.post(path).respond(200, content=CUT, headers={"content-length": "400"})
    assert caller(step).id == ID
    assert route.call_count == 1


def test_invalid_json_with_id(caller: Caller, wire: respx.MockRouter) -> None:
    """Invalid JSON of the announced length still gives the job."""
    path, step = PAID["submit"]
    wire.post(path).respond(200, content=CUT)
    assert caller(step).id == ID


ADDRESS = f"https://api.segmind.com/v2/requests/{ID}"
RECOVERED: dict[str, dict[str, object]] = {
    "status_url": {"status": "QUEUED", "status_url": f"{ADDRESS}/status"},
    "response_url": {"request_id": None, "status_url": None, "response_url": ADDRESS},
    "both, and an empty id": {"request_id": "", "status_url": f"{ADDRESS}/status", "response_url": ADDRESS},
    "another host, which is never asked": {"status_url": f"https://elsewhere.test/v2/requests/{ID}/status"},
}


@pytest.mark.parametrize("body", RECOVERED)
def test_id_taken_from_url(caller: Caller, wire: respx.MockRouter, body: str) -> None:
    """A missing request id is taken from the job's URL, which is never called."""
    path, step = PAID["submit"]
    wire.post(path).respond(200, json=RECOVERED[body])
    assert caller(step).id == ID
    assert {call.request.url.host for call in wire.calls} == {"api.example.test"}


@pytest.mark.parametrize("url", ["https://x.test/v2/requests/../status", "https://x.test/v2/requests/%2e%2e", "7", "/"])
def test_url_without_usable_id(caller: Caller, wire: respx.MockRouter, url: str) -> None:
    """A URL without a usable id gives none."""
    path, step = PAID["submit"]
    wire.post(path).respond(200, json={"status_url": url, "response_url": 7})
    assert "is billed" in str(caller.raising(ltx.UnexpectedResponseError, step))


@pytest.mark.parametrize(
    ("options", "posts"), [({"max_submit_retries": 0}, 1), ({"max_submit_retries": 2}, 3), ({"max_retries": 1}, 2)]
)
@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), httpx.Response(429)])
def test_submit_retry_options(
    caller: Caller, wire: respx.MockRouter, fault: Any, options: dict[str, int], posts: int
) -> None:
    """The options limit how often a submit is retried."""
    path, step = PAID["submit"]
    route = wire.post(path)
    route.side_effect = [fault] * 9
    with pytest.raises(ltx.SegmindLtxError):
        caller(step, **options)
    assert route.call_count == posts


def test_retry_logged_to_own_logger(caller: Caller, wire: respx.MockRouter, caplog: pytest.LogCaptureFixture) -> None:
    """A retry is logged to the given logger."""
    path, step = PAID["submit"]
    wire.post(path).side_effect = [httpx.Response(429), httpx.Response(200, json={"request_id": ID})]
    with caplog.at_level("INFO", "mine"):
        caller(step, logger=logging.getLogger("mine"))
    assert [record.name for record in caplog.records] == ["mine", "mine"]
    assert "status 429; retry in" in caplog.text
    assert ID in caplog.records[-1].getMessage()


def test_timeout_option(caller: Caller, wire: respx.MockRouter) -> None:
    """The timeout option bounds every phase of the request."""
    path, step = PAID["submit"]
    route = wire.post(path).respond(200, json={"request_id": ID})
    caller(step, timeout=7.5)
    assert max(route.calls[0].request.extensions["timeout"].values()) == 7.5


NO_ID = {
    "empty": b"",
    "html": b"<html>Welcome</html>",
    "null": b"null",
    "array": b"[]",
    "a number": b"17",
    "object": b"{}",
    "null id": b'{"request_id": null}',
    "empty id": b'{"request_id": ""}',
    "dots": b'{"request_id": ".."}',
    "slash": b'{"request_id": "a/../../v1/ltx-video"}',
    "encoded dots": b'{"request_id": "%2e%2e"}',
    "control characters": b'{"request_id": "a\\r\\nb"}',
    "lone surrogate": b'{"request_id": "\\ud800"}',
    "cut before the id": b'{"status": "QUEUED", "request_i',
    "cut in the id": b'{"status": "QUEUED", "request_id": "7c1f7a3e-6a0e',
    "broken utf-8": b'{"request_id": "\xff\xfe"',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("body", NO_ID)
def test_submit_without_usable_id(caller: Caller, wire: respx.MockRouter, body: str) -> None:
    """A submit without a usable id is never retried, and the error says that it is billed."""
    path, step = PAID["submit"]
    route = wire.post(path).respond(200, content=NO_ID[body])
    error = caller.raising(ltx.UnexpectedResponseError, step)
    assert route.call_count == 1
    assert "is billed" in str(error)
    assert (error.model, error.status) == ("ltx-2-fast", 200)
    str(error).encode()


@pytest.mark.parametrize("body", ["html", "null", "array", "object", "empty"])
def test_blocking_call_without_video(caller: Caller, wire: respx.MockRouter, body: str) -> None:
    """A v1 response without a video is never retried, and the error says that it is billed."""
    path, step = PAID["v1"]
    route = wire.post(path).respond(200, content=NO_ID[body], headers={"x-request-id": ID})
    error = caller.raising(ltx.UnexpectedResponseError, step)
    assert route.call_count == 1
    assert error.request_id == ID
    assert "it is billed" in str(error)


BAD_CALLS: dict[str, Step] = {
    "timeout of a word": lambda c: c.generate("ltx-2-fast", prompt="x", timeout="900"),
    "timeout that is no number": lambda c: c.generate("ltx-2-fast", prompt="x", timeout=float("nan")),
    "negative timeout": lambda c: c.generate("ltx-2-fast", prompt="x", timeout=-1),
    "endless timeout of v1": lambda c: c.generate_blocking("ltx-2-fast", prompt="x", timeout=float("inf")),
    "timeout of a word for v1": lambda c: c.generate_blocking("ltx-2-fast", prompt="x", timeout="900"),
    "wrong value": lambda c: c.submit("ltx-2-fast", prompt="x", duration=7),
    "no model": lambda c: c.submit("ltx-3", prompt="x"),
    "request and parameters": lambda c: c.submit(ltx.Ltx2FastRequest(prompt="x"), duration=6),
}


@pytest.mark.parametrize("call", BAD_CALLS)
def test_invalid_call_sends_nothing(caller: Caller, wire: respx.MockRouter, call: str) -> None:
    """An invalid call is refused before anything is sent."""
    caller.raising(ltx.ParameterError, BAD_CALLS[call])
    assert len(wire.calls) == 0


def test_closed_client_sends_nothing(wire: respx.MockRouter) -> None:
    """A closed client sends nothing."""
    client = ltx.Client("SG_0123456789abcdef", "https://api.example.test")
    client.close()
    with pytest.raises(ltx.ConfigurationError):
        client.submit("ltx-2-fast", prompt="x")
    assert len(wire.calls) == 0


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("stage", PAID)
def test_server_error_with_id_not_retried(
    caller: Caller, wire: respx.MockRouter, tmp_path: Path, stage: str, status: int
) -> None:
    """A server error that names a job is not retried."""
    path, step = PAID[stage]
    route = wire.post(path).respond(status, json={"error": "late", "request_id": ID})
    ledger = Ledger(tmp_path / "jobs.sqlite")
    with pytest.raises(ltx.APIStatusError) as caught:
        caller(step, ledger=ledger, resend_on=range(500, 600))
    assert (route.call_count, caught.value.request_id) == (1, ID)
    assert [(entry.state, entry.request_id) for entry in ledger.entries()] == [("uncertain", ID)]
    ledger.close()


@pytest.mark.parametrize("status", [400, 406])
@pytest.mark.parametrize("stage", PAID)
def test_refusal_with_id_is_refusal(
    caller: Caller, wire: respx.MockRouter, tmp_path: Path, stage: str, status: int
) -> None:
    """A refusal is recorded as one even if it names a request id."""
    path, step = PAID[stage]
    route = wire.post(path).respond(status, json={"error": "no", "request_id": ID})
    ledger = Ledger(tmp_path / "jobs.sqlite")
    with pytest.raises(ltx.APIStatusError):
        caller(step, ledger=ledger)
    assert route.call_count == 1
    assert [(entry.state, entry.request_id) for entry in ledger.entries()] == [("refused", None)]
    ledger.close()
