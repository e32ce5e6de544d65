"""Compute the price of a request.

If the contract has one price for a model, return that. If it has a range, the vendor does not say how a request is
placed in it; graded I: the price grows linearly with pixels times seconds, from the lower end for the smallest video
that the allowed values give to the upper end for the largest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, cast

from segmind_ltx_spec import Contract, Model, expected_video
from segmind_ltx_spec.limits import example_inside, first_inside, last_inside, step_of


class PriceList:
    """The prices of a contract's models."""

    def __init__(self, contract: Contract) -> None:
        """Compute, once, the smallest and the largest video of each model that has a range of prices."""
        self._extremes = {
            model.slug: _extremes(model) for model in contract.models.values() if model.usd_low != model.usd_high
        }

    def cost(self, model: Model, payload: Mapping[str, Any]) -> float:
        """Return the price of a valid request in USD, to four decimals."""
        smallest, largest = self._extremes.get(model.slug, (0.0, 0.0))
        if largest <= smallest:
            return round(model.usd_low, 4)
        share = (_volume(model, payload) - smallest) / (largest - smallest)
        return round(model.usd_low + share * (model.usd_high - model.usd_low), 4)


def _volume(model: Model, payload: Mapping[str, Any]) -> float:
    video = expected_video(model, payload)
    return video.width * video.height * video.duration


def _extremes(model: Model) -> tuple[float, float]:
    named = set(_words(model.video))
    choices = {name: list(_choices(schema)) for name, schema in model.parameters.items() if name in named}
    choices = {name: values for name, values in choices.items() if values}
    volumes = [_volume(model, dict(zip(choices, values, strict=True))) for values in product(*choices.values())]
    return min(volumes), max(volumes)


def _choices(schema: Mapping[str, Any]) -> Iterator[Any]:
    yield from schema.get("enum", ())
    step = step_of("integer" if "integer" in schema["type"] else "number")
    low, high = first_inside(schema, step), last_inside(schema, step)
    if low is None and high is None:
        return
    # A range that is open at one end is priced up to its default, or ten times its other end.
    far = schema.get("default")
    yield low if low is not None else far if far is not None else example_inside(schema, 0, step)
    yield high if high is not None else far if far is not None and far != low else max(10 * (low or 0), 1)


def _words(rule: Any) -> Iterator[str]:
    """Yield every string in the rules; the names of parameters are among them."""
    if isinstance(rule, dict):
        for value in cast("dict[str, Any]", rule).values():
            yield from _words(value)
    elif isinstance(rule, str):
        yield rule
