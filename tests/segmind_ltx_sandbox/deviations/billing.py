"""Billing: free requests that are billed, and billable ones that are not."""

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

FEE = 0.05
"""USD billed for a request that should be free."""
BALANCE_HEADER = "x-remaining-credits"


class BillsReads(Behaviour):
    """Bills each poll of a job."""

    def status(self, job: Job, state: State, now: float, origin: str) -> ApiResponse:
        """Charge the fee, then return the status."""
        job.account.charge(FEE)
        return super().status(job, state, now, origin)

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """Return the metrics with the current balance."""
        found = super().metrics(job, state, now)
        return {**found, "remaining_credits": job.account.credits} if state is State.COMPLETED else found


class BillsRefusals(Behaviour):
    """Bills refused POSTs: every balance that it reports afterwards is lower by their fees."""

    def __init__(self, contract: Contract, causes: str) -> None:
        super().__init__(contract)
        self._causes, self._owed = causes.split(), 0.0
        self._owed_at_end = dict[str, float]()

    def finalize(self, request: ApiRequest, response: ApiResponse) -> ApiResponse:
        """Add the fee if the POST was refused; lower the balance in the header if there is one."""
        if request.method == "POST" and response.cause in self._causes:
            self._owed += FEE
        left = response.headers.get(BALANCE_HEADER)
        if left is not None:
            response = evolve(
                response, headers={**response.headers, BALANCE_HEADER: str(round(float(left) - self._owed, 4))}
            )
        return super().finalize(request, response)

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """Return the metrics with a balance lower by the fees up to the end of the job."""
        found = super().metrics(job, state, now)
        if "remaining_credits" not in found:
            return found
        owed = self._owed_at_end.setdefault(job.id, self._owed)
        return {**found, "remaining_credits": round(found["remaining_credits"] - owed, 4)}


class BillsFailures(Behaviour):
    """Bills failed jobs."""

    def metrics(self, job: Job, state: State, now: float) -> dict[str, Any]:
        """Return the metrics with a cost even if the job failed."""
        found = super().metrics(job, state, now)
        if state is not State.FAILED:
            return found
        if job.remaining is None:
            job.settled(job.account.charge(job.cost))
        return {"cost": job.cost, "remaining_credits": job.remaining, **found}


class ReusesJobForSameBody(Behaviour):
    """Returns the first job if the same body is submitted again."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._body, self._known = "", dict[str, Job]()

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Remember the body for `accepted`, then validate."""
        self._body = f"{request.path} {request.headers.get('x-api-key')} {json.dumps(payload, sort_keys=True)}"
        return super().validated(request, model, payload)

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        """Return the first job with this body."""
        first = self._known.setdefault(self._body, job)
        return super().accepted(first, origin)


class ChargesRepeatsOnce(Behaviour):
    """Makes two jobs if the same body is submitted twice, and charges for the first alone."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._seen = set[str]()

    def cost(self, model: Model, payload: Mapping[str, Any]) -> float:
        """Return 0 if the same body was submitted before."""
        body = f"{model.slug} {json.dumps(payload, sort_keys=True)}"
        known = body in self._seen
        self._seen.add(body)
        return 0.0 if known else super().cost(model, payload)


def billing() -> Iterator[Deviation]:
    """Yield the deviations about billing."""
    yield Deviation("billing/reads", ("billing.reads-are-free",), "Each poll costs something.", BillsReads)
    for label, causes in (("invalid", "invalid malformed"), ("unknown-models", "no-such-route")):
        yield Deviation(
            f"billing/refused-{label}",
            ("billing.accepted-only",),
            f"POSTs that were refused are billed: {label}.",
            factory(BillsRefusals, causes),
        )
    yield Deviation("billing/failed", ("billing.failed-is-free",), "A job that FAILED is billed.", BillsFailures)
    yield Deviation(
        "billing/failed-cost",
        ("billing.failed-is-free",),
        "A job that FAILED reports a cost and bills none.",
        ReportsCostOfFailure,
    )
    yield Deviation(
        "billing/idempotent",
        ("billing.no-idempotency", "job.id-unique"),
        "The same submit sent twice is one job.",
        ReusesJobForSameBody,
    )
    yield Deviation(
        "billing/second-free",
        ("billing.no-idempotency",),
        "The same submit sent twice is charged once.",
        ChargesRepeatsOnce,
    )


class ReportsCostOfFailure(Behaviour):
    """Reports a cost of failed jobs, and bills none."""

    def failed(self, job: Job, state: State, now: float) -> ApiResponse:
        """Return the response with a cost in its metrics."""
        response = super().failed(job, state, now)
        return evolve(
            response, content={**response.content, "metrics": {**response.content["metrics"], "cost": job.cost}}
        )
