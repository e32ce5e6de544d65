"""The life of a job, from its submission to its expiry, on a clock that stands still."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette

from segmind_ltx_sandbox import ManualClock, Sandbox, create_app, key_of
from segmind_ltx_spec import Model, load

pytestmark = pytest.mark.anyio

ORDER = ["QUEUED", "PROCESSING", "COMPLETED"]
Submit = Callable[..., Awaitable[dict[str, Any]]]


async def test_a_submit_answers_with_an_id_and_where_to_go(
    api: httpx.AsyncClient, model: Model, submit: Submit
) -> None:
    job = await submit(model)
    job_id = job["request_id"]
    assert uuid.UUID(job_id).version == 4
    assert job == {
        "request_id": job_id,
        "status": "QUEUED",
        "poll_url": f"http://sandbox.test/v1/requests/{job_id}",
        "status_url": f"http://sandbox.test/v2/requests/{job_id}/status",
        "response_url": f"http://sandbox.test/v2/requests/{job_id}",
    }
    elsewhere = await api.post(model.v2, json={}, headers={"host": "proxy.example:8443"})
    assert elsewhere.status_code == 400


async def test_urls_lead_back_to_the_origin_that_was_asked(api: httpx.AsyncClient, payload: Callable[..., Any]) -> None:
    model = load().models["ltx-2-pro"]
    job = (await api.post(model.v2, json=payload(model), headers={"host": "proxy.example:8443"})).json()
    assert job["status_url"].startswith("http://proxy.example:8443/v2/requests/")
    job = (await api.post(model.v2, json=payload(model), headers={"host": "evil.example/path?"})).json()
    assert job["status_url"].startswith("http://sandbox.test:")


async def test_ids_do_not_repeat(submit: Submit) -> None:
    assert len({(await submit())["request_id"] for _ in range(50)}) == 50


async def test_a_job_goes_through_its_states_and_never_back(
    api: httpx.AsyncClient, clock: ManualClock, model: Model, submit: Submit
) -> None:
    job = await submit(model)
    seen: list[str] = []
    times: list[float] = []
    step = model.seconds / 40
    for _ in range(42):
        # The result first: whatever it shows, the status that is read after it cannot be behind.
        result = (await api.get(job["response_url"])).json()
        status = (await api.get(job["status_url"])).json()
        assert result["status"] == status["status"]
        assert ("output" in result) == ("video" in result) == (result["status"] == "COMPLETED")
        assert "output" not in status
        assert status.keys() == {"status", "request_id", "status_url", "response_url", "metrics"}
        seen.append(status["status"])
        times.append(clock.now())
        clock.advance(step)
    assert set(seen) == set(ORDER)
    assert seen == sorted(seen, key=ORDER.index)
    assert times[seen.index("COMPLETED")] == pytest.approx(model.seconds, abs=1.01 * step)
    assert times[seen.index("PROCESSING")] == pytest.approx(0.05 * model.seconds, abs=1.01 * step)


async def test_the_usual_time_is_shortened_by_the_speed(payload: Callable[..., Any], model: Model) -> None:
    clock = ManualClock()
    app = create_app(clock=clock, speed=100)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://s", headers={"x-api-key": key_of("valid")}
    ) as api:
        job = (await api.post(model.v2, json=payload(model))).json()
        clock.advance(model.seconds / 100 - 0.001)
        assert (await api.get(job["status_url"])).json()["status"] == "PROCESSING"
        clock.advance(0.002)
        assert (await api.get(job["status_url"])).json()["status"] == "COMPLETED"


async def test_a_job_is_done_after_its_very_time_whenever_it_began(
    api: httpx.AsyncClient, clock: ManualClock, model: Model, submit: Submit
) -> None:
    for _ in range(30):
        job = await submit(model)
        clock.advance(model.seconds)
        body = (await api.get(job["status_url"])).json()
        assert body["status"] == "COMPLETED"
        assert isinstance(body["metrics"]["remaining_credits"], float)
        clock.advance(604801.7)


async def test_a_result_says_what_it_took_and_reads_the_same_twice(
    api: httpx.AsyncClient, clock: ManualClock, submit: Submit
) -> None:
    job = await submit("ltx-2-19b-t2v")
    clock.advance(200)
    first = await api.get(job["response_url"])
    await submit("ltx-2-19b-t2v")
    clock.advance(200)  # Another job is charged meanwhile, which does not change what this one reported.
    second = await api.get(job["response_url"])
    assert first.json() == second.json() == (await api.get(job["poll_url"])).json()
    body = first.json()
    assert body["output"] == body["video"]["url"]
    assert body["video"]["content_type"] == "video/mp4"
    assert body["video"]["url"].endswith("/" + body["video"]["file_name"])
    metrics = body["metrics"]
    assert metrics["cost"] == 0.416
    assert metrics["remaining_credits"] == 999_999.584
    assert metrics["queue_time"] + metrics["inference_time"] == pytest.approx(metrics["total_time"])
    assert metrics["total_time"] == pytest.approx(102.69, abs=0.002)
    assert (await api.get(job["status_url"])).json()["metrics"] == metrics


@pytest.mark.parametrize("route", ["status_url", "response_url", "poll_url"])
async def test_a_failing_job_is_422_and_not_charged(
    anonymous: httpx.AsyncClient,
    clock: ManualClock,
    model: Model,
    payload: Callable[..., Any],
    route: str,
    sandbox: Sandbox,
) -> None:
    anonymous.headers["x-api-key"] = key_of("failing")
    job = (await anonymous.post(model.v2, json=payload(model))).json()
    assert (await anonymous.get(job[route])).json()["status"] == "QUEUED"
    clock.advance(model.seconds / 2)
    assert (await anonymous.get(job[route])).json()["status"] == "PROCESSING"
    clock.advance(model.seconds)
    response = await anonymous.get(job[route])
    assert response.status_code == 422
    body = response.json()
    assert body.keys() == {"status", "request_id", "error", "metrics"}
    assert body["status"] == "FAILED"
    assert body["request_id"] == job["request_id"]
    assert body["metrics"].keys() == {"queue_time", "inference_time", "total_time"}
    assert sandbox.accounts[key_of("failing")].balance(clock.now()) == 1_000_000


@pytest.mark.parametrize("route", ["status_url", "response_url", "poll_url"])
@pytest.mark.parametrize("key", ["valid", "failing"])
async def test_a_job_is_kept_for_an_hour_after_its_end(
    anonymous: httpx.AsyncClient, clock: ManualClock, route: str, key: str, payload: Callable[..., Any]
) -> None:
    anonymous.headers["x-api-key"] = key_of(key)
    model = load().models["ltx-2-19b-t2v"]
    job = (await anonymous.post(model.v2, json=payload(model))).json()
    clock.advance(model.seconds + 3599)
    assert (await anonymous.get(job[route])).status_code in {200, 422}
    clock.advance(2)
    response = await anonymous.get(job[route])
    assert response.status_code == 404
    assert "one hour" in response.json()["error"]


async def test_expired_jobs_are_forgotten(clock: ManualClock, sandbox: Sandbox, submit: Submit) -> None:
    for _ in range(10):
        await submit()
    assert len(sandbox.jobs) == 10
    clock.advance(4000)
    await submit()
    assert len(sandbox.jobs) == 1


@pytest.mark.parametrize("route", ["/v2/requests/{}/status", "/v2/requests/{}", "/v1/requests/{}"])
@pytest.mark.parametrize("job_id", ["unknown", "../..", "a/status", "%", "ü", "a b", "x?y", "\n", "'", "0" * 3000])
async def test_an_unknown_id_is_404_whatever_it_looks_like(api: httpx.AsyncClient, route: str, job_id: str) -> None:
    response = await api.get(route.format(quote(job_id, safe="")))
    assert response.status_code == 404
    assert response.json()["error"]


async def test_an_id_may_be_percent_encoded(api: httpx.AsyncClient, submit: Submit) -> None:
    job = await submit()
    encoded = "".join(f"%{ord(char):02X}" for char in job["request_id"])
    response = await api.get(f"/v2/requests/{encoded}/status")
    assert response.json()["request_id"] == job["request_id"]


async def test_an_encoded_slash_does_not_make_another_route(api: httpx.AsyncClient, submit: Submit) -> None:
    job = await submit()
    response = await api.get(f"/v2/requests/{job['request_id']}%2Fstatus")
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/v1/no-such-model", "/v2/no-such-model", "/v2/ltx-2-pro/", "/v2/requests", "/v3/x"])
async def test_an_unknown_model_or_path_is_404(api: httpx.AsyncClient, path: str) -> None:
    response = await api.post(path, json={"prompt": "A heron."})
    assert response.status_code == 404
    assert response.json()["error"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_405_with_html(api: httpx.AsyncClient, model: Model, method: str) -> None:
    response = await api.request(method, model.v2)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.headers["content-type"].startswith("text/html")


async def test_reading_may_be_a_head_request(api: httpx.AsyncClient, submit: Submit) -> None:
    job = await submit()
    assert (await api.head(job["status_url"])).status_code == 200


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_it_works_under_trio_as_well(app: Starlette, clock: ManualClock, payload: Callable[..., Any]) -> None:
    model = load().models["ltx-2-19b-t2v"]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://s", headers={"x-api-key": key_of("valid")}
    ) as api:
        job = (await api.post(model.v2, json=payload(model))).json()
        clock.advance(model.seconds)
        assert (await api.get(job["response_url"])).json()["output"]
        assert (await api.post(model.v1, json=payload(model))).status_code == 200
