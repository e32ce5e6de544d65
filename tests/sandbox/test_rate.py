"""The rate limit of the sandbox, for each key."""

from __future__ import annotations

import httpx
import pytest

from segmind_ltx_sandbox.service.clock import ManualClock
from segmind_ltx_sandbox.service.rate import rate_limited
from segmind_ltx_sandbox.service.scenarios import key_of
from segmind_ltx_sandbox.testing import running_sandbox


def test_submits_above_the_rate_are_answered_429() -> None:
    """Two submits in ten seconds are accepted, a third is not until the first is older; other keys are not affected."""
    clock = ManualClock()
    with running_sandbox(clock=clock, behaviour=rate_limited("2/10", clock)) as sandbox:

        def submit(key: str = "valid") -> httpx.Response:
            url, headers = f"{sandbox.base_url}/v2/ltx-video", {"x-api-key": key_of(key)}
            return httpx.post(url, json={"prompt": "x"}, headers=headers)

        first = [submit().status_code for _ in range(2)]
        clock.advance(4)
        limited = submit()
        assert (first, limited.status_code, submit("other").status_code) == ([200, 200], 429, 200)
        assert limited.headers["x-rate-limit-reset-at-utc"].startswith("2026-01-01T00:00:10")
        clock.advance(6)
        assert submit().status_code == 200


@pytest.mark.parametrize("rate", ["", "5", "0/1", "1/0", "a/b"])
def test_rate_that_is_none_is_refused(rate: str) -> None:
    """A rate is a number of submits and of seconds."""
    with pytest.raises(ValueError, match="submits/seconds"):
        rate_limited(rate, ManualClock())


def test_rate_excludes_a_deviation() -> None:
    """Two behaviours cannot be served at once."""
    with pytest.raises(ValueError, match="cannot be combined"):
        rate_limited("1/1", ManualClock(), object())
