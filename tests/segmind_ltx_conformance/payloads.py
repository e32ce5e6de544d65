"""Make payloads from the contract alone: bodies that a server has to accept, and bodies that it has to refuse.

No model is named here, so a new model in the contract needs no code.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec.contract import Contract, Model
from segmind_ltx_spec.limits import example_inside, first_inside, inside, last_inside, lower, step_of, upper

OMITTED: Final = object()
"""Marks a parameter that is left out."""

LONGEST_PROMPT: Final = 524
"""Characters of the longest prompt that a page prints. No page says up to which length a server takes one."""
LONGEST_OTHER_TEXT: Final = 96
"""The same for a text that may be left out, such as a negative prompt."""
UNICODE: Final = "Ein Drachen steigt über dem Strand. 凧が上がる 🪁 ‏עפיפון‏ e\u0301"
LONG: Final = "A kite rises above a windy beach, and the camera follows it. " * 40
"""Cut to the length of the longest text that a page prints: no page says that a server takes longer ones."""

NOT_URIS: Final = ("boat.png", "not a uri", "", "//example.com/boat.png", "https://exa mple.com/boat.png")
NOT_OBJECTS: Final[tuple[tuple[str, bytes], ...]] = (
    ("malformed JSON", b'{"prompt": "x"'),
    ("a list", b'[{"prompt": "x"}]'),
    ("a string", b'"prompt"'),
    ("a number", b"7"),
    ("null", b"null"),
    ("nothing", b""),
)


@frozen
class Choice:
    """A value that a parameter may have, and the clause that allows it."""

    parameter: str
    value: Any
    clause: str

    def __str__(self) -> str:
        return f"{self.parameter} left out" if self.value is OMITTED else f"{self.parameter}={self.value!r:.60}"


@frozen
class Refusal:
    """A body that breaks exactly one clause."""

    clause: str
    label: str
    body: Any


def base(model: Model, picture: str) -> dict[str, Any]:
    """Return a body with only the required parameters."""
    return {
        name: picture if schema.get("format") == "uri" else "A kite rises above a windy beach."
        for name, schema in model.parameters.items()
        if name in model.required
    }


def choices(model: Model, picture: str) -> dict[str, list[Choice]]:
    """Return the values that cover each parameter's range: both ends, every listed value, null, left out."""
    return {name: list(_choices(model, name, schema, picture)) for name, schema in model.parameters.items()}


def _choices(model: Model, name: str, schema: Mapping[str, Any], picture: str) -> Iterator[Choice]:
    prefix = f"{model.slug}.{name}"
    kind, nullable = json_type(schema), "null" in schema["type"]
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
        longest = LONGEST_PROMPT if name in model.required else LONGEST_OTHER_TEXT
        yield from (Choice(name, value, f"{prefix}.type") for value in (UNICODE, LONG[:longest]))
    else:
        yield from _numbers(name, schema, prefix, kind)
    if nullable:
        yield Choice(name, None, f"{prefix}.null")
    if name not in model.required:
        yield Choice(name, OMITTED, f"{prefix}.optional")


def _numbers(name: str, schema: Mapping[str, Any], prefix: str, kind: str) -> Iterator[Choice]:
    step = step_of(kind)
    low, high = first_inside(schema, step), last_inside(schema, step)
    for bound, value in ((lower(schema), low), (upper(schema), high)):
        if bound is not None and value is not None:
            yield Choice(name, value, f"{prefix}.{bound.keyword}")
    if low is None and high is None:
        yield from (Choice(name, value, f"{prefix}.type") for value in (0, 2357108))
    if kind == "number":
        # A fraction within the range that a binary float cannot represent exactly.
        start = low if low is not None else min(0, high - 10) if high is not None else 0
        middle = start + ((high if high is not None else max(10, start + 10)) - start) / 3
        fraction = round(middle, 2) + 0.05
        yield Choice(name, fraction if inside(schema, fraction) else middle, f"{prefix}.type")


def packs(model: Model, picture: str, seed: int | None = None) -> list[dict[str, Choice]]:
    """Return the fewest requests that use every choice at least once: each accepted one costs a job.

    The longest list of choices sets the number of packs, and shorter lists repeat. If a ``seed`` is given, each shorter
    list gets one random value from its range first; not more, because a refused pack is harder to explain the more of
    its values occur in no other pack. Inferred values get packs of their own, since a server may refuse them.
    """
    lists = choices(model, picture)
    certain = {
        name: [choice for choice in options if not choice.clause.endswith("-inferred")]
        for name, options in lists.items()
    }
    inferred = [choice for options in lists.values() for choice in options if choice.clause.endswith("-inferred")]
    count = max(len(options) for options in certain.values())
    if seed is not None:
        for name, options in certain.items():
            if len(options) < count:
                options += _within(model, name, f"{seed} {model.slug} {name}")
    packed = [{name: options[number % len(options)] for name, options in certain.items()} for number in range(count)]
    return packed + [{choice.parameter: choice} for choice in inferred]


def _within(model: Model, name: str, seed: str) -> Iterator[Choice]:
    """Yield a random number within the documented range; nothing if the parameter has a list of values."""
    schema = model.parameters[name]
    kind = json_type(schema)
    if kind not in {"integer", "number"} or "enum" in schema:
        return
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    # If no range is documented, every server accepts a number of 31 bits.
    step = step_of(kind)
    first, last = first_inside(schema, step), last_inside(schema, step)
    low = first if first is not None else 0 if last is None or last >= 0 else last - 1000
    high = last if last is not None else max(2**31 - 1, low)
    value = chance.randint(int(low), int(high)) if kind == "integer" else round(chance.uniform(low, high), 2)
    yield Choice(name, value, f"{model.slug}.{name}.type")


def body_of(model: Model, pack: Mapping[str, Choice], picture: str) -> dict[str, Any]:
    """Return the request body of a pack; parameters outside the pack keep their minimal value."""
    body = base(model, picture)
    for name, choice in pack.items():
        if choice.value is OMITTED:
            body.pop(name, None)
        else:
            body[name] = choice.value
    return body


def refusals(model: Model, picture: str) -> Iterator[Refusal]:
    """Yield every forbidden body, each with one fault: extreme values, and common mistakes."""
    whole = base(model, picture)
    for label, raw in NOT_OBJECTS:
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
    kind = json_type(schema)
    for value in _of_other_types(schema, kind):
        yield "type", value
    if "null" not in schema["type"]:
        yield "not-null", None
    if "enum" in schema:
        yield from (
            ("enum", value) for value in _neighbours([value_ for value_ in schema["enum"] if value_ is not None])
        )
    if schema.get("format") == "uri":
        yield from (("format", value) for value in NOT_URIS)
    step = step_of(kind)
    if low := lower(schema):
        near = low.value if low.exclusive else low.value - step
        yield from ((low.keyword, value) for value in (near, min(-1_000_000, low.value - 1_000_000)))
    if high := upper(schema):
        near = high.value if high.exclusive else high.value + step
        yield from ((high.keyword, value) for value in (near, max(1_000_000, high.value + 1_000_000)))


def _of_other_types(schema: Mapping[str, Any], kind: str) -> Iterator[Any]:
    """Yield a valid value in the wrong type, which a lenient server would convert, and unrelated values.

    1.0 is not used for an integer: JSON does not distinguish it from 1.
    """
    allowed = [value for value in schema.get("enum", ()) if value is not None]
    example = allowed[0] if allowed else example_inside(schema, 42, step_of(kind))
    match kind:
        case "string":
            yield from (42, True, [allowed[0] if allowed else "x"])
        case "boolean":
            yield from ("true", 1, 0, "", [True])
        case "integer":
            yield from (str(example), example + 0.5, True, [example])
        case _:
            yield from (str(example), True, [example])
    yield {"value": example}


def _neighbours(allowed: list[Any]) -> Iterator[Any]:
    """Yield values next to the allowed ones: numbers between them, and other spellings of a word."""
    if all(isinstance(value, int) for value in allowed):
        ordered: list[int] = sorted(allowed)
        beside = {value + step for value in ordered for step in (-1, 1)}
        beside |= {math.floor((value + next_value) / 2) for value, next_value in itertools.pairwise(ordered)}
        yield from sorted(beside - set(ordered))
        return
    for word in allowed:
        yield from (next_value for next_value in (word.upper(), f" {word}", f"{word} ") if next_value not in allowed)
    yield from ("", "auto", "8k", "7:5")


def json_type(schema: Mapping[str, Any]) -> str:
    """Return the JSON type of a parameter, apart from null."""
    names: list[str] = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return next(name for name in names if name != "null")


def example_picture(contract: Contract) -> str:
    """Return the image URL that the contract uses in its own example."""
    for model in contract.models.values():
        for example in model.schema.get("examples", []):
            for name, value in example.items():
                if model.parameters[name].get("format") == "uri" and value:
                    return str(value)
    return "https://example.com/picture.png"
