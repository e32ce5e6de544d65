"""The vendor's own SDK, with nothing but its base URL changed, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from segmind import InferenceFailed, SegmindClient  # pyright: ignore[reportMissingTypeStubs]
from segmind.exceptions import SegmindError  # pyright: ignore[reportMissingTypeStubs]

from segmind_ltx_sandbox import key_of
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from segmind_ltx_spec import Model

Payload = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    """So fast that a job is done when it is first polled: the SDK sleeps in real time between two polls."""
    with running_sandbox(speed=1e6) as running:
        yield running


@contextmanager
def sdk(server: RunningSandbox, scenario: str = "valid", key: str | None = None) -> Generator[Any]:
    # Its own types are partial.
    client: Any = SegmindClient(api_key=key or key_of(scenario), base_url=f"{server.base_url}/v1")
    try:
        yield client
    finally:
        client._client.close()


def test_it_submits_waits_and_gets_the_result(server: RunningSandbox, model: Model, payload: Payload) -> None:
    with sdk(server) as client:
        job = client.submit_async(model.slug, **payload(model))
        result = job.wait(timeout=20, interval=0.001)
        assert result["status"] == job.status()["status"] == "COMPLETED"
        assert result == job.result()
    video = httpx.get(result["output"])
    assert video.headers["content-type"] == "video/mp4"
    assert len(video.content) == result["video"]["file_size"]


def test_its_one_liner_works(server: RunningSandbox, payload: Payload, model: Model) -> None:
    with sdk(server) as client:
        assert client.run(model.slug, **payload(model))["output"].startswith(server.base_url)


def test_its_blocking_call_gets_the_bytes(server: RunningSandbox, model: Model, payload: Payload) -> None:
    with sdk(server) as client:
        response = client.run_sync(model.slug, **payload(model))
    assert response.content[4:8] == b"ftyp"
    assert float(response.headers["x-cost"]) > 0


def test_a_failed_job_is_its_inference_failed(server: RunningSandbox, model: Model, payload: Payload) -> None:
    with sdk(server, "failing") as client:
        job = client.submit_async(model.slug, **payload(model))
        with pytest.raises(InferenceFailed) as caught:
            job.wait(timeout=20, interval=0.001)
        assert job.result()["status"] == "FAILED"
    assert caught.value.detail == caught.value.status_body["error"]
    assert caught.value.status_body["request_id"] == job.request_id
    assert "cost" not in caught.value.status_body["metrics"]


@pytest.mark.parametrize(
    ("scenario", "status", "has_detail"),
    [
        ("forbidden", 403, True),
        ("no_credits", 406, True),
        ("rate_limited", 429, True),
        ("server_error", 500, True),
        ("bad_gateway", 502, False),  # HTML, which the SDK does not read.
        ("gateway_timeout", 504, False),
    ],
)
def test_its_error_has_the_status(
    server: RunningSandbox, model: Model, payload: Payload, scenario: str, status: int, has_detail: bool
) -> None:
    with sdk(server, scenario) as client:
        for call in (client.submit_async, client.run_sync):
            with pytest.raises(SegmindError) as caught:
                call(model.slug, **payload(model))
            assert caught.value.status == status
            assert bool(caught.value.detail) is has_detail


def test_a_key_that_is_not_valid_is_401(server: RunningSandbox, model: Model, payload: Payload) -> None:
    with sdk(server, key="SG_ffffffffffffffff") as client, pytest.raises(SegmindError) as caught:
        client.submit_async(model.slug, **payload(model))
    assert caught.value.status == 401
    assert "key" in str(caught.value.detail)


def test_a_wrong_parameter_is_400(server: RunningSandbox, model: Model) -> None:
    with sdk(server) as client, pytest.raises(SegmindError) as caught:
        client.submit_async(model.slug, prompt=42)
    assert caught.value.status == 400
    assert str(caught.value.detail).startswith("prompt: 42")


def test_an_unknown_model_and_an_expired_job_are_404(payload: Payload, model: Model) -> None:
    # A server of its own, since its clock is moved.
    with running_sandbox(speed=1e6) as server, sdk(server) as client:
        with pytest.raises(SegmindError) as caught:
            client.submit_async("no-such-model", prompt="a")
        assert caught.value.status == 404
        job = client.submit_async(model.slug, **payload(model))
        httpx.post(f"{server.base_url}/_control/advance", json={"seconds": 3601}).raise_for_status()
        for read in (job.status, job.result, job.wait):
            with pytest.raises(SegmindError) as caught:
                read()
            assert caught.value.status == 404
