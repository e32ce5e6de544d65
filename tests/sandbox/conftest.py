"""Fixtures of the sandbox's tests. Nothing sleeps: time is a `ManualClock` unless a test says otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from segmind_ltx_sandbox import VALID, ManualClock, Sandbox, create_app
from segmind_ltx_spec import Model, load

MODELS = list(load().models.values())


def payload_of(model: Model, **more: Any) -> dict[str, Any]:
    """Return a valid payload for the smallest video that the model allows."""
    small = {"width": 256, "height": 256, "num_frames": 8}
    values: dict[str, Any] = {name: value for name, value in small.items() if name in model.parameters}
    if "image" in model.required:
        values["image"] = "https://example.com/a.png"
    return {"prompt": "A heron lifts off.", **values, **more}


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio. If a test is about trio, it says so itself."""
    return "asyncio"


@pytest.fixture(params=MODELS, ids=lambda model: model.slug)
def model(request: pytest.FixtureRequest) -> Model:
    """Return each model of the contract."""
    one: Model = request.param
    return one


@pytest.fixture
def payload() -> Callable[..., dict[str, Any]]:
    """Return a function that makes a small valid payload for a model."""
    return payload_of


@pytest.fixture
def clock() -> ManualClock:
    """Return the sandbox's clock."""
    return ManualClock()


@pytest.fixture
def app(clock: ManualClock) -> Starlette:
    """Return the sandbox with real-time durations, so that a test can step through them."""
    return create_app(clock=clock, speed=1)


@pytest.fixture
def sandbox(app: Starlette) -> Sandbox:
    """Return the sandbox's state."""
    state: Sandbox = app.state.sandbox
    return state


@pytest.fixture
async def api(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client with the valid key."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sandbox.test", headers={"x-api-key": VALID}
    ) as client:
        yield client


@pytest.fixture
async def anonymous(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client without a key."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sandbox.test") as client:
        yield client


@pytest.fixture
def submit(api: httpx.AsyncClient) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Return a function that submits a small job and returns the accepted job."""

    async def submitting(model: Model | str = "ltx-2-19b-t2v", **more: Any) -> dict[str, Any]:
        found = load().models[model] if isinstance(model, str) else model
        response = await api.post(found.v2, json=payload_of(found, **more))
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    return submitting
