"""Meet each scenario of the sandbox's keys, and resume jobs with another client."""

# Each step takes the value of the one before it.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import segmind_ltx as ltx
from segmind_ltx_sandbox import SCENARIOS, ManualClock, Scenario, key_of
from support.callers import Live, Step
from support.pairwise import pairwise

SMALL: dict[str, Any] = {"prompt": "x", "width": 256, "height": 256, "num_frames": 4}
SUBMIT: Step = lambda c: c.submit("ltx-2-19b-t2v", **SMALL)  # noqa: E731
CLASSES: dict[int, type[ltx.SegmindLtxError]] = {
    403: ltx.PermissionDeniedError,
    429: ltx.RateLimitError,
    500: ltx.InternalServerError,
    502: ltx.BadGatewayError,
    504: ltx.GatewayTimeoutError,
}
REFUSING = [scenario for scenario in SCENARIOS if scenario.status]


@pytest.mark.parametrize(
    ("live", "scenario", "step"),
    pairwise(["sync", "asyncio", "trio"], REFUSING, [SUBMIT, lambda c: c.job("some-id").status()]),
    indirect=["live"],
)
def test_refused_key_class(live: Live, scenario: Scenario, step: Step) -> None:
    """Each key that the sandbox refuses raises the class of its status."""
    assert scenario.status is not None
    with pytest.raises(CLASSES[scenario.status]) as caught:
        live(step, key=scenario.key)
    assert type(caught.value) is CLASSES[scenario.status]
    assert caught.value.status == scenario.status
    assert scenario.key not in str(caught.value)
    if isinstance(caught.value, ltx.RateLimitError):
        assert caught.value.reset_at is not None


def test_unknown_key(live: Live) -> None:
    """An unknown key is refused."""
    with pytest.raises(ltx.AuthenticationError):
        live(SUBMIT, key="SG_ffffffffffffffff")


def test_no_credits(live: Live) -> None:
    """No job is created if the account has no credits."""
    before = len(live.sandbox.state.jobs)
    with pytest.raises(ltx.InsufficientCreditsError):
        live(SUBMIT, key=key_of("no_credits"))
    assert len(live.sandbox.state.jobs) == before


def test_failed_job(live: Live) -> None:
    """A failed job gives its reason in every call."""
    with pytest.raises(ltx.JobFailedError) as caught:
        live(SUBMIT, lambda job: job.wait(), key=key_of("failing"))
    assert caught.value.detail
    assert caught.value.request_id
    assert caught.value.model == "ltx-2-19b-t2v"
    request_id = caught.value.request_id
    seen = live(lambda c: c.job(request_id).status(), key=key_of("failing"))
    assert (seen.state, seen.detail) == ("FAILED", caught.value.detail)
    with pytest.raises(ltx.JobFailedError):
        live(lambda c: c.job(request_id).result(), key=key_of("failing"))


def test_job_of_other_account(live: Live) -> None:
    """Another account does not see the job."""
    job = live(SUBMIT)
    with pytest.raises(ltx.NotFoundError) as caught:
        live(lambda c: c.job(job.id).wait(), key=key_of("other"))
    assert caught.value.request_id == job.id


def test_job_resumed_by_id(live: Live, tmp_path: Path) -> None:
    """Another client resumes a job by its id."""
    job = live(SUBMIT)
    with pytest.raises(ltx.JobNotFinishedError) as caught:
        live(lambda c: c.job(job.id).result())
    assert caught.value.state in {"QUEUED", "PROCESSING"}
    path = live(lambda c: c.job(job.id).wait(), lambda v: v.save(tmp_path / "a.mp4"))
    assert path.stat().st_size > 0


def test_job_after_timeout(live: Live) -> None:
    """After a timeout the job can still be awaited."""
    with pytest.raises(ltx.WaitTimeoutError) as caught:
        live(lambda c: c.generate("ltx-2-19b-t2v", timeout=5, **SMALL))
    assert caught.value.elapsed == pytest.approx(5)
    assert caught.value.state in {"QUEUED", "PROCESSING"}
    request_id = caught.value.request_id
    assert live(lambda c: c.job(request_id).wait()).request_id == request_id


def test_job_after_retention(live: Live) -> None:
    """A job is not found an hour after its end."""
    job = live(SUBMIT)
    live(lambda c: c.job(job.id).wait())
    assert isinstance(live.sandbox.clock, ManualClock)
    live.sandbox.clock.advance(3601)
    with pytest.raises(ltx.NotFoundError) as caught:
        live(lambda c: c.job(job.id).result())
    assert caught.value.request_id == job.id


def test_wait_ends_soon_after_job(live: Live) -> None:
    """A wait ends soon after the job."""
    states: list[Any] = []
    begun = live.sandbox.clock.now()
    video = live(SUBMIT, lambda job: job.wait(on_status=states.append))
    waited = live.sandbox.clock.now() - begun
    assert video.total_time - 1e-6 <= waited <= video.total_time + 6
