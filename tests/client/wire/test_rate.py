"""Wait for the reset time that a 429 gives, in any form, within bounds."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
import respx

import segmind_ltx as ltx
from support.callers import Caller

START = 1_800_000_000  # The fake clock's first time, 2027-01-15T08:00:00Z.
RESET = "x-rate-limit-reset-at-utc"
IN_SEVEN = {
    "iso": {RESET: "2027-01-15T08:00:07Z"},
    "iso with offset": {RESET: "2027-01-15T09:00:07+01:00"},
    "iso without zone": {RESET: "2027-01-15 08:00:07"},
    "epoch": {RESET: str(START + 7)},
    "epoch with fraction": {RESET: f"{START + 7}.0"},
    "epoch in milliseconds": {RESET: str((START + 7) * 1000)},
    "retry-after": {"retry-after": "7"},
    "retry-after as a date": {"retry-after": "Fri, 15 Jan 2027 08:00:07 GMT"},
    "nonsense, and retry-after": {RESET: "soon", "retry-after": "7"},
}
UNUSABLE = {
    "none": {},
    "nonsense": {RESET: "soon"},
    "empty": {RESET: ""},
    "not a number": {RESET: "nan"},
    "infinite": {RESET: "inf"},
    "before time": {RESET: "0001-01-01T00:00:00+23:59"},
    "past": {RESET: "2020-01-01T00:00:00Z"},
    "a count of seconds": {RESET: "30"},
    "huge retry-after": {"retry-after": "9" * 400},
    "a date beyond dates": {"retry-after": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"},
    "negative retry-after": {"retry-after": "-5"},
}


@pytest.mark.parametrize("form", IN_SEVEN)
def test_reset_waited_for(caller: Caller, wire: respx.MockRouter, form: str) -> None:
    """The client waits until the reset time that the response gives."""
    wire.post("/v2/ltx-video").side_effect = [
        httpx.Response(429, headers=IN_SEVEN[form]),
        httpx.Response(200, json={"request_id": "a"}),
    ]
    caller(lambda c: c.submit("ltx-video", prompt="x"))
    assert len(caller.clock.slept) == 1
    assert 7 <= caller.clock.slept[0] <= 8


@pytest.mark.parametrize("form", UNUSABLE)
def test_backoff_without_usable_reset(caller: Caller, wire: respx.MockRouter, form: str) -> None:
    """The backoff grows if no usable reset time is given."""
    wire.post("/v2/ltx-video").respond(429, headers=UNUSABLE[form])
    caller.raising(ltx.RateLimitError, lambda c: c.submit("ltx-video", prompt="x"))
    for slept, longest in zip(caller.clock.slept, (0.5, 1, 2, 4), strict=True):
        assert longest / 2 <= slept <= longest


def test_far_reset_bounded(caller: Caller, wire: respx.MockRouter) -> None:
    """A reset time in the far future is waited for two minutes at most."""
    wire.post("/v2/ltx-video").respond(429, headers={RESET: "2099-01-01T00:00:00Z"})
    error = caller.raising(ltx.RateLimitError, lambda c: c.submit("ltx-video", prompt="x"))
    assert max(caller.clock.slept) <= 121
    assert error.reset_at == datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("form", ["iso", "epoch", "retry-after"])
def test_error_has_reset(caller: Caller, wire: respx.MockRouter, form: str) -> None:
    """The exception carries the reset time."""
    wire.post("/v2/ltx-video").respond(429, headers=IN_SEVEN[form])
    error = caller.raising(ltx.RateLimitError, lambda c: c.submit("ltx-video", prompt="x"), max_retries=0)
    assert error.reset_at == datetime(2027, 1, 15, 8, 0, 7, tzinfo=UTC)


def test_read_error_has_reset(caller: Caller, wire: respx.MockRouter) -> None:
    """The exception of a read carries the reset time too."""
    wire.get("/v2/requests/a/status").respond(429, headers=IN_SEVEN["retry-after"])
    error = caller.raising(ltx.RateLimitError, lambda c: c.job("a").status(), max_retries=0)
    assert error.reset_at == datetime(2027, 1, 15, 8, 0, 7, tzinfo=UTC)
