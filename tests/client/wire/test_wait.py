"""Wait for jobs: no single bad response ends a wait, and the deadline is exact.

More than 250 lines, since every response that a poll can get has its case here.
"""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx._clock import SystemClock
from segmind_ltx._core.journal import GONE_AFTER
from segmind_ltx._core.reads import MAX_REFUSALS, MAX_UNEXPECTED
from support.callers import Caller, caller_cases
from support.clocks import FakeClock

ID = "job-1"
STATUS, RESULT = f"/v2/requests/{ID}/status", f"/v2/requests/{ID}"
DONE = {"request_id": ID, "status": "COMPLETED", "output": "https://out.test/a.mp4", "metrics": {"cost": 0.3}}

WRONG = {**DONE, "output": "https://out.test/wrong.mp4", "metrics": {"cost": 9}}


def _state(word: str) -> httpx.Response:
    return httpx.Response(200, json={"request_id": ID, "status": word})


def _wait(**options: Any) -> Any:
    return lambda c: c.job(ID).wait(**options)


PASSING: dict[str, Any] = {
    "500": httpx.Response(500, json={"error": "x"}),
    "502 html": httpx.Response(502, html="<h1>Bad Gateway</h1>"),
    "504 html": httpx.Response(504, html="<h1>Timeout</h1>"),
    "520": httpx.Response(520),
    "429": httpx.Response(429, json={"error": "slow down"}),
    "reset": httpx.ReadError("reset"),
    "refused": httpx.ConnectError("refused"),
    "timeout": httpx.ReadTimeout("slow"),
    "protocol": httpx.RemoteProtocolError("cut"),
    "truncated": httpx.Response(200, content=b'{"status": "COMP', headers={"content-length": "90"}),
    "not json": httpx.Response(200, content=b'{"status": COMPLETED'),
    "html 200": httpx.Response(200, html="<h1>Maintenance</h1>"),
    "array": httpx.Response(200, json=["COMPLETED"]),
    "null": httpx.Response(200, content=b"null"),
    "empty": httpx.Response(200),
    "204": httpx.Response(204),
    "no status": httpx.Response(200, json={"output": "https://out.test/wrong.mp4"}),
    "null status": httpx.Response(200, json={"status": None}),
    "list status": httpx.Response(200, json={"status": ["COMPLETED"]}),
    "another job": httpx.Response(200, json={**WRONG, "request_id": "job-2"}),
    "422 that is no failure": httpx.Response(422, json=WRONG),
    "redirect": httpx.Response(302, headers={"location": "https://elsewhere.test/"}),
}


@pytest.mark.parametrize("fault", PASSING)
def test_transient_fault_in_poll(caller: Caller, wire: respx.MockRouter, fault: str) -> None:
    """A fault that passes in a poll never ends the wait."""
    wire.get(STATUS).side_effect = [PASSING[fault], _state("PROCESSING"), PASSING[fault], _state("COMPLETED")]
    wire.get(RESULT).respond(200, json=DONE)
    assert caller(_wait()).url == DONE["output"]


NOT_YET = {
    "no output": httpx.Response(200, json={"request_id": ID, "status": "COMPLETED"}),
    "null output": httpx.Response(200, json={**DONE, "output": None}),
    "still running there": _state("PROCESSING"),
}


@pytest.mark.parametrize("fault", [*PASSING, *NOT_YET])
def test_transient_fault_in_fetch(caller: Caller, wire: respx.MockRouter, fault: str) -> None:
    """A fault that passes in the fetch of the result never ends the wait."""
    wire.get(STATUS).respond(200, json={"status": "COMPLETED"})
    wire.get(RESULT).side_effect = [{**PASSING, **NOT_YET}[fault], httpx.Response(200, json=DONE)]
    video = caller(_wait())
    assert (video.url, video.cost) == (DONE["output"], 0.3)


def test_long_outage(caller: Caller, wire: respx.MockRouter) -> None:
    """An outage longer than the retries is waited out."""
    wire.get(STATUS).side_effect = [*[httpx.Response(503)] * 25, _state("COMPLETED")]
    wire.get(RESULT).respond(200, json=DONE)
    assert caller(_wait(timeout=3600)).url == DONE["output"]


@pytest.mark.parametrize("stage", [STATUS, RESULT])
def test_unexpected_responses_end_wait(caller: Caller, wire: respx.MockRouter, stage: str) -> None:
    """Unexpected responses end a wait only in a row, and the error has the id."""
    wire.get(STATUS).respond(200, json={"status": "COMPLETED"})
    wire.get(stage).respond(200, html="<h1>Parked domain</h1>")
    error = caller.raising(ltx.UnexpectedResponseError, _wait())
    assert error.request_id == ID
    assert sum(call.request.url.path == stage for call in wire.calls) == MAX_UNEXPECTED


def test_unknown_states(caller: Caller, wire: respx.MockRouter, caplog: pytest.LogCaptureFixture) -> None:
    """An unknown state is logged and polled on."""
    words = ["QUEUED", "WARMING", "WARMING", "completed", "COMPLETED"]
    wire.get(STATUS).side_effect = [_state(word) for word in words]
    wire.get(RESULT).respond(200, json=DONE)
    seen: list[str] = []
    with caplog.at_level(logging.WARNING, "segmind_ltx"):
        caller(_wait(on_status=lambda status: seen.append(status.state)))
    assert seen == ["QUEUED", "WARMING", "completed", "COMPLETED"]
    assert [word for word in ("WARMING", "completed") if word not in caplog.text] == []
    assert ID in caplog.text


def test_failed_job(caller: Caller, wire: respx.MockRouter) -> None:
    """A failed job ends the wait with its reason."""
    body = {"request_id": ID, "status": "FAILED", "error": "blocked", "metrics": {"total_time": 2}}
    wire.get(STATUS).side_effect = [_state("PROCESSING"), httpx.Response(422, json=body)]
    states: list[str] = []
    error = caller.raising(ltx.JobFailedError, _wait(on_status=lambda status: states.append(status.state)))
    assert (error.request_id, error.detail, error.body) == (ID, "blocked", body)
    assert states == ["PROCESSING", "FAILED"]


def test_failure_in_result(caller: Caller, wire: respx.MockRouter) -> None:
    """A failure that only the result shows ends the wait too."""
    wire.get(STATUS).respond(200, json={"status": "COMPLETED"})
    wire.get(RESULT).respond(422, json={"status": "FAILED", "error": "late"})
    assert caller.raising(ltx.JobFailedError, _wait()).detail == "late"


@pytest.mark.parametrize(
    ("caller", "timeout", "options"),
    caller_cases([0, 0.4, 1, 61.5], [{}, {"poll_interval": 7.0}, {"poll_interval": 0.7}, {"poll_interval": 5000.0}]),
    indirect=["caller"],
)
def test_deadline_exact(caller: Caller, wire: respx.MockRouter, timeout: float, options: dict[str, float]) -> None:
    """The wait ends exactly at its deadline."""
    wire.get(STATUS).respond(200, json={"status": "PROCESSING"})
    error = caller.raising(ltx.WaitTimeoutError, _wait(timeout=timeout, **options))
    assert caller.clock.now == pytest.approx(timeout, abs=1e-9)
    assert error.elapsed == pytest.approx(timeout, abs=1e-9)
    assert (error.request_id, error.state) == (ID, "PROCESSING" if timeout else None)


def test_deadline_during_outage(caller: Caller, wire: respx.MockRouter) -> None:
    """The deadline holds during an outage, and the error names the cause."""
    wire.get(STATUS).side_effect = httpx.ConnectError("refused")
    error = caller.raising(ltx.WaitTimeoutError, _wait(timeout=33))
    assert caller.clock.now == pytest.approx(33, abs=1e-9)
    assert "refused" in str(error)
    assert (error.request_id, error.state) == (ID, None)


def test_deadline_before_reset(caller: Caller, wire: respx.MockRouter) -> None:
    """The deadline holds even if a 429 asks for a longer pause."""
    wire.get(STATUS).respond(429, headers={"x-rate-limit-reset-at-utc": "2099-01-01T00:00:00Z"})
    caller.raising(ltx.WaitTimeoutError, _wait(timeout=5))
    assert caller.clock.now == pytest.approx(5, abs=1e-9)


def test_request_timeout_is_time_left(caller: Caller, wire: respx.MockRouter) -> None:
    """A request gets no more time than the wait has left."""
    timeouts: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        timeouts.append(max(request.extensions["timeout"].values()))
        return _state("PROCESSING")

    wire.get(STATUS).side_effect = answer
    caller.raising(ltx.WaitTimeoutError, _wait(timeout=12, poll_interval=5))
    assert timeouts == pytest.approx([12, 7, 2])


def test_wait_again_after_deadline(wire: respx.MockRouter, clock: FakeClock) -> None:
    """The same job can be awaited again after a timeout, without a second charge."""
    wire.post("/v2/ltx-video").respond(200, json={"request_id": ID})
    route = wire.get(STATUS).respond(200, json={"status": "PROCESSING"})
    wire.get(RESULT).respond(200, json=DONE)
    client = ltx.Client("SG_0123456789abcdef", "https://api.example.test", clock=clock)
    job = client.submit("ltx-video", prompt="x")
    with pytest.raises(ltx.WaitTimeoutError, match="second charge"):
        job.wait(timeout=10)
    route.respond(200, json={"status": "COMPLETED"})
    assert job.wait(timeout=10).request_id == ID
    assert sum(call.request.method == "POST" for call in wire.calls) == 1


REFUSALS = [400, 401, 403, 404, 406, 410, 418]


@pytest.mark.parametrize(("caller", "stage", "status"), caller_cases([STATUS, RESULT], REFUSALS), indirect=["caller"])
def test_repeated_refusal_ends_wait(caller: Caller, wire: respx.MockRouter, stage: str, status: int) -> None:
    """A repeated refusal ends the wait, and the error has the id."""
    wire.get(STATUS).respond(200, json={"status": "COMPLETED"})
    wire.get(stage).respond(status, json={"error": "no"})
    with pytest.raises(ltx.APIStatusError) as caught:
        caller(_wait())
    assert (caught.value.request_id, caught.value.status) == (ID, status)
    calls = sum(call.request.url.path == stage for call in wire.calls)
    if status == 404:  # A job of unknown age may be a new one, which not every server knows yet.
        assert GONE_AFTER <= sum(caller.clock.slept) < GONE_AFTER + 20
    else:
        assert calls == MAX_REFUSALS


@pytest.mark.parametrize("status", REFUSALS)
def test_few_refusals_outlasted(caller: Caller, wire: respx.MockRouter, status: int) -> None:
    """A wait goes on if fewer refusals than the limit come in a row."""
    refused = [httpx.Response(status, json={"error": "no such job"})] * (MAX_REFUSALS - 1)
    wire.get(STATUS).side_effect = [
        *refused,
        _state("QUEUED"),
        *refused,
        httpx.Response(500),
        *refused,
        _state("COMPLETED"),
    ]
    wire.get(RESULT).side_effect = [*refused, httpx.Response(200, json=DONE)]
    assert caller(_wait()).url == DONE["output"]


@pytest.mark.parametrize("status", REFUSALS)
def test_refusal_of_single_read(caller: Caller, wire: respx.MockRouter, status: int) -> None:
    """Outside a wait a refusal is raised at once."""
    route = wire.get(STATUS).respond(status, json={"error": "no"})
    with pytest.raises(ltx.APIStatusError):
        caller(lambda c: c.job(ID).status())
    assert route.call_count == 1


def test_first_poll_within_interval(caller: Caller, wire: respx.MockRouter) -> None:
    """The first poll comes no later than the interval."""
    wire.post("/v2/ltx-video").respond(200, json={"request_id": ID})
    wire.get(STATUS).respond(200, json={"status": "COMPLETED"})
    wire.get(RESULT).respond(200, json=DONE)
    caller(lambda c: c.submit("ltx-video", prompt="x"), lambda job: job.wait(poll_interval=0.5))
    assert caller.clock.slept == pytest.approx([0.5])


class EndlessBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """An endless body whose every byte takes some time."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self._clock.now += self._seconds
            yield b" "

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for drip in self:
            yield drip


@pytest.mark.parametrize("seconds", [0.01, 0.05])
def test_deadline_with_dripping_body(caller: Caller, wire: respx.MockRouter, seconds: float) -> None:
    """The deadline holds even if a body never ends."""
    wire.get(STATUS).mock(
        side_effect=lambda _: httpx.Response(
            200, headers={"content-type": "application/json"}, stream=EndlessBody(caller.clock, seconds)
        )
    )
    error = caller.raising(ltx.WaitTimeoutError, _wait(timeout=20))
    assert 20 <= caller.clock.now <= 20.05 + 1e-9
    assert error.request_id == ID


@pytest.mark.parametrize("step", [lambda c: c.job(ID).status(), lambda c: c.job(ID).result()])
def test_dripping_body_without_deadline(caller: Caller, wire: respx.MockRouter, step: Any) -> None:
    """Outside a wait a body that never ends is given up as well."""
    wire.get(url__regex=".*").mock(
        side_effect=lambda _: httpx.Response(
            200, headers={"content-type": "application/json"}, stream=EndlessBody(caller.clock, 1.0)
        )
    )
    error = caller.raising(ltx.UnexpectedResponseError, step, max_retries=0)
    assert "before the deadline" in str(error)
    assert error.request_id == ID
    assert caller.clock.now == pytest.approx(121)


def test_silent_server_at_deadline() -> None:
    """Over a real socket the deadline holds even if the server stays silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}"
        clock = SystemClock()
        with ltx.Client("SG_0123456789abcdef", base) as client:
            begun = clock.monotonic()
            with pytest.raises(ltx.WaitTimeoutError, match="job-1"):
                client.job(ID).wait(timeout=0.1)
            # `nox -s bench` measures the time; this only shows that the call does not hang.
            assert clock.monotonic() - begun < 10


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("mine"), OSError("pipe"), SystemExit(3)])
def test_foreign_exception_has_id(caller: Caller, wire: respx.MockRouter, error: BaseException) -> None:
    """An exception from outside that ends a wait carries the request id."""
    wire.get(STATUS).respond(200, json={"status": "PROCESSING"})

    def on_status(_: Any) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        caller(_wait(on_status=on_status))
    assert caught.value is error
    assert f"client.job('{ID}')" in "".join(error.__notes__)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": "9"},
        {"timeout": None},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": float("inf")},
        {"timeout": True},
        {"poll_interval": 0},
        {"poll_interval": -2},
        {"poll_interval": float("nan")},
        {"poll_interval": "1"},
    ],
    ids=str,
)
def test_invalid_times_refused(caller: Caller, wire: respx.MockRouter, options: dict[str, Any]) -> None:
    """Invalid times are refused before anything is sent."""
    error = caller.raising(ltx.ParameterError, _wait(**options))
    assert next(iter(options)) in str(error)
    assert len(wire.calls) == 0


UNSAFE = [
    "..",
    ".",
    "/",
    "",
    " ",
    "a/b",
    "a\\b",
    "%2e%2e",
    "%2E.",
    "..%2fv1",
    "a%2fb",
    "a\nb",
    "a\x00",
    "\ud800",
    "x" * 513,
]


@pytest.mark.parametrize("request_id", [*UNSAFE, None, 7], ids=ascii)
def test_unsafe_id_refused(caller: Caller, wire: respx.MockRouter, request_id: Any) -> None:
    """A request id that would change the path is refused."""
    caller.raising(ltx.ParameterError, lambda c: c.job(request_id).status())
    assert len(wire.calls) == 0


@pytest.mark.parametrize("request_id", ["a?b=c", "a#b", "a b"[:1] + "&b", "ä", "a;b", "...", "a%20b"[:1] + "+b"])
def test_any_other_id_is_escaped(caller: Caller, wire: respx.MockRouter, request_id: str) -> None:
    """Any other request id is one escaped segment of the path."""
    route = wire.get(url__regex=r".*").respond(200, json={"status": "QUEUED"})
    assert caller(lambda c: c.job(request_id).status()).request_id == request_id
    raw = route.calls[0].request.url.raw_path.decode()
    assert raw.startswith("/v2/requests/")
    assert raw.endswith("/status")
    assert raw.count("/") == 4
    assert "?" not in raw


def test_unexpected_responses_not_in_row(caller: Caller, wire: respx.MockRouter) -> None:
    """Unexpected responses do not end a wait if others come between."""
    odd = [httpx.Response(200, html="<h1>?</h1>")] * (MAX_UNEXPECTED - 1)
    answers: list[Any] = [*odd, httpx.Response(503), *odd, httpx.ReadError("reset"), *odd, _state("COMPLETED")]
    wire.get(STATUS).side_effect = answers
    wire.get(RESULT).respond(200, json=DONE)
    assert caller(_wait()).cost == 0.3
