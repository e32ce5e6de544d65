"""The clock, and the lever that moves it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest

from segmind_ltx_sandbox import Clock, ManualClock, SystemClock

pytestmark = pytest.mark.anyio


async def test_the_lever_moves_the_clock_without_a_key(anonymous: httpx.AsyncClient, clock: ManualClock) -> None:
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
async def test_nonsense_does_not_move_it(anonymous: httpx.AsyncClient, clock: ManualClock, body: bytes) -> None:
    response = await anonymous.post("/_control/advance", content=body)
    assert response.status_code == 400
    assert response.json()["error"]
    assert clock.now() == 0


async def test_the_lever_is_only_pulled_by_a_post(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get("/_control/advance")).status_code == 405


@pytest.mark.parametrize("make", [ManualClock, SystemClock])
@pytest.mark.parametrize("seconds", [-1, -1e-9, math.nan, math.inf, -math.inf, 1e10])
async def test_a_clock_only_moves_forwards(make: Any, seconds: float) -> None:
    clock: Clock = make()
    before = clock.now()
    with pytest.raises(ValueError, match="clock"):
        clock.advance(seconds)
    assert 0 <= clock.now() - before < 60


async def test_a_manual_clock_stands_still_and_a_sleep_moves_it() -> None:
    clock = ManualClock(datetime(2030, 5, 1, tzinfo=UTC))
    assert clock.now() == 0
    await clock.sleep(90)
    assert clock.now() == 90
    assert clock.utc() == datetime(2030, 5, 1, 0, 1, 30, tzinfo=UTC)


async def test_a_system_clock_runs_and_can_be_moved() -> None:
    clock = SystemClock()
    started, moment = clock.now(), clock.utc()
    clock.advance(3600)
    assert 3600 <= clock.now() - started < 3660
    assert 3600 <= (clock.utc() - moment).total_seconds() < 3660
    with anyio.fail_after(5):
        await clock.sleep(0)
