"""The scenario keys, on every route of the API."""

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


@pytest.mark.parametrize("route", POSTS + GETS + UNKNOWN)
@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.status], ids=lambda s: s.name)
async def test_a_scenario_key_answers_so_on_every_route(
    anonymous: httpx.AsyncClient, route: str, scenario: Scenario, submit: Submit
) -> None:
    job = await submit()
    response = await call(anonymous, route, job["request_id"], headers={"x-api-key": scenario.key})
    assert response.status_code == scenario.status
    if scenario.status in {502, 504}:
        assert response.headers["content-type"].startswith("text/html")
    else:
        assert response.json()["error"]
    assert "retry-after" not in response.headers
    assert ("x-rate-limit-reset-at-utc" in response.headers) == (scenario.status == 429)


async def test_the_reset_of_a_rate_limit_is_a_date_ahead_of_the_clock(anonymous: httpx.AsyncClient) -> None:
    response = await call(anonymous, GETS[0], headers={"x-api-key": key_of("rate_limited")})
    reset = datetime.strptime(response.headers["x-rate-limit-reset-at-utc"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert reset == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("route", POSTS)
async def test_without_credits_posts_are_refused(anonymous: httpx.AsyncClient, route: str) -> None:
    response = await call(anonymous, route, headers={"x-api-key": key_of("no_credits")})
    assert response.status_code == 406
    assert "credits" in response.json()["error"]


@pytest.mark.parametrize("route", GETS)
async def test_without_credits_gets_behave_as_ever(anonymous: httpx.AsyncClient, route: str) -> None:
    response = await call(anonymous, route, headers={"x-api-key": key_of("no_credits")})
    assert response.status_code == 404


@pytest.mark.parametrize("route", POSTS + GETS + UNKNOWN)
async def test_missing_and_unknown_keys_get_401_with_different_messages(
    anonymous: httpx.AsyncClient, route: str, submit: Submit
) -> None:
    job_id = (await submit())["request_id"]
    missing = await call(anonymous, route, job_id)
    unknown = await call(anonymous, route, job_id, headers={"x-api-key": "SG_ffffffffffffffff"})
    for response in (missing, unknown):
        assert response.status_code == 401
        assert response.json().keys() == {"error", "error_description", "status_code"}
        assert response.json()["status_code"] == 401
    assert missing.json()["error"] != unknown.json()["error"]


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
@pytest.mark.parametrize("route", ["/v1/ltx-video", "/v2/ltx-2-pro", *GETS])
async def test_a_key_anywhere_but_in_its_header_is_none(
    anonymous: httpx.AsyncClient, route: str, elsewhere: dict[str, Any]
) -> None:
    anonymous.cookies.update(elsewhere.get("cookies", {}))
    response = await call(anonymous, route, **{name: value for name, value in elsewhere.items() if name != "cookies"})
    assert response.status_code == 401


@pytest.mark.parametrize("route", GETS)
async def test_a_job_of_another_account_is_unknown(
    api: httpx.AsyncClient, anonymous: httpx.AsyncClient, route: str, submit: Submit
) -> None:
    job = await submit()
    assert (await call(api, route, job["request_id"])).status_code == 200
    response = await call(anonymous, route, job["request_id"], headers={"x-api-key": key_of("other")})
    assert response.status_code == 404


def test_the_readme_lists_the_keys_as_they_are() -> None:
    readme = Path(segmind_ltx_sandbox.__file__).with_name("README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(SG_[0-9a-f]{16})` \| (\w+) \| (.+) \|$", readme, re.MULTILINE)
    assert rows == [(s.key, s.name, s.summary) for s in SCENARIOS]


def test_every_key_has_the_documented_form_and_its_own_name() -> None:
    assert all(re.fullmatch(r"SG_[0-9a-f]{16}", s.key) for s in SCENARIOS)
    assert len({s.key for s in SCENARIOS}) == len({s.name for s in SCENARIOS}) == len(SCENARIOS)
