"""Test the blocking call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from segmind_ltx_sandbox import VALID, ManualClock, Sandbox, create_app, key_of
from segmind_ltx_spec import Model, load

pytestmark = pytest.mark.anyio

Payload = Callable[..., dict[str, Any]]


@pytest.fixture
def bytes_app(clock: ManualClock) -> Starlette:
    """Return a sandbox whose blocking calls return bytes."""
    return create_app(clock=clock, speed=1, v1_bytes=True)


async def post(app: Starlette, path: str, payload: dict[str, Any], **headers: str) -> httpx.Response:
    """Send a POST with the valid key."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://s", headers={"x-api-key": VALID}) as client:
        return await client.post(path, json=payload, headers=headers)


async def test_v1_bytes_blocks_and_returns_video(
    bytes_app: Starlette, clock: ManualClock, model: Model, payload: Payload
) -> None:
    """With ``v1_bytes`` a blocking call takes the usual time and returns the video with its headers."""
    response = await post(bytes_app, model.v1, payload(model))
    assert clock.now() == pytest.approx(model.seconds)
    assert response.status_code == 200
    assert response.headers["content-type"] == "video/mp4"
    assert response.content[4:8] == b"ftyp"
    assert float(response.headers["x-generation-time"]) == pytest.approx(0.95 * model.seconds, abs=0.001)
    cost = float(response.headers["x-cost"])
    assert cost == bytes_app.state.sandbox.behaviour.cost(model, payload(model))
    assert float(response.headers["x-remaining-credits"]) == round(1_000_000 - cost, 4)
    assert response.headers["x-request-id"]
    int(response.headers["x-seed-value"])
    reset = response.headers["x-rate-limit-reset-at-utc"]
    expected = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=model.seconds + 60)
    assert reset == expected.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_v1_returns_location_by_default(
    api: httpx.AsyncClient, clock: ManualClock, model: Model, payload: Payload
) -> None:
    """By default a blocking call takes the usual time and returns the location of the video as JSON."""
    response = await api.post(model.v1, json=payload(model))
    assert clock.now() == pytest.approx(model.seconds)
    body = response.json()
    assert body.keys() == {"output", "video"}
    assert body["output"] == body["video"]["url"]
    assert float(response.headers["x-cost"]) > 0
    del api.headers["x-api-key"]
    video = await api.get(body["output"])
    assert len(video.content) == body["video"]["file_size"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html", "application/json"),
        ("", "application/json"),
        ("video/*;q=oops", "application/json"),
        ("video/mp4;q=0", "application/json"),
        ("*/*, video/*", "application/json"),
        ("application/json, video/*;q=0.5", "application/json"),
        ("video/*", "video/mp4"),
        ("video/mp4", "video/mp4"),
        ("Video/*, application/json;q=0.9", "video/mp4"),
        ("application/json;q=0.5, video/webm", "video/mp4"),
    ],
)
async def test_v1_follows_accept(api: httpx.AsyncClient, payload: Payload, accept: str, kind: str) -> None:
    """A blocking call returns bytes if the request prefers a video, and is never refused for its Accept header."""
    model = load().models["ltx-2-19b-t2v"]
    response = await api.post(model.v1, json=payload(model), headers={"accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, kind)


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
