"""Validate the body of a request against the contract."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn, cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from segmind_ltx_spec import Contract, Model
from segmind_ltx_spec.limits import range_words

# RFC 3986 in outline: a scheme, text after it, and none of the characters that a URI cannot contain.
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x20\x7f<>\"{}|\\^`]+")
_HIERARCHICAL: Final = re.compile(r"(?i:https?|ftp):")
_AUTHORITY: Final = re.compile(r"(?i:https?|ftp)://[^/?#]+")
_MAX_SHOWN: Final = 80


def is_uri(value: object) -> bool:
    """Return whether a string is an absolute URI; ``data:`` counts, ``http:`` without a host does not."""
    if not isinstance(value, str):
        return True  # A format constrains strings only.
    if _URI.fullmatch(value) is None or re.search(r"%(?![0-9A-Fa-f]{2})", value):
        return False
    return _HIERARCHICAL.match(value) is None or _AUTHORITY.match(value) is not None


def parse_object(body: bytes) -> dict[str, Any] | str:
    """Return the JSON object in a body, or a message about what is wrong with it."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        return "the body is nested too deeply"
    except ValueError as error:  # Malformed, not UTF-8, NaN or Infinity, or a number of thousands of digits.
        return f"the body is not JSON: {error}"
    if not isinstance(value, dict):
        return "the body is not a JSON object"
    return cast("dict[str, Any]", value)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class Validator:
    """Validates payloads against a contract."""

    def __init__(self, contract: Contract) -> None:
        """Compile the request schema of every model."""
        formats = FormatChecker(formats=())
        formats.checks("uri")(is_uri)
        self._validators = {
            model.slug: Draft202012Validator(
                # The components are needed if a request schema refers to them.
                {**model.schema, "components": contract.document["components"]},
                format_checker=formats,
            )
            for model in contract.models.values()
        }

    def problems(self, model: Model, payload: Mapping[str, Any]) -> list[str]:
        """Return a message for each invalid parameter: its name, value, and what is allowed. Empty if none is."""
        found: dict[str, str] = {}
        for error in self._errors(model, payload):
            for name, message in _messages(error, model, payload):
                found.setdefault(name, message)
        order = list(model.parameters)
        return [found[name] for name in sorted(found, key=lambda n: order.index(n) if n in order else len(order))]

    def _errors(self, model: Model, payload: Mapping[str, Any]) -> Iterator[ValidationError]:
        # The types of jsonschema refer to a private one that type checkers cannot follow.
        return self._validators[model.slug].iter_errors(payload)  # pyright: ignore[reportUnknownMemberType]


def _messages(error: ValidationError, model: Model, payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if error.path:
        name = str(error.path[0])
        yield name, f"{name}: {_short_json(error.instance)} is not {describe_allowed(model.parameters.get(name, {}))}"
    elif error.validator == "required":
        for name in sorted(model.required):
            if name not in payload:
                yield name, f"{name} is missing; it must be {describe_allowed(model.parameters.get(name, {}))}"
    else:
        yield "", error.message


def _short_json(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


_TYPE_NAMES: Final = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "an array",
    "object": "an object",
}


def describe_allowed(schema: Mapping[str, Any]) -> str:
    """Describe a parameter's allowed values in words."""
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(value) for value in schema["enum"])
    kinds = schema.get("type", [])
    words = [_TYPE_NAMES[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    if schema.get("format") == "uri":
        words = ["an absolute URI" if word == "a string" else word for word in words]
    text = " or ".join(words) or "what the contract allows"
    limits = range_words(schema)
    if not limits:
        return text
    return f"{text} {'from' if ' to ' in limits else 'of'} {limits}"
