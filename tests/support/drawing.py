"""Draw values that a schema of the contract allows, for the few keywords that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from segmind_ltx_spec import Contract
from segmind_ltx_spec.limits import first_inside, last_inside, step_of

WORDS: Final = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
URIS: Final = st.builds(
    "https://{}.example/{}".format,
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9/_.~-]{0,20}", fullmatch=True),
)
LARGEST: Final = 2**53
"""The largest integer that every JSON parser represents exactly."""


def values(schema: Mapping[str, Any], contract: Contract) -> st.SearchStrategy[Any]:
    """Draw values that ``schema`` allows, at every depth."""
    if "$ref" in schema:
        return values(contract.at(schema["$ref"]), contract)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    types: list[str] = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return st.one_of(*(_of_type(name, schema, contract) for name in types))


def _of_type(name: str, schema: Mapping[str, Any], contract: Contract) -> st.SearchStrategy[Any]:
    step = step_of(name)
    low, high = first_inside(schema, step), last_inside(schema, step)
    match name:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "string":
            return URIS if schema.get("format") == "uri" else WORDS
        case "integer":
            return st.integers(-LARGEST if low is None else int(low), LARGEST if high is None else int(high))
        case "number":
            return st.floats(-1e9 if low is None else low, 1e9 if high is None else high)
        case _:
            return objects(schema, contract)


def objects(schema: Mapping[str, Any], contract: Contract) -> st.SearchStrategy[dict[str, Any]]:
    """Draw objects with all required properties and some optional ones."""
    fields = {name: values(field, contract) for name, field in schema["properties"].items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )
