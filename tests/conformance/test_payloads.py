"""The payloads: every choice in some pack, every pack valid, every refusal invalid."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from segmind_ltx_conformance.payloads import body_of, choices, example_picture, packs, refusals
from segmind_ltx_spec import Model, load

CONTRACT = load()
PICTURE = example_picture(CONTRACT)
MODELS = list(CONTRACT.models.values())
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)


@every_model
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_the_packs_try_every_choice_with_valid_bodies(model: Model, seed: int | None) -> None:
    made = packs(model, PICTURE, seed)
    for options in choices(model, PICTURE).values():
        assert all(any(one in pack.values() for pack in made) for one in options)
    validator: Any = Draft202012Validator(model.schema)
    assert all(validator.is_valid(body_of(model, pack, PICTURE)) for pack in made)


def test_a_seed_changes_the_packs_and_not_their_number() -> None:
    def bodies(seed: int | None) -> list[list[dict[str, object]]]:
        return [[body_of(model, pack, PICTURE) for pack in packs(model, PICTURE, seed)] for model in MODELS]

    assert bodies(1) == bodies(1) != bodies(2)
    assert sum(len(one) for one in bodies(None)) == sum(len(one) for one in bodies(7)) == 30


@every_model
def test_every_refusal_is_invalid(model: Model) -> None:
    checker = FormatChecker()
    validator: Any = Draft202012Validator(model.schema, format_checker=checker)
    found = [one for one in refusals(model, PICTURE) if not isinstance(one.body, bytes)]
    assert found
    structural = [one for one in found if not one.clause.endswith(".format")]
    assert [one.label for one in structural if validator.is_valid(one.body)] == []
