"""Test that the examples and defaults in the document are valid, and that the schemas refuse near misses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from segmind_ltx_spec import Contract

Json = dict[str, Any]


def errors(contract: Contract, schema: Json, value: Any) -> list[str]:
    """Return the errors of a value under a schema with references into the document."""
    validator = Draft202012Validator({"components": contract.document["components"], "allOf": [schema]})
    return [error.message for error in validator.iter_errors(value)]  # pyright: ignore[reportUnknownMemberType]


def examples(node: Any, at: str = "#") -> Iterator[tuple[str, Json, Any]]:
    """Yield place, schema and value of every example of a body, a header or a parameter."""
    if isinstance(node, list):
        for index, item in enumerate(cast("list[Json]", node)):
            yield from examples(item, f"{at}/{index}")
    if isinstance(node, dict):
        items = cast("Json", node)
        if "schema" in items:
            for name, example in items.get("examples", {}).items():
                yield f"{at}/examples/{name}", items["schema"], example["value"]
            if "example" in items:
                yield f"{at}/example", items["schema"], items["example"]
        for key, value in items.items():
            yield from examples(value, f"{at}/{key}")


def test_examples_are_valid(contract: Contract) -> None:
    """Every example is valid under its schema."""
    found = list(examples(contract.document))
    assert len(found) > 20
    for place, schema, value in found:
        assert errors(contract, schema, value) == [], place


def test_json_bodies_have_examples(contract: Contract) -> None:
    """Every JSON body has an example; bytes, text and HTML have none."""
    components = contract.document["components"]
    for section in ("requestBodies", "responses"):
        for name, node in components[section].items():
            assert node["content"]["application/json"]["examples"], name


def test_models_have_shortest_and_full_example(contract: Contract) -> None:
    """Every model has an example with the required parameters alone, and one with all of them."""
    for model in contract.models.values():
        body = contract.at(f"#/paths/{model.v2.replace('/', '~1')}/post/requestBody/content/application~1json/examples")
        assert set(body["shortest"]["value"]) == set(model.required)
        missing = set(model.parameters) ^ set(body["full"]["value"])
        assert not missing, f"complete the example `full` of the request body of {model.slug}: {missing}"


def test_defaults_and_examples_are_valid(contract: Contract) -> None:
    """The default and the examples of every parameter are valid."""
    for model in contract.models.values():
        for name, schema in model.parameters.items():
            for value in [*([schema["default"]] if "default" in schema else []), *schema.get("examples", [])]:
                assert errors(contract, schema, value) == [], (model.slug, name)


@pytest.mark.parametrize("value", ["6", 6.5, 7, None, True, [6]])
def test_near_miss_is_refused(contract: Contract, value: object) -> None:
    """The validator refuses near misses; without this the tests above could pass for an empty schema."""
    schema = {"$ref": "#/components/schemas/Ltx2ProRequest"}
    assert errors(contract, schema, {"prompt": "a", "duration": 6}) == []
    assert errors(contract, schema, {"prompt": "a", "duration": value})


def test_completed_result_needs_output(contract: Contract) -> None:
    """A result needs an output if it is COMPLETED, and only then."""
    schema = {"$ref": "#/components/schemas/JobResult"}
    assert errors(contract, schema, {"status": "PROCESSING"}) == []
    assert errors(contract, schema, {"status": "COMPLETED", "output": "https://example.com/a.mp4", "more": 1}) == []
    assert errors(contract, schema, {"status": "COMPLETED"})
    assert errors(contract, schema, {"status": "FAILED"})


def test_unknown_parameters_are_left_open(contract: Contract) -> None:
    """Unknown parameters and empty prompts are valid, since no page mentions either."""
    for model in contract.models.values():
        full = contract.at(
            f"#/paths/{model.v1.replace('/', '~1')}/post/requestBody/content/application~1json/examples/full"
        )
        schema = {"$ref": f"#/components/schemas/{model.schema_name}"}
        assert errors(contract, schema, {**full["value"], "prompt": "", "unheard_of": 1}) == []
