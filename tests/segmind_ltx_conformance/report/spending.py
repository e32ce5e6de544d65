"""How many jobs a recording shows to have been accepted, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from attrs import frozen

from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_spec import Contract, Model


@frozen
class Spent:
    """Accepted jobs, and USD. ``estimated`` is how many of the jobs count with the documented price."""

    jobs: int
    cost: float
    estimated: int


def spent(recording: Recording, contract: Contract) -> Spent:
    """What the target says that each job cost, or else the middle of the documented price."""
    models = {path: model for model in contract.models.values() for path in (model.v1, model.v2)}
    told = _told(recording)
    prices: list[float | None] = []
    middles: list[float] = []
    for one in recording.exchanges:
        model = models.get(_route(one, recording))
        if one.method == "POST" and model is not None and 200 <= one.status < 300:
            prices.append(_price(one, model, told))
            middles.append((model.usd_low + model.usd_high) / 2)
    cost = sum(middle if price is None else price for price, middle in zip(prices, middles, strict=True))
    return Spent(len(prices), round(cost, 6), prices.count(None))


def _route(one: Exchange, recording: Recording) -> str:
    """The path below the base URL, which may have one of its own."""
    if one.url.startswith(recording.base_url):
        return one.url[len(recording.base_url) :].partition("?")[0]
    return one.path


def _price(one: Exchange, model: Model, told: Mapping[str, float]) -> float | None:
    identifier = _field(one.json, "request_id")
    if one.path.endswith(model.v2) and isinstance(identifier, str):
        return told.get(identifier)
    return _number(one.headers.get("x-cost")) if "x-cost" in one.headers else _cost(one.json)


def _told(recording: Recording) -> dict[str, float]:
    """What the answers about each job say that it cost; FAILED ones cost nothing."""
    costs: dict[str, float] = {}
    for one in recording.exchanges:
        if one.method != "GET" or one.status not in {200, 422}:
            continue
        parts = one.path.removesuffix("/status").rstrip("/").rsplit("/requests/", 1)
        if len(parts) != 2:
            continue
        cost = _cost(one.json)
        if cost is None and one.status == 422:
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
