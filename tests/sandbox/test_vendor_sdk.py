"""Test the vendor's own SDK against the sandbox over real HTTP, with only its base URL changed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from segmind import InferenceFailed, SegmindClient  # pyright: ignore[reportMissingTypeStubs]
from segmind.exceptions import SegmindError  # pyright: ignore[reportMissingTypeStubs]
from segmind.files import Files  # pyright: ignore[reportMissingTypeStubs]

from segmind_ltx_sandbox import key_of
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from segmind_ltx_spec import Model, load

Payload = Callable[..., dict[str, Any]]
PRO = load().models["ltx-2-pro"]
"""The model of tests about errors, which do not depend on the model."""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    """Yield a server so fast that a job is done at its first poll: the SDK sleeps in real time between polls."""
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


def test_sdk_submit_and_wait_returns_result(server: RunningSandbox, model: Model, payload: Payload) -> None:
    """The SDK submits, waits and gets the result, and its output is a video."""
    with sdk(server) as client:
        job = client.submit_async(model.slug, **payload(model))
        result = job.wait(timeout=20, interval=0.001)
        assert result["status"] == job.status()["status"] == "COMPLETED"
        assert result == job.result()
    video = httpx.get(result["output"])
    assert video.headers["content-type"] == "video/mp4"
    assert len(video.content) == result["video"]["file_size"]


def test_sdk_run_returns_output(server: RunningSandbox, payload: Payload) -> None:
    """``SegmindClient.run`` returns the output."""
    with sdk(server) as client:
        assert client.run(PRO.slug, **payload(PRO))["output"].startswith(server.base_url)


def test_sdk_run_sync_returns_json(server: RunningSandbox, model: Model, payload: Payload) -> None:
    """``SegmindClient.run_sync`` returns JSON with the location of the video."""
    with sdk(server) as client:
        response = client.run_sync(model.slug, **payload(model))
    assert response.json()["output"].startswith(server.base_url)
    assert float(response.headers["x-cost"]) > 0


def test_sdk_run_sync_returns_bytes(model: Model, payload: Payload) -> None:
    """``SegmindClient.run_sync`` returns the bytes of the video if the sandbox sends them."""
    with running_sandbox(speed=1e6, v1_bytes=True) as server, sdk(server) as client:
        response = client.run_sync(model.slug, **payload(model))
    assert response.content[4:8] == b"ftyp"
    assert float(response.headers["x-cost"]) > 0


def test_sdk_failed_job_raises(server: RunningSandbox, payload: Payload) -> None:
    """If a job fails, the SDK raises its `InferenceFailed` with the reason."""
    with sdk(server, "failing") as client:
        job = client.submit_async(PRO.slug, **payload(PRO))
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
def test_sdk_error_has_status(
    server: RunningSandbox, payload: Payload, scenario: str, status: int, has_detail: bool
) -> None:
    """The SDK raises an error with the status of the scenario."""
    with sdk(server, scenario) as client:
        for call in (client.submit_async, client.run_sync):
            with pytest.raises(SegmindError) as caught:
                call(PRO.slug, **payload(PRO))
            assert caught.value.status == status
            assert bool(caught.value.detail) is has_detail


def test_sdk_unknown_key_is_401(server: RunningSandbox, payload: Payload) -> None:
    """If the key is unknown, the SDK raises an error with 401."""
    with sdk(server, key="SG_ffffffffffffffff") as client, pytest.raises(SegmindError) as caught:
        client.submit_async(PRO.slug, **payload(PRO))
    assert caught.value.status == 401
    assert "key" in str(caught.value.detail)


def test_sdk_invalid_parameter_is_400(server: RunningSandbox) -> None:
    """If a parameter is invalid, the SDK raises an error with 400 that names it."""
    with sdk(server) as client, pytest.raises(SegmindError) as caught:
        client.submit_async(PRO.slug, prompt=42)
    assert caught.value.status == 400
    assert str(caught.value.detail).startswith("prompt: 42")


def test_sdk_unknown_model_or_expired_is_404(payload: Payload) -> None:
    """If the model is unknown or the job has expired, the SDK raises an error with 404."""
    # A server of its own, since its clock is moved.
    with running_sandbox(speed=1e6) as server, sdk(server) as client:
        with pytest.raises(SegmindError) as caught:
            client.submit_async("no-such-model", prompt="a")
        assert caught.value.status == 404
        job = client.submit_async(PRO.slug, **payload(PRO))
        httpx.post(f"{server.base_url}/_control/advance", json={"seconds": 3601}).raise_for_status()
        for read in (job.status, job.result, job.wait):
            with pytest.raises(SegmindError) as caught:
                read()
            assert caught.value.status == 404


def test_sdk_upload_returns_address(server: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``files.upload`` finds the sandbox's asset store, and its address has the image; a wrong key is refused."""
    monkeypatch.setattr(Files, "STORAGE_BASE_URL", server.base_url)
    (tmp_path / "a.png").write_bytes(b"image a")
    (tmp_path / "b.jpg").write_bytes(b"image b")
    with sdk(server) as client:
        found = client.files.upload([tmp_path / "a.png", tmp_path / "b.jpg"])
    assert [httpx.get(address).content for address in found["file_urls"]] == [b"image a", b"image b"]
    with sdk(server, key="SG_ffffffffffffffff") as client, pytest.raises(SegmindError):
        client.files.upload(tmp_path / "a.png")


@pytest.mark.parametrize("body", ["[", "[]", "{}", '{"data_urls": []}', '{"data_urls": [7]}', '{"data_urls": ["x"]}'])
def test_upload_of_no_image_is_400(server: RunningSandbox, body: str) -> None:
    """A body without an image is refused."""
    answer = httpx.post(f"{server.base_url}/upload-asset", content=body, headers={"x-api-key": key_of("valid")})
    assert answer.status_code == 400
    assert "data" in answer.json()["error"] or "JSON" in answer.json()["error"]
