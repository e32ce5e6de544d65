"""Generate invalid bodies with schemathesis; the same seed gives the same bodies."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

from segmind_ltx_spec import Contract, Model

DRAWS_PER_BODY: Final = 6
"""How many bodies are drawn for each one that is used: some are valid, not objects, or repeated."""
MIN_DRAWS: Final = 60

_KNOWN: dict[tuple[int, str, int, int], list[dict[str, Any]]] = {}


def can_generate() -> bool:
    """Return whether schemathesis is installed."""
    import importlib.util

    return importlib.util.find_spec("schemathesis") is not None


def invalid_bodies(contract: Contract, model: Model, seed: int, count: int) -> list[dict[str, Any]]:
    """Return up to ``count`` JSON objects that the contract forbids.

    They are generated once per process, because it is slow.
    """
    key = (id(contract.document), model.slug, seed, count)
    if key not in _KNOWN:
        _KNOWN[key] = _draw(contract, model, seed, count) if count > 0 else []
    return _KNOWN[key]


def parameters_at_fault(model: Model, body: dict[str, Any]) -> tuple[str, ...]:
    """Return the parameters that make a body invalid; empty if it is valid."""
    found: set[str] = set()
    for error in _validator(model).iter_errors(body):
        found.add(str(error.absolute_path[0]) if error.absolute_path else error.validator)
    return tuple(sorted(found))


def _validator(model: Model) -> Any:
    return _validator_of(json.dumps(model.schema, sort_keys=True))


@cache
def _validator_of(schema: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema))


def _draw(contract: Contract, model: Model, seed: int, count: int) -> list[dict[str, Any]]:
    import hypothesis
    import schemathesis
    from schemathesis.generation import GenerationMode

    bodies: dict[str, dict[str, Any]] = {}
    # Fixed empty headers, so that only the body is invalid.
    schema: Any = schemathesis.openapi.from_dict(contract.document)
    strategy = schema[model.v2]["POST"].as_strategy(generation_mode=GenerationMode.NEGATIVE, headers={})

    def collect(case: Any) -> None:
        body: Any = case.body
        if isinstance(body, dict) and (text := _sendable(body)):
            read: dict[str, Any] = json.loads(text)
            if parameters_at_fault(model, read):
                bodies.setdefault(text, read)

    given: Any = hypothesis.given(strategy)
    every: Any = list(hypothesis.HealthCheck)
    quiet = hypothesis.settings(
        database=None,
        deadline=None,
        max_examples=max(MIN_DRAWS, DRAWS_PER_BODY * count),
        phases=[hypothesis.Phase.generate],
        suppress_health_check=every,
        verbosity=hypothesis.Verbosity.quiet,
    )
    hypothesis.seed(seed)(quiet(given(collect)))()
    # Bodies with a new combination of wrong parameters come first.
    broken: set[tuple[str, ...]] = set()
    first, rest = list[dict[str, Any]](), list[dict[str, Any]]()
    for body in bodies.values():
        fault = parameters_at_fault(model, body)
        (rest if fault in broken else first).append(body)
        broken.add(fault)
    return (first + rest)[:count]


def _sendable(body: Any) -> str | None:
    """Return the body as JSON; None if JSON readers could disagree about it."""
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, TypeError):
        return None
    # Leave out NUL characters and very long bodies: databases and logs refuse them for reasons of their own.
    return None if "\\u0000" in text or len(text) > 4000 else text
