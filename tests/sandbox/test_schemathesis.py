# pyright: reportUntypedFunctionDecorator=false, reportUnknownMemberType=false
# The decorator is made at run time, and its type is partial.
"""Schemathesis against the sandbox, in process: every operation of the contract, every check.

Nothing is switched off. Two checks do nothing without a configuration file that this project does not have:
`max_response_time` wants a limit, `object_level_authorization` a second user (`test_sandbox_keys.py` has one). What
Schemathesis does not look for (states that go backwards, retention, the video) is in the other modules.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis import Case
from starlette.applications import Starlette

from segmind_ltx_sandbox import VALID, ManualClock, create_app, key_of
from segmind_ltx_sandbox.service.outputs import VideoCache

REPRODUCIBLE = settings(max_examples=20, derandomize=True, database=None, deadline=None)


def app_without_rendering() -> Starlette:
    """The sandbox with one short stand-in for all videos: hundreds are asked for, and nobody here looks at them."""
    app = create_app(clock=ManualClock())
    app.state.sandbox.videos = VideoCache(lambda _: b"a video")
    return app


schema = schemathesis.openapi.from_asgi("/openapi.json", app_without_rendering())


@schema.parametrize()
@REPRODUCIBLE
def test_every_operation_keeps_the_contract(case: Case[Any]) -> None:
    case.call_and_validate(headers={"x-api-key": VALID})


@pytest.mark.parametrize(
    ("scenario", "wait", "state"),
    [("valid", 0, "QUEUED"), ("valid", 20, "PROCESSING"), ("valid", 200, "COMPLETED"), ("failing", 200, "FAILED")],
)
def test_jobs_keep_the_contract_through_their_lives(scenario: str, wait: float, state: str) -> None:
    """Follows the links of the contract from each submit to the job's status and result, in each state."""
    clock = ManualClock()
    lives = schemathesis.openapi.from_asgi("/openapi.json", create_app(clock=clock, speed=1))
    if state == "FAILED":
        # Elsewhere 422 refuses a valid request; here it is how a job that failed is read (D). Only with this key.
        lives.config.checks.positive_data_acceptance.expected_statuses.append("422")
    seen: Counter[str] = Counter()

    class Lives(lives.as_state_machine()):  # type: ignore[misc]  # a class that is made at run time
        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:  # noqa: ARG002  the signature is Schemathesis's
            return {"headers": {"x-api-key": key_of(scenario)}}

        def after_call(self, response: schemathesis.Response, case: Case[Any]) -> None:
            if case.path.startswith("/v2/requests/") and response.status_code in {200, 422}:
                seen[response.json()["status"]] += 1
            elif case.path.startswith("/v2/"):
                clock.advance(wait)

    Lives.run(settings=settings(REPRODUCIBLE, max_examples=15, stateful_step_count=6))
    assert seen[state] > 0, seen
