"""Run a sandbox for tests of the suite, with its target profile."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from segmind_ltx_conformance.target import Target, target_of
from segmind_ltx_sandbox import SCENARIOS, ManualClock
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox

ONE_MODEL: Final = "ltx-2-19b-i2v"


def profile_for(sandbox: RunningSandbox, **limits: Any) -> Target:
    """Return the profile of a sandbox, with all its keys and the route that moves its clock."""
    profile = {
        "base_url": sandbox.base_url,
        "keys": {scenario.name: scenario.key for scenario in SCENARIOS},
        "clock": {"advance": "/_control/advance"},
        "limits": {"max_cost": 200.0, "job_timeout": 10, "poll_interval": 0.02, **limits},
    }
    return target_of(profile, "the test's profile", {})


@contextmanager
def sandbox_and_target(**options: Any) -> Generator[tuple[RunningSandbox, Target]]:
    """Yield a sandbox on a clock that stands still, and its profile."""
    with running_sandbox(clock=ManualClock(), **options) as sandbox:
        yield sandbox, profile_for(sandbox)
