"""Plan a run: what it would send, and what that would cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from attrs import frozen

from segmind_ltx_conformance.prober.accept import AUDIT_READS, AUDIT_REFUSALS
from segmind_ltx_conformance.prober.access import access_probes
from segmind_ltx_conformance.prober.budget import Budget, Reserve
from segmind_ltx_conformance.prober.items import items_of
from segmind_ltx_conformance.prober.negative import planned_invalid_bodies
from segmind_ltx_conformance.prober.options import STAGES, CannotRunError, Options
from segmind_ltx_conformance.prober.packs import Item, models_of
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract

READS_OF_A_JOB = 9
"""An estimate: four rounds of two reads, and the result once more."""


@frozen
class Row:
    """A stage, for one model or for no single model."""

    stage: str
    model: str | None
    requests: int
    jobs: int
    usd_low: float
    usd_high: float


@frozen
class Plan:
    """What a run would send. ``left_out`` counts the valid payloads that exceed the budget at the highest prices."""

    rows: tuple[Row, ...]
    left_out: int = 0

    @property
    def requests(self) -> int:
        """The number of requests; polls are estimated."""
        return sum(row.requests for row in self.rows)

    @property
    def jobs(self) -> int:
        """The number of jobs that a conforming server accepts."""
        return sum(row.jobs for row in self.rows)

    @property
    def usd_low(self) -> float:
        """Their cost at the lower end of the documented prices."""
        return sum(row.usd_low for row in self.rows)

    @property
    def usd_high(self) -> float:
        """Their cost at the upper end of the documented prices."""
        return sum(row.usd_high for row in self.rows)


def check(target: Target, contract: Contract, options: Options) -> None:
    """Raise `CannotRunError` if the run could not start."""
    if unknown := sorted((options.models or frozenset()) - contract.models.keys()):
        raise CannotRunError(f"unknown model: {', '.join(unknown)}; there are {', '.join(contract.models)}")
    if unknown := sorted((options.stages or frozenset()) - STAGES.keys()):
        raise CannotRunError(f"unknown stage: {', '.join(unknown)}; there are {', '.join(STAGES)}")
    if options.models == frozenset() or not any(options.wants(stage) for stage in STAGES):
        raise CannotRunError("nothing is selected")
    items = items_of(target, contract, options)
    if items and not any(budget_of(target, contract, options).reserve(item.model.usd_high) for item in items):
        cheapest = min(item.model.usd_high for item in items)
        raise CannotRunError(
            f"the budget is too small to start: the cheapest job may cost {cheapest:g} USD, and max_cost is "
            f"{target.limits.max_cost:g} USD with max_jobs {target.limits.max_jobs}; raise them, or use --free"
        )


def budget_of(target: Target, contract: Contract, options: Options) -> Budget:
    """Return the budget, with a reserve for invalid payloads, each of which might be accepted."""
    limits = target.limits
    reserve = Reserve()
    if limits.max_jobs > 1:
        # The most expensive model that leaves at least half of the budget to valid payloads.
        prices = [model.usd_high for model in models_of(contract, options) if 2 * model.usd_high <= limits.max_cost]
        reserve = Reserve(1, max(prices, default=0.0))
    return Budget(limits.max_jobs, limits.max_cost, overdraft=options.free, reserve_for_trials=reserve)


def plan(target: Target, contract: Contract, options: Options) -> Plan:
    """Return what `probe` would send, without sending it. Raises `CannotRunError` if the run could not start."""
    check(target, contract, options)
    budget = budget_of(target, contract, options)
    items = items_of(target, contract, options)
    affordable = [item for item in items if budget.reserve(item.model.usd_high)]
    totals: defaultdict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
    for stage, model, requests, item in (*_paid(affordable, options), *_unpaid(target, contract, options)):
        row = totals[stage, model]
        row["requests"] += requests
        if item is not None:
            row["jobs"] += 1
            row["low"] += round(item.model.usd_low * 1e6)
            row["high"] += round(item.model.usd_high * 1e6)
    rows = (
        Row(stage, model, row["requests"], row["jobs"], row["low"] / 1e6, row["high"] / 1e6)
        for (stage, model), row in totals.items()
    )
    order = list(STAGES)
    return Plan(tuple(sorted(rows, key=lambda row: order.index(row.stage))), len(items) - len(affordable))


Sent = tuple[str, str | None, int, Item | None]


def _paid(items: list[Item], options: Options) -> Iterator[Sent]:
    for item in items:
        slug = item.model.slug
        yield item.stage, slug, 1 + (READS_OF_A_JOB if item.version == "v2" else 0), item
        if options.wants("download") and options.videos and item.version == "v2" and item.kind != "failing":
            yield "download", slug, 1, None
    for stage, requests in (("alias", 1), ("other-account", 1), ("accept-header", 1), ("retention", 10)):
        if items and options.wants(stage):
            yield stage, None, requests, None
    if any(item.kind == "audit" for item in items):
        yield "audit", None, AUDIT_READS + AUDIT_REFUSALS, None


def _unpaid(target: Target, contract: Contract, options: Options) -> Iterator[Sent]:
    yield "unknown-id", None, 1, None
    for probe in access_probes(target, contract, options):
        yield probe.stage, probe.model.slug if probe.model else None, 1, None
    for body in planned_invalid_bodies(target, contract, options):
        yield body.stage, body.model.slug, 1, None
    if options.wants("open"):
        for model in models_of(contract, options):
            yield "open", model.slug, 1, None
