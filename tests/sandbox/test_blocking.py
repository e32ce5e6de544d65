"""Test the blocking call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from segmind_ltx_sandbox import ManualClock, Sandbox, create_app, key_of
from segmind_ltx_spec import Model, load

pytestmark = pytest.mark.anyio

Payload = Callable[..., dict[str, Any]]


async def test_v1_blocks_and_returns_bytes(
    api: httpx.AsyncClient, clock: ManualClock, sandbox: Sandbox, model: Model, payload: Payload
) -> None:
    """A blocking call takes the usual time and returns the video with its headers."""
    response = await api.post(model.v1, json=payload(model))
    assert clock.now() == pytest.approx(model.seconds)
    assert response.status_code == 200
    assert response.headers["content-type"] == "video/mp4"
    assert response.content[4:8] == b"ftyp"
    assert float(response.headers["x-generation-time"]) == pytest.approx(0.95 * model.seconds, abs=0.001)
    cost = float(response.headers["x-cost"])
    assert cost == sandbox.behaviour.cost(model, payload(model))
    assert float(response.headers["x-remaining-credits"]) == round(1_000_000 - cost, 4)
    assert response.headers["x-request-id"]
    int(response.headers["x-seed-value"])
    reset = response.headers["x-rate-limit-reset-at-utc"]
    expected = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=model.seconds + 60)
    assert reset == expected.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
async def json_api() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a sandbox whose blocking calls return JSON."""
    transport = httpx.ASGITransport(app=create_app(clock=ManualClock(), v1_json=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://s") as client:
        yield client


async def test_v1_json_returns_location(json_api: httpx.AsyncClient, model: Model, payload: Payload) -> None:
    """With ``v1_json`` a blocking call returns the location of the video as JSON."""
    response = await json_api.post(model.v1, json=payload(model), headers={"x-api-key": key_of("valid")})
    body = response.json()
    assert body.keys() == {"output", "video"}
    assert body["output"] == body["video"]["url"]
    assert float(response.headers["x-cost"]) > 0
    video = await json_api.get(body["output"])
    assert len(video.content) == body["video"]["file_size"]


async def test_v1_with_failing_key_is_500(
    anonymous: httpx.AsyncClient, clock: ManualClock, sandbox: Sandbox, model: Model, payload: Payload
) -> None:
    """With the failing key a blocking call returns 500 and costs nothing."""
    response = await anonymous.post(model.v1, json=payload(model), headers={"x-api-key": key_of("failing")})
    assert response.status_code == 500
    assert response.json()["error"]
    assert sandbox.accounts[key_of("failing")].balance(clock.now()) == 1_000_000


async def test_seed_given_default_or_random(api: httpx.AsyncClient, payload: Payload) -> None:
    """The seed header has the seed of the request, else the default, else a new seed for each request."""
    models = load().models

    async def seed(slug: str, **more: Any) -> int:
        response = await api.post(models[slug].v1, json=payload(models[slug], **more))
        return int(response.headers["x-seed-value"])

    assert await seed("ltx-video", seed=7) == 7
    assert await seed("ltx-2-19b-t2v", seed=-3) == -3
    assert await seed("ltx-2-19b-t2v") == 1234567890
    assert await seed("ltx-2-19b-i2v") == 42
    random = {await seed("ltx-video") for _ in range(5)}
    assert len(random) == 5
    assert 2357108 not in random
    assert all(0 <= value < 2**31 for value in random)


async def test_random_seed_follows_request_id(sandbox: Sandbox) -> None:
    """A seed derived from a request id is the same for the same id, and differs for another."""
    model = load().models["ltx-video"]
    one, again, other = (sandbox.behaviour.seed(model, {}, request_id) for request_id in ("a", "a", "b"))
    assert one == again != other
