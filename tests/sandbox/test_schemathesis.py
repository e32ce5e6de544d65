# pyright: reportUntypedFunctionDecorator=false, reportUnknownMemberType=false
# Schemathesis creates the decorator at run time; its type is partial.
"""Run Schemathesis against the sandbox, in process: every operation of the contract, every check.

No check is disabled. Two do nothing without a configuration file, which this project does not have:
`max_response_time` needs a limit, `object_level_authorization` a second user (`test_keys.py` has one). The other
modules test what Schemathesis does not: states that go backwards, retention, the video.
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
    """Return a sandbox with one short stand-in for all videos: the test requests hundreds and reads none."""
    app = create_app(clock=ManualClock())
    app.state.sandbox.videos = VideoCache(lambda _: b"a video")
    return app


schema = schemathesis.openapi.from_asgi("/openapi.json", app_without_rendering())


@schema.parametrize()
@REPRODUCIBLE
def test_operation_keeps_contract(case: Case[Any]) -> None:
    """Every operation passes every check of Schemathesis."""
    case.call_and_validate(headers={"x-api-key": VALID})


@pytest.mark.parametrize(
    ("scenario", "wait", "state"),
    [("valid", 0, "QUEUED"), ("valid", 20, "PROCESSING"), ("valid", 200, "COMPLETED"), ("failing", 200, "FAILED")],
)
def test_job_keeps_contract_in_each_state(scenario: str, wait: float, state: str) -> None:
    """Following the links from a submit, every response keeps the contract in each state of the job."""
    clock = ManualClock()
    lives = schemathesis.openapi.from_asgi("/openapi.json", create_app(clock=clock, speed=1))
    if state == "FAILED":
        # In other APIs 422 refuses a valid request; here it is the status of a failed job (D). Only with this key.
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
