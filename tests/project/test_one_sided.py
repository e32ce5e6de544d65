"""Give a parameter a limit on one side, or an exclusive one: client, sandbox, suite and deviations agree on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import segmind_ltx as ltx
from segmind_ltx._cli.options import describe_allowed
from segmind_ltx._core import parameters
from segmind_ltx_conformance.judge.request_bodies import Kind, choices_in, read_body
from segmind_ltx_conformance.payloads import body_of, choices, packs, refusals
from segmind_ltx_sandbox.deviations import mutants_of
from segmind_ltx_sandbox.service.prices import PriceList
from segmind_ltx_sandbox.service.validation import Validator
from segmind_ltx_spec import Contract, clauses, contract_of, read_document
from segmind_ltx_spec.limits import range_words

SLUG, PICTURE = "ltx-video", "https://example.com/a.png"
BOUNDS: list[dict[str, float]] = [
    {"minimum": 5},
    {"maximum": 50},
    {"exclusiveMinimum": 0},
    {"exclusiveMaximum": 50},
    {"exclusiveMinimum": 0, "maximum": 50},
    {"minimum": 5, "exclusiveMaximum": 50},
]
NAMES = ("steps", "cfg")  # An integer and a number.
every_bound = pytest.mark.parametrize("bounds", BOUNDS, ids=lambda bounds: "-".join(bounds))
every_kind = pytest.mark.parametrize("name", NAMES)


def contract_with(name: str, bounds: dict[str, float]) -> Contract:
    """Return a contract in which a parameter of `SLUG` has these bounds and no others."""
    document = read_document()
    schema = document["components"]["schemas"]["LtxVideoRequest"]["properties"][name]
    for keyword in ("minimum", "maximum"):
        schema.pop(keyword)
    schema.update(bounds, default=20)
    return contract_of(document)


@every_bound
@every_kind
def test_client_and_sandbox_agree(monkeypatch: pytest.MonkeyPatch, name: str, bounds: dict[str, float]) -> None:
    """Both take and refuse the same numbers around each bound, and their words are the same."""
    contract = contract_with(name, bounds)
    model, validator = contract.models[SLUG], Validator(contract)
    words = range_words(model.parameters[name])
    fields = {"exclusiveMinimum": "above", "exclusiveMaximum": "below"}
    given: dict[str, Any] = {"minimum": None, "maximum": None, "limits": words}
    given.update({fields.get(key, key): value for key, value in bounds.items()})
    entry = ltx.MODELS[SLUG]
    changed = entry.parameters[name]._replace(**given)
    model_changed = entry._replace(parameters={**entry.parameters, name: changed})
    monkeypatch.setattr("segmind_ltx._core.parameters.MODELS", {**ltx.MODELS, SLUG: model_changed})
    assert describe_allowed(changed) == words
    outcomes: set[bool] = set()
    for value in (-(10**6), *(bound + step for bound in bounds.values() for step in (-1, 0, 1)), 10**6):
        problems = validator.problems(model, {"prompt": "x", name: value})
        call = {"prompt": "x", name: value}
        if problems:
            assert words in problems[0]
            with pytest.raises(ltx.ParameterError, match=f"use {words}"):
                parameters.prepare(SLUG, call)
        else:
            assert parameters.prepare(SLUG, call).request.to_dict() == call
        outcomes.add(not problems)
    assert outcomes == {True, False}


@every_bound
@every_kind
def test_suite_plans_both_sides(name: str, bounds: dict[str, float]) -> None:
    """The suite's packs are valid, its refusals are not, and its judge reads both so, by the clause of each bound."""
    contract = contract_with(name, bounds)
    model = contract.models[SLUG]
    validator: Any = Draft202012Validator(model.schema)
    for seed in (None, 1):
        bodies = [body_of(model, pack, PICTURE) for pack in packs(model, PICTURE, seed)]
        assert [body for body in bodies if not validator.is_valid(body)] == []
    planned = {choice.clause for choice in choices(model, PICTURE)[name]}
    refused = {one.clause: one.body for one in refusals(model, PICTURE) if name in one.clause}
    known = {clause.id for clause in clauses(contract)}
    for keyword in bounds:
        clause = f"{SLUG}.{name}.{keyword}"
        assert clause in planned
        assert clause in known
        assert not validator.is_valid(refused[clause])
    for choice in choices(model, PICTURE)[name]:
        if isinstance(choice.value, int | float):
            found = choices_in(model, {"prompt": "x", name: choice.value}).values()
            assert choice.clause in found


@every_bound
def test_judge_reads_bounds(bounds: dict[str, float]) -> None:
    """A body beyond a bound is invalid by that bound's clause; one inside is valid."""
    model = contract_with("steps", bounds).models[SLUG]
    assert read_body(model, '{"prompt": "x", "steps": 20}').kind is Kind.VALID
    for keyword in bounds:
        beyond = -1000 if "inimum" in keyword else 1000
        assert f"{SLUG}.steps.{keyword}" in read_body(model, f'{{"prompt": "x", "steps": {beyond}}}').violated


@every_bound
@every_kind
def test_deviations_of_bounds(name: str, bounds: dict[str, float]) -> None:
    """Each bound has deviations that refuse what it allows, and that accept what it forbids."""
    made = {one.name.partition("@")[0] for one in mutants_of(contract_with(name, bounds))}
    for keyword in bounds:
        side = "just-below" if "inimum" in keyword else "just-above"
        assert {f"refuse/{SLUG}/{name}/the-{keyword}", f"accept/{SLUG}/{name}/{keyword}-{side}"} <= {
            one.replace("exclusiveminimum", "exclusiveMinimum").replace("exclusivemaximum", "exclusiveMaximum")
            for one in made
        }


@pytest.mark.parametrize("bounds", [{"minimum": 1}, {"maximum": 400}, {"exclusiveMinimum": 0}], ids=str)
def test_price_of_open_range(bounds: dict[str, float]) -> None:
    """A model with a range of prices has one for a request whose length is bounded on one side."""
    document = read_document()
    schema = document["components"]["schemas"]["Ltx219BT2VRequest"]
    schema["x-model"]["price"].update(usd_low=0.1, usd_high=0.9)
    frames = schema["properties"]["num_frames"]
    frames.pop("minimum")
    frames.pop("maximum")
    frames.update(bounds)
    contract = contract_of(document)
    cost: Callable[[int], float] = lambda frames: PriceList(contract).cost(  # noqa: E731
        contract.models["ltx-2-19b-t2v"], {"prompt": "x", "num_frames": frames}
    )
    assert 0 < cost(10) < cost(100)
