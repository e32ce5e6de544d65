"""State what a type checker sees of the public API. Checked by mypy and pyright in ``nox -s types``, and never run.

``assert_type`` fixes the types of results. A line with an ignore comment is a mistake that both checkers must report:
mypy warns of unused ignores in strict mode, pyright by the setting below, so a mistake that passes fails the session.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from segmind_ltx import (
    MODELS,
    AsyncClient,
    AsyncJob,
    AsyncVideo,
    Client,
    Job,
    JobStatus,
    Ltx2ProRequest,
    Ltx219BI2VRequest,
    SegmindLtxError,
    Video,
)


def show(status: JobStatus) -> None:
    """Take what ``on_status`` gets."""
    assert_type(status.state, str)
    assert_type(status.finished, bool)


def right_calls(client: Client) -> None:
    """Every spelling of a call has the type of its result."""
    job = client.submit("ltx-2-pro", prompt="x", duration=6, resolution="4k", generate_audio=False)
    assert_type(job, Job)
    assert_type(client.submit(Ltx2ProRequest(prompt="x", duration=10)), Job)
    assert_type(client.submit(model="ltx-2-pro", prompt="x"), Job)
    video = client.generate("ltx-video", prompt="x", image=None, cfg=3, timeout=5, on_status=show)
    assert_type(video, Video)
    request = Ltx219BI2VRequest(prompt="x", image="https://a.test/a.png", fps=30)
    assert_type(client.generate_blocking(request, timeout=9.5), Video)
    waited = job.wait(timeout=5, poll_interval=1, on_status=show)
    assert_type(waited.save("a.mp4", overwrite=True), Path)
    assert_type(client.job("a", "ltx-2-pro").status(), JobStatus)
    assert_type(waited.cost, float | None)
    assert_type(MODELS["ltx-2-pro"].parameters["duration"].limits, str)
    for outcome in client.generate_many([request], concurrency=2):
        assert_type(outcome.index, int)
        assert_type(outcome.result(), Video)


async def right_async_calls(client: AsyncClient) -> None:
    """The async client has the same calls."""
    job = await client.submit("ltx-2-fast", prompt="x", image=None)
    assert_type(job, AsyncJob)
    video = await job.wait(on_status=show)
    assert_type(video, AsyncVideo)
    assert_type(await video.save(Path("a.mp4")), Path)
    assert_type(await client.generate_blocking(model="ltx-video", prompt="x"), AsyncVideo)
    async with client.generate_many([Ltx2ProRequest(prompt="x")]) as outcomes:
        async for outcome in outcomes:
            assert_type(outcome.result(), AsyncVideo)


def right_errors(error: SegmindLtxError) -> None:
    """Every exception has the request id and the model."""
    assert_type(error.request_id, str | None)
    assert_type(error.model, str | None)


def wrong_type(client: Client) -> None:
    """A parameter has a value of another type."""
    client.submit("ltx-2-19b-t2v", prompt="x", width="512")  # type: ignore[call-overload]
    Ltx2ProRequest(prompt=7)  # type: ignore[arg-type]


def misspelled_parameter(client: Client) -> None:
    """A parameter is misspelled."""
    client.submit("ltx-2-pro", prompt="x", duraton=6)  # type: ignore[call-overload]
    Ltx2ProRequest(prompt="x", duraton=6)  # type: ignore[call-arg]


def value_not_allowed(client: Client) -> None:
    """A parameter has a value that the documents do not list."""
    client.submit("ltx-2-pro", prompt="x", duration=7)  # type: ignore[call-overload]
    Ltx2ProRequest(prompt="x", duration=7)  # type: ignore[arg-type]


def missing_parameter(client: Client) -> None:
    """A required parameter is missing."""
    client.submit("ltx-2-pro", duration=6)  # type: ignore[call-overload]
    Ltx2ProRequest(duration=6)  # type: ignore[call-arg]
    client.generate("ltx-2-19b-i2v", prompt="x")  # type: ignore[call-overload]
    Ltx219BI2VRequest(prompt="x")  # type: ignore[call-arg]


def wrong_model(client: Client) -> None:
    """The model does not exist."""
    client.generate_blocking("ltx-2-prp", prompt="x")  # type: ignore[call-overload]
    client.job("a", "ltx-2-prp")  # type: ignore[arg-type]


async def parameter_of_other_model(client: Client, aclient: AsyncClient) -> None:
    """A parameter belongs to another model."""
    client.submit("ltx-2-pro", prompt="x", fps=24)  # type: ignore[call-overload]
    await aclient.submit("ltx-2-pro", prompt="x", fps=24)  # type: ignore[call-overload]


def null_not_documented(client: Client, aclient: AsyncClient) -> None:
    """A parameter is null, which the documents allow for others only."""
    client.submit("ltx-2-pro", prompt="x", image=None)  # type: ignore[call-overload]
    aclient.job(None)  # type: ignore[arg-type]


async def forgotten_await(client: AsyncClient) -> None:
    """The result of a coroutine is used without await."""
    assert client.submit("ltx-2-pro", prompt="x").id  # type: ignore[attr-defined]
