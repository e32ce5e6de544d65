"""Payloads from the contract alone: what a server has to accept, and what it has to refuse.

Nothing here knows a model by name, so that a further one in the document needs no code.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec.contract import Contract, Model

OMITTED: Final = object()
"""Stands for a parameter that is left out."""

UNICODE: Final = "Ein Drachen steigt über dem Strand. 凧が上がる 🪁 ‏עפיפון‏ e\u0301"
LONG: Final = "A kite rises above a windy beach, and the camera follows it. " * 40
"""About 2,400 characters: no page bounds a prompt, and people write long ones."""

NO_URI: Final = ("boat.png", "not a uri", "", "//example.com/boat.png", "https://exa mple.com/boat.png")
NO_OBJECT: Final[tuple[tuple[str, bytes], ...]] = (
    ("malformed JSON", b'{"prompt": "x"'),
    ("a list", b'[{"prompt": "x"}]'),
    ("a string", b'"prompt"'),
    ("a number", b"7"),
    ("null", b"null"),
    ("nothing", b""),
)


@frozen
class Choice:
    """A value that one parameter may have, and the clause that says so."""

    parameter: str
    value: Any
    clause: str

    def __str__(self) -> str:
        return f"{self.parameter} left out" if self.value is OMITTED else f"{self.parameter}={self.value!r:.60}"


@frozen
class Refusal:
    """A body that breaks one clause and no other."""

    clause: str
    label: str
    body: Any


def base(model: Model, picture: str) -> dict[str, Any]:
    """The least that a model has to be given."""
    return {
        name: picture if schema.get("format") == "uri" else "A kite rises above a windy beach."
        for name, schema in model.parameters.items()
        if name in model.required
    }


def choices(model: Model, picture: str) -> dict[str, list[Choice]]:
    """For each parameter the values at which its documented range is tried: both ends, every allowed one, and so on."""
    return {name: list(_choices(model, name, schema, picture)) for name, schema in model.parameters.items()}


def _choices(model: Model, name: str, schema: Mapping[str, Any], picture: str) -> Iterator[Choice]:
    prefix = f"{model.slug}.{name}"
    kind, nullable = kind_of(schema), "null" in schema["type"]
    inferred: list[Any] = schema["x-source"].get("inferred", [])
    if "enum" in schema:
        for value in schema["enum"]:
            if value is not None:
                yield Choice(name, value, f"{prefix}.enum-inferred" if value in inferred else f"{prefix}.enum")
    elif kind == "boolean":
        yield from (Choice(name, value, f"{prefix}.type") for value in (True, False))
    elif schema.get("format") == "uri":
        yield Choice(name, picture, f"{prefix}.format")
    elif kind == "string":
        yield from (Choice(name, value, f"{prefix}.type") for value in (UNICODE, LONG))
    else:
        yield from _numbers(name, schema, prefix, kind)
    if nullable:
        yield Choice(name, None, f"{prefix}.null")
    if name not in model.required:
        yield Choice(name, OMITTED, f"{prefix}.optional")


def _numbers(name: str, schema: Mapping[str, Any], prefix: str, kind: str) -> Iterator[Choice]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None:
        yield Choice(name, low, f"{prefix}.minimum")
    if high is not None:
        yield Choice(name, high, f"{prefix}.maximum")
    if low is None and high is None:
        yield from (Choice(name, value, f"{prefix}.type") for value in (0, 2357108))
    if kind == "number":
        # A fraction that binary floats do not hold exactly, within the range.
        middle = (low if low is not None else 0) + ((high if high is not None else 10) - (low or 0)) / 3
        yield Choice(name, round(middle, 2) + 0.05, f"{prefix}.type")


def packs(model: Model, picture: str, seed: int | None = None) -> list[dict[str, Choice]]:
    """As few requests as possible that try every choice at least once: each costs a job.

    The longest list of choices says how many there are; the shorter ones are gone through again, with a ``seed`` after
    one more value from within the range. One and no more, because a pack that is refused is the harder to explain the
    more in it was in no other. Inferred values come in packs of their own, since a server may refuse them.
    """
    lists = choices(model, picture)
    sure = {name: [one for one in options if not one.clause.endswith("-inferred")] for name, options in lists.items()}
    guessed = [one for options in lists.values() for one in options if one.clause.endswith("-inferred")]
    count = max(len(options) for options in sure.values())
    if seed is not None:
        for name, options in sure.items():
            if len(options) < count:
                options += _within(model, name, f"{seed} {model.slug} {name}")
    made = [{name: options[number % len(options)] for name, options in sure.items()} for number in range(count)]
    return made + [{one.parameter: one} for one in guessed]


def _within(model: Model, name: str, seed: str) -> Iterator[Choice]:
    """A number within the documented range, by chance; nothing for a parameter that has a list of values."""
    schema = model.parameters[name]
    kind = kind_of(schema)
    if kind not in {"integer", "number"} or "enum" in schema:
        return
    chance = random.Random(seed)  # noqa: S311  to be repeatable, not secret
    # Where no range is documented, what fits into 31 bits is taken everywhere.
    low, high = schema.get("minimum", 0), schema.get("maximum", 2**31 - 1)
    value = chance.randint(low, high) if kind == "integer" else round(chance.uniform(low, high), 2)
    yield Choice(name, value, f"{model.slug}.{name}.type")


def body_of(model: Model, pack: Mapping[str, Choice], picture: str) -> dict[str, Any]:
    """The request body of a pack; what it does not name keeps to the least."""
    body = base(model, picture)
    for name, choice in pack.items():
        if choice.value is OMITTED:
            body.pop(name, None)
        else:
            body[name] = choice.value
    return body


def refusals(model: Model, picture: str) -> Iterator[Refusal]:
    """Every body that the documents forbid, each with one thing wrong: wild values, and those that people mistype."""
    whole = base(model, picture)
    for label, raw in NO_OBJECT:
        clause = "status.malformed-is-400" if label == "malformed JSON" else f"{model.slug}.body"
        yield Refusal(clause, label, raw)
    for name, schema in model.parameters.items():
        prefix = f"{model.slug}.{name}"
        if name in model.required:
            without = {other: value for other, value in whole.items() if other != name}
            yield Refusal(f"{prefix}.required", f"{name} missing", without)
        for rule, value in _wrong(schema):
            yield Refusal(f"{prefix}.{rule}", f"{name}={value!r:.60}", {**whole, name: value})


def _wrong(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    kind = kind_of(schema)
    for value in _of_other_types(schema, kind):
        if value is not None or "null" not in schema["type"]:
            yield "type", value
    if "enum" in schema:
        yield from (("enum", value) for value in _neighbours([one for one in schema["enum"] if one is not None]))
    if schema.get("format") == "uri":
        yield from (("format", value) for value in NO_URI)
    step = 1 if kind == "integer" else 0.001
    if "minimum" in schema:
        yield from (("minimum", value) for value in (schema["minimum"] - step, -1_000_000))
    if "maximum" in schema:
        yield from (("maximum", value) for value in (schema["maximum"] + step, 1_000_000))


def _of_other_types(schema: Mapping[str, Any], kind: str) -> Iterator[Any]:
    """A good value in the wrong type, which a lenient server converts, and wild ones.

    Not 1.0 for an integer: JSON does not tell it from 1.
    """
    allowed = [one for one in schema.get("enum", ()) if one is not None]
    good = allowed[0] if allowed else schema.get("minimum", 42)
    match kind:
        case "string":
            yield from (42, True, [allowed[0] if allowed else "x"])
        case "boolean":
            yield from ("true", 1, 0, "", [True])
        case "integer":
            yield from (str(good), good + 0.5, True, [good])
        case _:
            yield from (str(good), True, [good])
    yield from ({"value": good}, None)


def _neighbours(allowed: list[Any]) -> Iterator[Any]:
    """Values beside the allowed ones: between two numbers, and another way to write a word."""
    if all(isinstance(one, int) for one in allowed):
        ordered: list[int] = sorted(allowed)
        beside = {one + step for one in ordered for step in (-1, 1)}
        beside |= {math.floor((one + other) / 2) for one, other in itertools.pairwise(ordered)}
        yield from sorted(beside - set(ordered))
        return
    for word in allowed:
        yield from (other for other in (word.upper(), f" {word}", f"{word} ") if other not in allowed)
    yield from ("", "auto", "8k", "7:5")


def kind_of(schema: Mapping[str, Any]) -> str:
    """The one JSON type of a parameter, apart from null."""
    names: list[str] = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return next(name for name in names if name != "null")


def picture_of(contract: Contract) -> str:
    """The picture that the document itself uses as an example."""
    for model in contract.models.values():
        for example in model.schema.get("examples", []):
            for name, value in example.items():
                if model.parameters[name].get("format") == "uri" and value:
                    return str(value)
    return "https://example.com/picture.png"
