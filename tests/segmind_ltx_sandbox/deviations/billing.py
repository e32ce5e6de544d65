"""Money: what is billed that should be free, and what is not billed that should be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import Deviation, factory
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_spec import Contract, Model

EACH = 0.05
"""USD for what should be free."""
LEFT = "x-remaining-credits"


class ReadsBilled(Behaviour):
    """Bills each reading of a job."""

    def status(self, job: Job, state: State, now: float, origin: str) -> ApiResponse:
        """For a fee."""
        job.account.charge(EACH)
        return super().status(job, state, now, origin)

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """With the balance as it is by now."""
        found = super().metrics(job, state, now)
        return {**found, "remaining_credits": job.account.credits} if state is State.COMPLETED else found


class RefusalsBilled(Behaviour):
    """Bills POSTs that it refused: whatever it tells of the balance afterwards has that taken off."""

    def __init__(self, contract: Contract, causes: str) -> None:
        super().__init__(contract)
        self._causes, self._owed = causes.split(), 0.0
        self._at_end = dict[str, float]()

    def finalize(self, asked: ApiRequest, answer: ApiResponse) -> ApiResponse:
        """Counted where it is a refusal; told where it is a video."""
        if asked.method == "POST" and answer.cause in self._causes:
            self._owed += EACH
        left = answer.headers.get(LEFT)
        if left is not None:
            answer = evolve(answer, headers={**answer.headers, LEFT: str(round(float(left) - self._owed, 4))})
        return super().finalize(asked, answer)

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """With the balance as it was when the job ended."""
        found = super().metrics(job, state, now)
        if "remaining_credits" not in found:
            return found
        owed = self._at_end.setdefault(job.id, self._owed)
        return {**found, "remaining_credits": round(found["remaining_credits"] - owed, 4)}


class FailuresBilled(Behaviour):
    """Bills jobs that failed."""

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """With a cost, whatever came of it."""
        found = super().metrics(job, state, now)
        if state is not State.FAILED:
            return found
        if job.remaining is None:
            job.settled(job.account.charge(job.cost))
        return {"cost": job.cost, "remaining_credits": job.remaining, **found}


class Idempotent(Behaviour):
    """Takes the same body, sent again, for the same job."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._body, self._known = "", dict[str, Job]()

    def validated(self, asked: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """As usual; the body is noted."""
        self._body = f"{asked.path} {asked.headers.get('x-api-key')} {json.dumps(payload, sort_keys=True)}"
        return super().validated(asked, model, payload)

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        """The job of that body."""
        first = self._known.setdefault(self._body, job)
        return super().accepted(first, origin)


class SecondFree(Behaviour):
    """Makes two jobs of the same submit sent twice, and charges one."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._seen = set[str]()

    def cost(self, model: Model, payload: Mapping[str, Any]) -> float:
        """Nothing for what was made before."""
        body = f"{model.slug} {json.dumps(payload, sort_keys=True)}"
        known = body in self._seen
        self._seen.add(body)
        return 0.0 if known else super().cost(model, payload)


def billing() -> Iterator[Deviation]:
    """All of them."""
    yield Deviation("billing/reads", ("billing.reads-are-free",), "Each poll costs something.", ReadsBilled)
    for label, causes in (("invalid", "invalid malformed"), ("unknown-models", "no-such-route")):
        yield Deviation(
            f"billing/refused-{label}",
            ("billing.accepted-only",),
            f"POSTs that were refused are billed: {label}.",
            factory(RefusalsBilled, causes),
        )
    yield Deviation("billing/failed", ("billing.failed-is-free",), "A job that FAILED is billed.", FailuresBilled)
    yield Deviation(
        "billing/failed-cost",
        ("billing.failed-is-free",),
        "A job that FAILED tells a cost and bills none.",
        CostTold,
    )
    yield Deviation(
        "billing/idempotent",
        ("billing.no-idempotency", "job.id-unique"),
        "The same submit sent twice is one job.",
        Idempotent,
    )
    yield Deviation(
        "billing/second-free", ("billing.no-idempotency",), "The same submit sent twice is charged once.", SecondFree
    )


class CostTold(Behaviour):
    """Tells a cost where there is none."""

    def failed(self, job: Job, state: State, now: float) -> ApiResponse:
        """With a cost in its metrics."""
        answer = super().failed(job, state, now)
        return evolve(answer, content={**answer.content, "metrics": {**answer.content["metrics"], "cost": job.cost}})
