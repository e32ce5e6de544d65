"""Run the vendor's two samples with only the import changed."""

from __future__ import annotations

from typing import Any

import pytest

from segmind_ltx import compat
from segmind_ltx._clock import SystemClock
from segmind_ltx.compat import InferenceFailed, InferenceTimeout, SegmindClient, SegmindError
from segmind_ltx_sandbox import ManualClock, key_of
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox

PRO: dict[str, Any] = {
    "image": "https://example.com/harbour.webp",
    "prompt": "Slow pan over a harbour at dawn, gulls in the air, calm water.",
    "duration": 6,
    "resolution": "1080p",
    "generate_audio": True,
}
I2V: dict[str, Any] = {
    "prompt": "A woman in a red coat turns to the camera and waves.",
    "negative_prompt": "blurry, titles",
    "image": "https://example.com/woman.png",
    "width": 720,
    "height": 1280,
    "num_frames": 24,
    "fps": 24,
    "seed": 42,
    "guidance_scale": 4,
}


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch: pytest.MonkeyPatch, live_sandbox: RunningSandbox) -> None:  # pyright: ignore[reportUnusedFunction]
    """Replace the system clock: the vendor's constructor takes none."""

    def now(_: SystemClock) -> float:
        return live_sandbox.clock.now()

    def sleep(_: SystemClock, seconds: float) -> None:
        live_sandbox.clock.advance(seconds)

    monkeypatch.setattr(SystemClock, "monotonic", now)
    monkeypatch.setattr(SystemClock, "sleep", sleep)


@pytest.fixture(params=["", "/v1"])
def _set(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, live_sandbox: RunningSandbox) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("SEGMIND_API_KEY", live_sandbox.key)
    monkeypatch.setenv("SEGMIND_BASE_URL", live_sandbox.base_url + request.param)


@pytest.mark.usefixtures("_set")
@pytest.mark.parametrize(("slug", "payload"), [("ltx-2-pro", PRO), ("ltx-2-19b-i2v", I2V)])
def test_vendor_samples(capsys: pytest.CaptureFixture[str], slug: str, payload: dict[str, Any]) -> None:
    """The vendor's samples print the id, the status and the output."""
    client = SegmindClient()
    job = client.submit_async(slug, **payload)
    print(job.request_id)  # noqa: T201 - as the sample does
    try:
        result = job.wait(timeout=900, interval=2.0)
        print(result["status"])  # noqa: T201
        print(result.get("output"))  # noqa: T201
    except InferenceTimeout as e:
        print("still running:", e.request_id)  # noqa: T201
    except InferenceFailed as e:
        print("failed:", e.detail)  # noqa: T201
    finally:
        client.close()
    printed = capsys.readouterr().out.split()
    assert printed[0] == job.request_id
    assert printed[1] == "COMPLETED"
    assert printed[2].startswith("http://127.0.0.1:")


def test_vendor_exceptions(live_sandbox: RunningSandbox) -> None:
    """A failure and a timeout have the vendor's names and attributes."""
    with SegmindClient(key_of("failing"), live_sandbox.base_url) as client:
        job = client.submit_async("ltx-2-pro", **PRO)
        with pytest.raises(InferenceFailed) as failed:
            job.wait(timeout=900, interval=0.1)
        assert failed.value.detail
        assert failed.value.request_id == job.request_id
        assert failed.value.status_body["status"] == "FAILED"
        assert job.status()["status"] == job.result()["status"] == "FAILED"
    with SegmindClient(live_sandbox.key, live_sandbox.base_url) as client:
        job = client.submit_async("ltx-2-pro", **PRO)
        with pytest.raises(InferenceTimeout) as late:
            job.wait(timeout=1, interval=5)
        assert late.value.request_id == job.request_id
        assert late.value.elapsed_s == pytest.approx(1)
        assert job.result()["status"] in {"QUEUED", "PROCESSING"}
        assert isinstance(late.value, SegmindError)


def test_vendor_run_and_run_sync(live_sandbox: RunningSandbox) -> None:
    """The vendor's run and run_sync return what the vendor's SDK returns."""
    with SegmindClient(live_sandbox.key, live_sandbox.base_url + "/v1", timeout=60.0) as client:
        small = {**I2V, "width": 256, "height": 256}
        result = client.run("ltx-2-19b-i2v", **small)
        response = client.run_sync("ltx-2-19b-i2v", **small)
    assert result["status"] == "COMPLETED"
    assert response.json()["output"].startswith(live_sandbox.base_url)


def test_job_has_the_vendors_addresses(live_sandbox: RunningSandbox) -> None:
    """A job has ``status_url`` and ``response_url``, at the base URL that the client was given."""
    with SegmindClient(live_sandbox.key, live_sandbox.base_url + "/v1") as client:
        job = client.submit_async("ltx-2-pro", **PRO)
    assert job.response_url == f"{live_sandbox.base_url}/v2/requests/{job.request_id}"
    assert job.status_url == f"{job.response_url}/status"


@pytest.mark.usefixtures("_set")
def test_functions_use_the_environment() -> None:
    """The module's functions work as its client's methods do, with the settings of the environment."""
    compat._default_client.cache_clear()  # pyright: ignore[reportPrivateUsage]
    try:
        small = {**I2V, "width": 256, "height": 256}
        assert compat.run("ltx-2-19b-i2v", **small)["status"] == "COMPLETED"
        assert compat.run_sync("ltx-2-19b-i2v", **small).json()["output"]
        assert compat.submit_async("ltx-2-19b-i2v", **small).wait()["status"] == "COMPLETED"
    finally:
        compat._default_client().close()  # pyright: ignore[reportPrivateUsage]
        compat._default_client.cache_clear()  # pyright: ignore[reportPrivateUsage]


def test_run_sync_returns_bytes_if_service_does() -> None:
    """``run_sync`` prefers no type, as the vendor's does, so it returns bytes if the service sends them."""
    with (
        running_sandbox(clock=ManualClock(), v1_bytes=True) as sandbox,
        SegmindClient(sandbox.key, sandbox.base_url) as client,
    ):
        response = client.run_sync("ltx-2-19b-i2v", **{**I2V, "width": 256, "height": 256})
    assert response.headers["content-type"] == "video/mp4"
    assert response.content[4:8] == b"ftyp"
