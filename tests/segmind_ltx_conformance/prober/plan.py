"""What a run would send, before anything is sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from attrs import frozen

from segmind_ltx_conformance.prober.accept import READS, REFUSED
from segmind_ltx_conformance.prober.access import knocks
from segmind_ltx_conformance.prober.budget import Budget, Reserve
from segmind_ltx_conformance.prober.negative import wrong_bodies
from segmind_ltx_conformance.prober.options import STAGES, CannotRunError, Options
from segmind_ltx_conformance.prober.packs import Item, items_of, models_of
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract

READS_OF_A_JOB = 9
"""About four rounds of two reads, and the result once more."""


@frozen
class Row:
    """A stage, for one model or for none in particular."""

    stage: str
    model: str | None
    requests: int
    jobs: int
    usd_low: float
    usd_high: float


@frozen
class Plan:
    """What would be sent. ``left_out`` is how many valid payloads the budget has no room for, at the highest prices."""

    rows: tuple[Row, ...]
    left_out: int = 0

    @property
    def requests(self) -> int:
        """All requests, those that follow jobs estimated."""
        return sum(row.requests for row in self.rows)

    @property
    def jobs(self) -> int:
        """Jobs that a conforming server accepts."""
        return sum(row.jobs for row in self.rows)

    @property
    def usd_low(self) -> float:
        """What they cost at the lower end of the documented prices."""
        return sum(row.usd_low for row in self.rows)

    @property
    def usd_high(self) -> float:
        """What they cost at the upper end."""
        return sum(row.usd_high for row in self.rows)


def check(target: Target, contract: Contract, options: Options) -> None:
    """Raise `CannotRunError` where nothing could be tried."""
    if unknown := sorted((options.models or frozenset()) - contract.models.keys()):
        raise CannotRunError(f"unknown model: {', '.join(unknown)}; there are {', '.join(contract.models)}")
    if unknown := sorted((options.stages or frozenset()) - STAGES.keys()):
        raise CannotRunError(f"unknown stage: {', '.join(unknown)}; there are {', '.join(STAGES)}")
    if options.models == frozenset() or not any(options.wants(stage) for stage in STAGES):
        raise CannotRunError("nothing is selected")
    items = items_of(target, contract, options)
    if items and not any(budget_of(target, contract, options).hold(item.model.usd_high) for item in items):
        cheapest = min(item.model.usd_high for item in items)
        raise CannotRunError(
            f"the budget is too small to start: the cheapest job may cost {cheapest:g} USD, and max_cost is "
            f"{target.limits.max_cost:g} USD with max_jobs {target.limits.max_jobs}; raise them, or use --free"
        )


def budget_of(target: Target, contract: Contract, options: Options) -> Budget:
    """The budget, with enough of it kept for invalid payloads, each of which might be accepted."""
    limits = target.limits
    kept = Reserve()
    if limits.max_jobs > 1:
        # The dearest model that leaves more than half to the valid payloads.
        prices = [one.usd_high for one in models_of(contract, options) if 2 * one.usd_high <= limits.max_cost]
        kept = Reserve(1, max(prices, default=0.0))
    return Budget(limits.max_jobs, limits.max_cost, overdraft=options.free, kept=kept)


def plan(target: Target, contract: Contract, options: Options) -> Plan:
    """What `probe` would send; nothing is sent. Raises `CannotRunError` where it could not start."""
    check(target, contract, options)
    budget = budget_of(target, contract, options)
    items = items_of(target, contract, options)
    held = [item for item in items if budget.hold(item.model.usd_high)]
    found: defaultdict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
    for stage, model, requests, item in (*_paid(held, options), *_unpaid(target, contract, options)):
        row = found[stage, model]
        row["requests"] += requests
        if item is not None:
            row["jobs"] += 1
            row["low"] += round(item.model.usd_low * 1e6)
            row["high"] += round(item.model.usd_high * 1e6)
    rows = (
        Row(stage, model, row["requests"], row["jobs"], row["low"] / 1e6, row["high"] / 1e6)
        for (stage, model), row in found.items()
    )
    order = list(STAGES)
    return Plan(tuple(sorted(rows, key=lambda row: order.index(row.stage))), len(items) - len(held))


Sent = tuple[str, str | None, int, Item | None]


def _paid(held: list[Item], options: Options) -> Iterator[Sent]:
    for item in held:
        slug = item.model.slug
        yield item.stage, slug, 1 + (READS_OF_A_JOB if item.version == "v2" else 0), item
        if options.wants("download") and options.videos and item.version == "v2" and item.kind != "failing":
            yield "download", slug, 1, None
    for stage, requests in (("alias", 1), ("other-account", 1), ("accept-header", 1), ("retention", 10)):
        if held and options.wants(stage):
            yield stage, None, requests, None
    if any(item.kind == "audit" for item in held):
        yield "audit", None, READS + REFUSED, None


def _unpaid(target: Target, contract: Contract, options: Options) -> Iterator[Sent]:
    yield "unknown-id", None, 1, None
    for one in knocks(target, contract, options):
        yield one.stage, one.model.slug if one.model else None, 1, None
    for wrong in wrong_bodies(target, contract, options):
        yield wrong.stage, wrong.model.slug, 1, None
    if options.wants("open"):
        for model in models_of(contract, options):
            yield "open", model.slug, 1, None
