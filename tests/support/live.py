"""A sandbox to try the suite on, and its profile."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from segmind_ltx_conformance.target import Target, target_of
from segmind_ltx_sandbox import SCENARIOS, ManualClock
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox

ONE_MODEL: Final = "ltx-2-19b-t2v"


def profile_for(sandbox: RunningSandbox, **limits: Any) -> Target:
    """The profile of a sandbox, with all its keys and its clock control."""
    told = {
        "base_url": sandbox.base_url,
        "keys": {scenario.name: scenario.key for scenario in SCENARIOS},
        "clock": {"advance": "/_control/advance"},
        "limits": {"max_cost": 200.0, "job_timeout": 10, "poll_interval": 0.02, **limits},
    }
    return target_of(told, "the test's profile", {})


@contextmanager
def sandbox_and_target(**options: Any) -> Generator[tuple[RunningSandbox, Target]]:
    """A sandbox on a clock that stands still, and its profile."""
    with running_sandbox(clock=ManualClock(), **options) as sandbox:
        yield sandbox, profile_for(sandbox)
