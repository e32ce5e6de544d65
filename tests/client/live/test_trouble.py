"""What the sandbox's keys stand for, met by the client; and a job that outlives the client that began it."""

# A step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import segmind_ltx as ltx
from segmind_ltx_sandbox import SCENARIOS, ManualClock, Scenario, key_of
from support.callers import Live, Step

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


@pytest.mark.parametrize("scenario", REFUSING, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("step", [SUBMIT, lambda c: c.job("some-id").status()], ids=["submit", "status"])
def test_each_key_that_is_refused_has_its_class(live: Live, scenario: Scenario, step: Step) -> None:
    assert scenario.status is not None
    with pytest.raises(CLASSES[scenario.status]) as caught:
        live(step, key=scenario.key)
    assert type(caught.value) is CLASSES[scenario.status]
    assert caught.value.status == scenario.status
    assert scenario.key not in str(caught.value)
    if isinstance(caught.value, ltx.RateLimitError):
        assert caught.value.reset_at is not None


def test_an_unknown_key_is_refused(live: Live) -> None:
    with pytest.raises(ltx.AuthenticationError):
        live(SUBMIT, key="SG_ffffffffffffffff")


def test_without_credits_nothing_is_submitted(live: Live) -> None:
    before = len(live.sandbox.state.jobs)
    with pytest.raises(ltx.InsufficientCreditsError):
        live(SUBMIT, key=key_of("no_credits"))
    assert len(live.sandbox.state.jobs) == before


def test_a_job_that_fails_says_why_and_is_not_charged(live: Live) -> None:
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


def test_another_account_does_not_see_the_job(live: Live) -> None:
    job = live(SUBMIT)
    with pytest.raises(ltx.NotFoundError) as caught:
        live(lambda c: c.job(job.id).wait(), key=key_of("other"))
    assert caught.value.request_id == job.id


def test_another_client_takes_the_job_up_by_its_id(live: Live, tmp_path: Path) -> None:
    job = live(SUBMIT)
    with pytest.raises(ltx.JobNotFinishedError) as caught:
        live(lambda c: c.job(job.id).result())
    assert caught.value.state in {"QUEUED", "PROCESSING"}
    path = live(lambda c: c.job(job.id).wait(), lambda v: v.save(tmp_path / "a.mp4"))
    assert path.stat().st_size > 0


def test_after_a_deadline_the_job_is_still_there(live: Live) -> None:
    with pytest.raises(ltx.WaitTimeoutError) as caught:
        live(lambda c: c.generate("ltx-2-19b-t2v", timeout=5, **SMALL))
    assert caught.value.elapsed == pytest.approx(5)
    assert caught.value.state in {"QUEUED", "PROCESSING"}
    request_id = caught.value.request_id
    assert live(lambda c: c.job(request_id).wait()).request_id == request_id


def test_after_its_hour_a_job_is_not_found(live: Live) -> None:
    job = live(SUBMIT)
    live(lambda c: c.job(job.id).wait())
    assert isinstance(live.sandbox.clock, ManualClock)
    live.sandbox.clock.advance(3601)
    with pytest.raises(ltx.NotFoundError) as caught:
        live(lambda c: c.job(job.id).result())
    assert caught.value.request_id == job.id


def test_a_wait_is_over_soon_after_the_job(live: Live) -> None:
    states: list[Any] = []
    begun = live.sandbox.clock.now()
    video = live(SUBMIT, lambda job: job.wait(on_status=states.append))
    waited = live.sandbox.clock.now() - begun
    assert video.total_time - 1e-6 <= waited <= video.total_time + 6
