"""Test that packs are valid and complete, and that refusals are invalid."""

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
def test_packs_cover_every_choice(model: Model) -> None:
    """Every choice is in some pack, and every pack is a valid body."""
    validator: Any = Draft202012Validator(model.schema)
    for seed in (None, 1):
        planned = packs(model, PICTURE, seed)
        for options in choices(model, PICTURE).values():
            assert all(any(choice in pack.values() for pack in planned) for choice in options)
        assert all(validator.is_valid(body_of(model, pack, PICTURE)) for pack in planned)


def test_seed_changes_packs_but_not_their_number() -> None:
    """The same seed gives the same packs, another seed as many others."""

    def bodies(seed: int | None) -> list[list[dict[str, object]]]:
        return [[body_of(model, pack, PICTURE) for pack in packs(model, PICTURE, seed)] for model in MODELS]

    assert bodies(1) == bodies(1) != bodies(2)
    assert sum(len(one) for one in bodies(None)) == sum(len(one) for one in bodies(7))


@every_model
def test_refusals_are_invalid(model: Model) -> None:
    """Every body that is planned as a refusal is refused by jsonschema."""
    checker = FormatChecker()
    validator: Any = Draft202012Validator(model.schema, format_checker=checker)
    found = [one for one in refusals(model, PICTURE) if not isinstance(one.body, bytes)]
    assert found
    structural = [one for one in found if not one.clause.endswith(".format")]
    assert [one.label for one in structural if validator.is_valid(one.body)] == []
