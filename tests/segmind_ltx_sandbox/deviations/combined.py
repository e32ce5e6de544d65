"""Combine variants in one sandbox: a server may use several freedoms of the documents at once."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from segmind_ltx_sandbox.deviations.base import BehaviourFactory, ChangesResponses, Deviation
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_spec import Contract, load

SEPARATOR: Final = "+"
"""Between the names of the variants in the name of a combination."""


SIDE_BY_SIDE: Final[frozenset[type[Behaviour]]] = frozenset({Behaviour, ChangesResponses})
"""Behaviours of which several may be combined: those that decide nothing, and changes that follow one another."""


def combined(deviations: Sequence[Deviation]) -> Deviation:
    """Return a sandbox with all of these deviations. Raise `ValueError` if two of them exclude each other."""
    if pair := next(_conflicts(deviations), None):
        raise ValueError(f"{pair[0]} and {pair[1]} decide the same thing: choose one of them")
    return Deviation(
        SEPARATOR.join(one.name for one in deviations),
        tuple(dict.fromkeys(clause for one in deviations for clause in one.clauses)),
        " ".join(one.summary for one in deviations),
        _behaviour(deviations),
        {name: value for one in deviations for name, value in one.options.items()},
    )


def random_sets(variants: Sequence[Deviation], count: int, size: int, seed: int = 0) -> list[tuple[Deviation, ...]]:
    """Return ``count`` random sets of ``size`` variants, in which no two exclude each other."""
    draw = random.Random(seed)  # noqa: S311  repeatable, not secret
    found: list[tuple[Deviation, ...]] = []
    while len(found) < count:
        chosen: list[Deviation] = []
        for one in draw.sample(list(variants), len(variants)):
            if len(chosen) < size and next(_conflicts([*chosen, one]), None) is None:
                chosen.append(one)
        found.append(tuple(chosen))
    return found


def _conflicts(deviations: Sequence[Deviation]) -> Iterator[tuple[str, str]]:
    """Yield pairs that are the same kind of decision. Changes of responses follow one another, so they are none."""
    contract = load()
    kinds = [(one, type(one.behaviour(contract))) for one in deviations]
    for place, (one, kind) in enumerate(kinds):
        for other, other_kind in kinds[:place]:
            related = issubclass(kind, other_kind) or issubclass(other_kind, kind)
            if related and not {kind, other_kind} & SIDE_BY_SIDE:
                yield other.name, one.name


def _behaviour(deviations: Sequence[Deviation]) -> BehaviourFactory:
    def make(contract: Contract) -> Behaviour:
        parts = [one.behaviour(contract) for one in deviations]
        changes = [part for part in parts if isinstance(part, ChangesResponses)]
        others = [part for part in parts if type(part) not in SIDE_BY_SIDE]
        kinds, common = [type(part) for part in others], vars(Behaviour(contract))
        state: dict[str, Any] = dict(common)
        for part in others:
            for name, value in vars(part).items():
                if name in state and name not in common:
                    raise ValueError(f"two behaviours keep their state in {name}: rename one of them")
                state[name] = value
        # Each class calls the next one by `super`, so they form one chain in front of the usual behaviour.
        bases: tuple[type, ...] = (*kinds, *([ChangesResponses] if changes else []))
        behaviour: Behaviour = object.__new__(type("Combined", bases or (Behaviour,), {}))
        vars(behaviour).update(state)
        if changes:
            vars(behaviour)["_change"] = _all_changes(changes)
        return behaviour

    return make


def _all_changes(parts: Sequence[ChangesResponses]) -> Any:
    def change(request: ApiRequest, response: ApiResponse) -> ApiResponse:
        for part in parts:
            response = part.change(request, response)
        return response

    return change
