"""Test the open locations of videos."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from segmind_ltx_sandbox import ManualClock, Sandbox, key_of

pytestmark = pytest.mark.anyio

Submit = Callable[..., Awaitable[dict[str, Any]]]
SECONDS = 102.69
WEEK = 7 * 86400


@pytest.fixture
async def output(api: httpx.AsyncClient, clock: ManualClock, submit: Submit) -> str:
    """Return the location of a finished video."""
    job = await submit()
    clock.advance(SECONDS)
    location: str = (await api.get(job["response_url"])).json()["output"]
    return location


async def test_output_without_key_works(anonymous: httpx.AsyncClient, output: str) -> None:
    """A download needs no key; HEAD returns its size alone."""
    response = await anonymous.get(output)
    assert response.status_code == 200
    assert response.content[4:8] == b"ftyp"
    head = await anonymous.head(output)
    assert head.headers["content-length"] == response.headers["content-length"] == str(len(response.content))
    assert head.content == b""


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_output_with_key_is_400(anonymous: httpx.AsyncClient, output: str, method: str) -> None:
    """If a download carries a key, valid or not, it is refused with 400."""
    for key in (key_of("valid"), "SG_ffffffffffffffff", ""):
        response = await anonymous.request(method, output, headers={"x-api-key": key})
        assert response.status_code == 400
    if method == "GET":
        assert "key" in response.json()["error"]


async def test_output_kept_for_seven_days(anonymous: httpx.AsyncClient, clock: ManualClock, output: str) -> None:
    """A video is kept for seven days after its job ended, then returns 404."""
    clock.advance(WEEK - 1)
    assert (await anonymous.get(output)).status_code == 200
    clock.advance(2)
    response = await anonymous.get(output)
    assert response.status_code == 404
    assert response.json()["error"]


async def test_output_rendered_again_after_cache(
    anonymous: httpx.AsyncClient, clock: ManualClock, sandbox: Sandbox, output: str
) -> None:
    """If the job has expired and the cache is empty, the same video is rendered again."""
    before = (await anonymous.get(output)).content
    clock.advance(5000)
    sandbox.videos.clear()
    assert (await anonymous.get(output)).content == before
    assert sandbox.videos.renders == 2


async def test_output_unknown_until_named(
    api: httpx.AsyncClient, clock: ManualClock, sandbox: Sandbox, submit: Submit
) -> None:
    """A location returns 404 until a response has named it."""
    job = await submit()
    name = sandbox.outputs.name(job["request_id"])
    clock.advance(SECONDS)
    del api.headers["x-api-key"]
    assert (await api.get(f"/outputs/{name}")).status_code == 404
    assert len(sandbox.outputs) == 0


async def test_output_name_hides_request_id(
    api: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: ManualClock, submit: Submit
) -> None:
    """The name of a video does not contain the request id, and no other path leads to it."""
    job_id = (await submit())["request_id"]
    clock.advance(SECONDS)
    output = (await api.get(f"/v2/requests/{job_id}")).json()["output"]
    assert job_id not in output
    assert job_id.replace("-", "") not in output
    assert (await anonymous.get(f"/outputs/{job_id}.mp4")).status_code == 404
    assert (await anonymous.get("/outputs/..%2f..%2fetc%2fpasswd")).status_code == 404


async def test_closed_outputs_are_forgotten(
    api: httpx.AsyncClient, clock: ManualClock, sandbox: Sandbox, submit: Submit, output: str
) -> None:
    """A location that has closed is removed once another one opens."""
    assert sandbox.outputs.find(output.rsplit("/", 1)[1], clock.now()) is not None
    clock.advance(WEEK + 1)
    job = await submit()
    clock.advance(SECONDS)
    assert (await api.get(job["response_url"])).json()["output"] != output
    assert len(sandbox.outputs) == 1


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=10-", 10, None), ("bytes=-10", -10, None), ("bytes=5-999999999", 5, None)],
)
async def test_output_range_is_206(
    anonymous: httpx.AsyncClient, output: str, span: str, first: int, last: int | None
) -> None:
    """A request for one range gets these bytes with 206."""
    whole = (await anonymous.get(output)).content
    response = await anonymous.get(output, headers={"range": span})
    end = len(whole) - 1 if last is None else last
    start = first % len(whole)
    assert response.status_code == 206
    assert response.content == whole[start : end + 1]
    assert response.headers["content-range"] == f"bytes {start}-{end}/{len(whole)}"


@pytest.mark.parametrize(
    ("span", "status"),
    [("bytes=999999999-", 416), ("bytes=-", 200), ("bytes=9-5", 200), ("bytes=0-1,3-4", 200), ("pages=1-2", 200)],
)
async def test_output_invalid_range_gets_whole(
    anonymous: httpx.AsyncClient, output: str, span: str, status: int
) -> None:
    """If the header is not one valid range, the whole is sent; a range past the end is 416."""
    assert (await anonymous.get(output, headers={"range": span})).status_code == status
