"""Test prices and credits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from segmind_ltx_sandbox import ManualClock, create_app, key_of
from segmind_ltx_sandbox.service.accounts import Account
from segmind_ltx_sandbox.service.prices import PriceList
from segmind_ltx_spec import load

Submit = Callable[..., Awaitable[dict[str, Any]]]


def test_single_price_is_cost() -> None:
    """If a model has one price, every request costs that."""
    prices = PriceList(load())
    models = load().models
    assert prices.cost(models["ltx-video"], {"prompt": "a", "length": 257, "target_size": 1024}) == 0.057
    assert prices.cost(models["ltx-2-19b-t2v"], {"prompt": "a", "num_frames": 1}) == 0.416


@pytest.mark.parametrize("slug", ["ltx-2-fast", "ltx-2-pro"])
def test_price_range_grows_with_video(slug: str) -> None:
    """If a model has a range of prices, the cost grows from the smallest video to the largest."""
    model = load().models[slug]
    costs = {
        (resolution, duration): PriceList(load()).cost(model, {"resolution": resolution, "duration": duration})
        for resolution in ("1080p", "2k", "4k")
        for duration in (6, 8, 10)
    }
    assert costs["1080p", 6] == 0.3
    assert costs["4k", 10] == 2.0
    assert sorted(costs.values()) == sorted(set(costs.values()))
    assert costs["1080p", 10] < costs["2k", 8] < costs["4k", 6]


def test_account_charged_in_completion_order() -> None:
    """An account is charged in the order in which its jobs complete."""
    account = Account("a", 10.0)
    left: dict[str, float] = {}
    account.charge_at(20, 3, lambda rest: left.update(slow=rest))
    account.charge_at(10, 2, lambda rest: left.update(quick=rest))
    assert account.balance(9.9) == 10
    assert account.balance(10) == 8
    assert account.balance(1000) == 5
    assert left == {"quick": 8, "slow": 5}


def test_credits_have_four_decimals() -> None:
    """Credits are rounded to four decimals after each charge."""
    account = Account("a", 1.0)
    for _ in range(3):
        account.charge(0.1)
    assert account.credits == 0.7


@pytest.mark.anyio
async def test_job_charged_once_at_completion(api: httpx.AsyncClient, clock: ManualClock, submit: Submit) -> None:
    """A submit reserves nothing, and a completed job is charged once, however often it is read."""
    first = await submit("ltx-2-19b-t2v")
    second = await submit("ltx-2-19b-t2v")
    clock.advance(1000)
    for _ in range(3):
        for job, left in ((second, 999_999.168), (first, 999_999.584)):
            assert (await api.get(job["response_url"])).json()["metrics"]["remaining_credits"] == left


@pytest.mark.anyio
async def test_post_without_credits_left_is_406(payload: Callable[..., dict[str, Any]]) -> None:
    """A POST is refused with 406 once the credits are spent."""
    model = load().models["ltx-video"]
    clock = ManualClock()
    transport = httpx.ASGITransport(app=create_app(clock=clock, speed=1, credits_usd=0.1))
    headers = {"x-api-key": key_of("valid")}
    async with httpx.AsyncClient(transport=transport, base_url="http://s", headers=headers) as api:
        for _ in range(2):
            assert (await api.post(model.v2, json=payload(model))).status_code == 200
        clock.advance(model.seconds)
        assert (await api.post(model.v2, json=payload(model))).status_code == 406
