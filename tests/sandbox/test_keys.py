"""Test the scenario keys on every route of the API."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import segmind_ltx_sandbox
from segmind_ltx_sandbox import SCENARIOS, VALID, Scenario, key_of
from segmind_ltx_spec import load

pytestmark = pytest.mark.anyio

POSTS = [path for model in load().models.values() for path in (model.v1, model.v2)]
GETS = ["/v2/requests/{id}/status", "/v2/requests/{id}", "/v1/requests/{id}"]
UNKNOWN = ["/v1/no-such-model", "/v2/no-such-model"]
Submit = Callable[..., Awaitable[dict[str, Any]]]


async def call(client: httpx.AsyncClient, route: str, job_id: str = "unknown", **more: Any) -> httpx.Response:
    if route in GETS:
        return await client.get(route.format(id=job_id), **more)
    return await client.post(route, json={"prompt": "A heron.", "image": "https://example.com/a.png"}, **more)


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.status], ids=lambda s: s.name)
async def test_scenario_status_on_every_route(anonymous: httpx.AsyncClient, scenario: Scenario, submit: Submit) -> None:
    """A scenario key gets its status on every route, and only a 429 says when the limit ends."""
    job = await submit()
    for route in POSTS + GETS + UNKNOWN:
        response = await call(anonymous, route, job["request_id"], headers={"x-api-key": scenario.key})
        assert response.status_code == scenario.status, route
        if scenario.status in {502, 504}:
            assert response.headers["content-type"].startswith("text/html"), route
        else:
            assert response.json()["error"], route
        assert "retry-after" not in response.headers, route
        assert ("x-rate-limit-reset-at-utc" in response.headers) == (scenario.status == 429), route


async def test_rate_limit_ends_after_now(anonymous: httpx.AsyncClient) -> None:
    """The header of a 429 has a date after the clock's."""
    response = await call(anonymous, GETS[0], headers={"x-api-key": key_of("rate_limited")})
    reset = datetime.strptime(response.headers["x-rate-limit-reset-at-utc"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert reset == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


async def test_post_without_credits_is_406(anonymous: httpx.AsyncClient) -> None:
    """Without credits every POST is refused with 406."""
    for route in POSTS:
        response = await call(anonymous, route, headers={"x-api-key": key_of("no_credits")})
        assert response.status_code == 406, route
        assert "credits" in response.json()["error"], route


async def test_get_without_credits_works(anonymous: httpx.AsyncClient) -> None:
    """Without credits a GET works as usual."""
    for route in GETS:
        response = await call(anonymous, route, headers={"x-api-key": key_of("no_credits")})
        assert response.status_code == 404, route


async def test_missing_and_unknown_key_are_401(anonymous: httpx.AsyncClient, submit: Submit) -> None:
    """A missing and an unknown key get 401 with different messages."""
    job_id = (await submit())["request_id"]
    for route in POSTS + GETS + UNKNOWN:
        missing = await call(anonymous, route, job_id)
        unknown = await call(anonymous, route, job_id, headers={"x-api-key": "SG_ffffffffffffffff"})
        for response in (missing, unknown):
            assert response.status_code == 401, route
            assert response.json().keys() == {"error", "error_description", "status_code"}, route
            assert response.json()["status_code"] == 401, route
        assert missing.json()["error"] != unknown.json()["error"], route


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"headers": {"authorization": f"Bearer {VALID}"}},
        {"params": {"x-api-key": VALID}},
        {"params": {"api_key": VALID}},
        {"headers": {"api-key": VALID}},
        {"headers": {"x-api-key": ""}},
        {"headers": {"x-api-key": VALID.lower()}},
        {"headers": {"x-api-key": VALID + "0"}},
        {"cookies": {"x-api-key": VALID}},
    ],
)
async def test_key_outside_header_is_401(anonymous: httpx.AsyncClient, elsewhere: dict[str, Any]) -> None:
    """A key anywhere but in the x-api-key header, or written otherwise, is refused."""
    anonymous.cookies.update(elsewhere.get("cookies", {}))
    options = {name: value for name, value in elsewhere.items() if name != "cookies"}
    for route in ["/v1/ltx-video", "/v2/ltx-2-pro", *GETS]:
        response = await call(anonymous, route, **options)
        assert response.status_code == 401, route


async def test_job_of_other_account_is_404(
    api: httpx.AsyncClient, anonymous: httpx.AsyncClient, submit: Submit
) -> None:
    """A job of another account is unknown on every route."""
    job = await submit()
    for route in GETS:
        assert (await call(api, route, job["request_id"])).status_code == 200, route
        response = await call(anonymous, route, job["request_id"], headers={"x-api-key": key_of("other")})
        assert response.status_code == 404, route


def test_readme_lists_keys() -> None:
    """The table of keys in the README equals the scenarios."""
    readme = Path(segmind_ltx_sandbox.__file__).with_name("README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(SG_[0-9a-f]{16})` \| (\w+) \| (.+) \|$", readme, re.MULTILINE)
    assert rows == [(s.key, s.name, s.summary) for s in SCENARIOS]


def test_keys_have_documented_form() -> None:
    """Every key has the documented form, and no key or name repeats."""
    assert all(re.fullmatch(r"SG_[0-9a-f]{16}", s.key) for s in SCENARIOS)
    assert len({s.key for s in SCENARIOS}) == len({s.name for s in SCENARIOS}) == len(SCENARIOS)
