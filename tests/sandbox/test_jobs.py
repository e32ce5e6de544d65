"""Test a job from its submit to its expiry, on a clock that stands still."""

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


async def test_submit_returns_id_and_urls(api: httpx.AsyncClient, model: Model, submit: Submit) -> None:
    """A submit returns a UUID, the state QUEUED and the three URLs of the job."""
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


async def test_urls_have_origin_of_request(api: httpx.AsyncClient, payload: Callable[..., Any]) -> None:
    """The URLs in a response have the origin of the request, or the server's if the Host header is invalid."""
    model = load().models["ltx-2-pro"]
    job = (await api.post(model.v2, json=payload(model), headers={"host": "proxy.example:8443"})).json()
    assert job["status_url"].startswith("http://proxy.example:8443/v2/requests/")
    job = (await api.post(model.v2, json=payload(model), headers={"host": "evil.example/path?"})).json()
    assert job["status_url"].startswith("http://sandbox.test:")


async def test_request_ids_are_unique(submit: Submit) -> None:
    """No two jobs have the same id."""
    assert len({(await submit())["request_id"] for _ in range(50)}) == 50


async def test_job_states_never_go_back(
    api: httpx.AsyncClient, clock: ManualClock, model: Model, submit: Submit
) -> None:
    """A job is QUEUED, PROCESSING and COMPLETED in this order, and has an output only at its end."""
    job = await submit(model)
    seen: list[str] = []
    times: list[float] = []
    step = model.seconds / 40
    for _ in range(42):
        # The result first: if it has a state, the status that is read after it cannot be behind.
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


async def test_speed_shortens_jobs(payload: Callable[..., Any], model: Model) -> None:
    """A job takes the usual time of its model divided by the speed."""
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


async def test_job_done_after_exact_time(
    api: httpx.AsyncClient, clock: ManualClock, model: Model, submit: Submit
) -> None:
    """A job is COMPLETED after exactly its time, whatever the clock showed at its submit."""
    for _ in range(30):
        job = await submit(model)
        clock.advance(model.seconds)
        body = (await api.get(job["status_url"])).json()
        assert body["status"] == "COMPLETED"
        assert isinstance(body["metrics"]["remaining_credits"], float)
        clock.advance(604801.7)


async def test_result_is_stable(api: httpx.AsyncClient, clock: ManualClock, submit: Submit) -> None:
    """A result has its video, cost and times, and stays the same if another job is charged."""
    job = await submit("ltx-2-19b-t2v")
    clock.advance(200)
    first = await api.get(job["response_url"])
    await submit("ltx-2-19b-t2v")
    clock.advance(200)  # Another job is charged meanwhile; the balance in this result must not change.
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
async def test_failed_job_is_422_and_free(
    anonymous: httpx.AsyncClient,
    clock: ManualClock,
    model: Model,
    payload: Callable[..., Any],
    route: str,
    sandbox: Sandbox,
) -> None:
    """A failed job returns 422 on every route and is not charged."""
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
async def test_job_kept_for_one_hour(
    anonymous: httpx.AsyncClient, clock: ManualClock, route: str, key: str, payload: Callable[..., Any]
) -> None:
    """A job is kept for one hour after its end, then returns 404."""
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
    """Expired jobs are removed at the next submit."""
    for _ in range(10):
        await submit()
    assert len(sandbox.jobs) == 10
    clock.advance(4000)
    await submit()
    assert len(sandbox.jobs) == 1


@pytest.mark.parametrize("job_id", ["unknown", "../..", "a/status", "%", "ü", "a b", "x?y", "\n", "'", "0" * 3000])
async def test_unknown_id_is_404(api: httpx.AsyncClient, job_id: str) -> None:
    """An unknown id returns 404 on every route, whatever its characters."""
    for route in ("/v2/requests/{}/status", "/v2/requests/{}", "/v1/requests/{}"):
        response = await api.get(route.format(quote(job_id, safe="")))
        assert response.status_code == 404, route
        assert response.json()["error"], route


async def test_percent_encoded_id_works(api: httpx.AsyncClient, submit: Submit) -> None:
    """A percent-encoded id is the same id."""
    job = await submit()
    encoded = "".join(f"%{ord(char):02X}" for char in job["request_id"])
    response = await api.get(f"/v2/requests/{encoded}/status")
    assert response.json()["request_id"] == job["request_id"]


async def test_encoded_slash_stays_in_id(api: httpx.AsyncClient, submit: Submit) -> None:
    """An encoded slash belongs to the id and does not select another route."""
    job = await submit()
    response = await api.get(f"/v2/requests/{job['request_id']}%2Fstatus")
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/v1/no-such-model", "/v2/no-such-model", "/v2/ltx-2-pro/", "/v2/requests", "/v3/x"])
async def test_unknown_model_or_path_is_404(api: httpx.AsyncClient, path: str) -> None:
    """An unknown model or path returns 404 with a message."""
    response = await api.post(path, json={"prompt": "A heron."})
    assert response.status_code == 404
    assert response.json()["error"]


async def test_other_method_is_405_html(api: httpx.AsyncClient, model: Model) -> None:
    """Another method on a model's route returns 405 as HTML and names the allowed one."""
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        response = await api.request(method, model.v2)
        assert response.status_code == 405, method
        assert response.headers["allow"] == "POST", method
        assert response.headers["content-type"].startswith("text/html"), method


async def test_head_of_status_works(api: httpx.AsyncClient, submit: Submit) -> None:
    """A status can be read by HEAD."""
    job = await submit()
    assert (await api.head(job["status_url"])).status_code == 200


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_sandbox_works_under_trio(app: Starlette, clock: ManualClock, payload: Callable[..., Any]) -> None:
    """The sandbox works under trio as well."""
    model = load().models["ltx-2-19b-t2v"]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://s", headers={"x-api-key": key_of("valid")}
    ) as api:
        job = (await api.post(model.v2, json=payload(model))).json()
        clock.advance(model.seconds)
        assert (await api.get(job["response_url"])).json()["output"]
        assert (await api.post(model.v1, json=payload(model))).status_code == 200
