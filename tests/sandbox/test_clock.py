"""Test the clocks, and the route that moves the clock."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest

from segmind_ltx_sandbox import Clock, ManualClock, SystemClock

pytestmark = pytest.mark.anyio


async def test_advance_moves_clock_without_key(anonymous: httpx.AsyncClient, clock: ManualClock) -> None:
    """``POST /_control/advance`` moves the clock and needs no key."""
    response = await anonymous.post("/_control/advance", json={"seconds": 3601})
    assert response.status_code == 200
    assert response.json() == {"now": "2026-01-01T01:00:01Z", "seconds": 3601}
    assert clock.now() == 3601
    assert (await anonymous.post("/_control/advance", json={"seconds": 0.5})).json()["seconds"] == 3601.5
    assert (await anonymous.post("/_control/advance", json={"seconds": 0})).json()["seconds"] == 3601.5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"3601",
        b"[]",
        b"{}",
        b'{"seconds": -1}',
        b'{"seconds": true}',
        b'{"seconds": null}',
        b'{"seconds": "3601"}',
        b'{"seconds": NaN}',
        b'{"seconds": Infinity}',
        b'{"seconds": 1e999}',
        b'{"seconds": 1e12}',
        b'{"seconds": 1' + b"0" * 400 + b"}",
        b'{"seconds": [1]}',
        b'{"second": 1}',
        b"\xff",
    ],
    ids=lambda body: body[:24],
)
async def test_advance_with_invalid_body_is_400(anonymous: httpx.AsyncClient, clock: ManualClock, body: bytes) -> None:
    """If the body is invalid, the clock stays and the response is 400 with a message."""
    response = await anonymous.post("/_control/advance", content=body)
    assert response.status_code == 400
    assert response.json()["error"]
    assert clock.now() == 0


async def test_advance_by_get_is_405(anonymous: httpx.AsyncClient) -> None:
    """The clock is moved by a POST only."""
    assert (await anonymous.get("/_control/advance")).status_code == 405


@pytest.mark.parametrize("make", [ManualClock, SystemClock])
@pytest.mark.parametrize("seconds", [-1, -1e-9, math.nan, math.inf, -math.inf, 1e10])
async def test_clock_refuses_step_back(make: Any, seconds: float) -> None:
    """A clock raises `ValueError` if a step is negative, not finite or too long, and does not move."""
    clock: Clock = make()
    before = clock.now()
    with pytest.raises(ValueError, match="clock"):
        clock.advance(seconds)
    assert 0 <= clock.now() - before < 60


async def test_manual_clock_moved_by_sleep() -> None:
    """A manual clock stands still until a sleep moves it."""
    clock = ManualClock(datetime(2030, 5, 1, tzinfo=UTC))
    assert clock.now() == 0
    await clock.sleep(90)
    assert clock.now() == 90
    assert clock.utc() == datetime(2030, 5, 1, 0, 1, 30, tzinfo=UTC)


async def test_system_clock_runs_and_advances() -> None:
    """A system clock runs in real time and can be moved forwards."""
    clock = SystemClock()
    started, moment = clock.now(), clock.utc()
    clock.advance(3600)
    assert 3600 <= clock.now() - started < 3660
    assert 3600 <= (clock.utc() - moment).total_seconds() < 3660
    with anyio.fail_after(5):
        await clock.sleep(0)
