"""Count the accepted jobs of a recording, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from attrs import frozen

from segmind_ltx_conformance.bodies import id_in
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_spec import Contract, Model


@frozen
class Spent:
    """Accepted jobs and USD. ``estimated`` counts the jobs for which the documented price was used."""

    jobs: int
    cost: float
    estimated: int


def spent(recording: Recording, contract: Contract) -> Spent:
    """Sum up the cost of each job as the target reports it, or else the middle of the documented price."""
    models = {path: model for model in contract.models.values() for path in (model.v1, model.v2)}
    costs_by_job = _reported_costs(recording)
    prices: list[float | None] = []
    estimates: list[float] = []
    for exchange in recording.exchanges:
        model = models.get(_route(exchange, recording))
        if exchange.method == "POST" and model is not None and 200 <= exchange.status < 300:
            prices.append(_price(exchange, model, costs_by_job))
            estimates.append((model.usd_low + model.usd_high) / 2)
    cost = sum(estimate if price is None else price for price, estimate in zip(prices, estimates, strict=True))
    return Spent(len(prices), round(cost, 6), prices.count(None))


def _route(exchange: Exchange, recording: Recording) -> str:
    """Return the path below the base URL, which may have a path of its own."""
    if exchange.url.startswith(recording.base_url):
        return exchange.url[len(recording.base_url) :].partition("?")[0]
    return exchange.path


def _price(exchange: Exchange, model: Model, costs_by_job: Mapping[str, float]) -> float | None:
    identifier = id_in(exchange.json)
    if exchange.path.endswith(model.v2) and identifier is not None:
        return costs_by_job.get(identifier)
    return _number(exchange.headers.get("x-cost")) if "x-cost" in exchange.headers else _cost(exchange.json)


def _reported_costs(recording: Recording) -> dict[str, float]:
    """Return the reported cost by request id; FAILED jobs cost nothing."""
    costs: dict[str, float] = {}
    for exchange in recording.exchanges:
        if exchange.method != "GET" or not (200 <= exchange.status < 300 or exchange.status == 422):
            continue
        parts = exchange.path.removesuffix("/status").rstrip("/").rsplit("/requests/", 1)
        if len(parts) != 2:
            continue
        cost = _cost(exchange.json)
        if cost is None and exchange.status == 422:
            cost = 0.0
        if cost is not None:
            costs[parts[1]] = max(cost, costs.get(parts[1], 0.0))
    return costs


def _cost(answer: Any) -> float | None:
    return _number(_field(_field(answer, "metrics"), "cost"))


def _field(value: Any, name: str) -> Any:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None
