"""Check a call against the spec before anything is sent.

The limits come from `segmind_ltx_api.contract`, which the generator wrote from the spec.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from attrs import frozen

from segmind_ltx._core.images import data_uri
from segmind_ltx.errors import ParameterError
from segmind_ltx_api.contract import MODELS, Model, Parameter
from segmind_ltx_api.types import Unset

_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f]+")
_LONGEST_INTEGER: Final = 1024
"""In bits. No document bounds a seed, but an integer of thousands of digits cannot be written as JSON."""

_LONGEST_WAIT: Final = 1_000_000
"""In seconds; longer ones, such as infinity, are refused by sockets in the midst of a call."""

_WORDS: Final = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "True or False",
    "null": "None",
}


@frozen
class PreparedRequest:
    """A checked request: the model, its generated request object, and the label for its row in a ledger."""

    model: Model
    request: Any
    label: str | None = None


def prepare(model: object, parameters: Mapping[str, Any], label: str | None = None) -> PreparedRequest:
    """Check a model's name with its parameters, or a request object.

    What the caller left out stays out. Raises `ParameterError`, which lists every problem at once.
    """
    if isinstance(model, str):
        entry, given = model_named(model), parameters
    else:
        entry = _model_of(model)
        given = {name: getattr(model, name) for name in entry.parameters}
        if parameters:
            raise ParameterError(f"{entry.slug}: give either a request object or parameters, not both")
    # Unset is told by type: after copy or pickle a request's Unset is no longer the one and only UNSET.
    payload = {
        name: _with_data_uri(entry, name, value) for name, value in given.items() if not isinstance(value, Unset)
    }
    problems = tuple(_problems(entry, payload))
    if problems:
        error = ParameterError(f"{entry.slug}: {'; '.join(problems)}", model=entry.slug)
        error.problems = problems
        raise error
    return PreparedRequest(entry, entry.request(**payload), label)


def _with_data_uri(model: Model, name: str, value: object) -> object:
    """A local picture becomes a data URI; everything else stays as it is."""
    parameter = model.parameters.get(name)
    return data_uri(name, value) if parameter and parameter.uri and isinstance(value, Path) else value


def model_named(name: str) -> Model:
    """The model of that name. Raises `ParameterError`, which lists the names there are."""
    if name in MODELS:
        return MODELS[name]
    raise ParameterError(
        f"there is no model {_short_repr(name)};{_suggestion(name, MODELS)} there are {', '.join(MODELS)}"
    )


def check_request_id(request_id: object) -> str:
    """A request id that is safe to put into a path. Raises `ParameterError`.

    Ids are opaque, but one that is empty, a dot segment or has a slash would address another resource.
    """
    if isinstance(request_id, str):
        plain = unquote(request_id)
        unsafe = plain.strip() in {"", ".", ".."} or re.search(r"[/\\\x00-\x20\x7f]", plain)
        if not unsafe and plain.isprintable() and len(request_id) <= 512:
            return request_id
    raise ParameterError(f"{_short_repr(request_id)} is not a request id; use the `id` of the job that a submit gave")


def check_seconds(name: str, value: object) -> float:
    """A time that can be waited for. Raises `ParameterError`; call it before anything is paid."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST_WAIT:
        return value
    raise ParameterError(f"{name}={_short_repr(value)} is not a time in seconds; use 0 to {_LONGEST_WAIT}")


def check_wait(timeout: object, poll_interval: object = None) -> float:
    """The timeout of a wait, checked with its interval. Raises `ParameterError`."""
    if poll_interval is not None and check_seconds("poll_interval", poll_interval) == 0:
        raise ParameterError("poll_interval=0 would poll without a pause; leave it out, or give seconds")
    return check_seconds("timeout", timeout)


def _model_of(request: object) -> Model:
    for entry in MODELS.values():
        if isinstance(request, entry.request):
            return entry
    known = ", ".join(MODELS)
    raise ParameterError(f"{_short_repr(request)} is neither a model's name nor a request; the names are {known}")


def _problems(model: Model, payload: Mapping[str, Any]) -> Iterator[str]:
    for name in payload:
        if name not in model.parameters:
            known = ", ".join(model.parameters)
            yield f"there is no parameter {name!r};{_suggestion(name, model.parameters)} there are {known}"
    for name, parameter in model.parameters.items():
        if name in payload:
            problem = _problem(parameter, payload[name])
            if problem:
                yield f"{name}={_short_repr(payload[name])} {problem}"
        elif parameter.required:
            yield f"{name} is missing; it is required"


def _problem(parameter: Parameter, value: object) -> str | None:
    """What is wrong with a value, and what is allowed; None where it is fine."""
    if not any(_is(kind, value) for kind in parameter.types):
        wanted = " or ".join(_WORDS[kind] for kind in parameter.types)
        return f"is {type(value).__name__}, but must be {wanted}"
    if parameter.allowed and value not in parameter.allowed:
        return f"is not allowed; use one of {', '.join(map(str, parameter.allowed))}"
    if isinstance(value, str):
        return _text_problem(parameter, value)
    if isinstance(value, int | float):
        return _number_problem(parameter, value)
    return None


def _text_problem(parameter: Parameter, value: str) -> str | None:
    if parameter.uri and not _URI.fullmatch(value):
        return "is not a URI; use an absolute one, such as https://example.com/picture.png"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "has lone surrogates, which no UTF-8 text can carry"
    return None


def _number_problem(parameter: Parameter, value: float) -> str | None:
    if isinstance(value, int) and value.bit_length() > _LONGEST_INTEGER:
        return "is too long to be sent"
    if not math.isfinite(value):
        return "is not a finite number"
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        return f"is out of range; use {low:g} to {high:g}" if None not in (low, high) else "is out of range"
    return None


def _is(kind: str, value: object) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case _:
            return value is None


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" did you mean {near[0]!r}?" if near else ""


def _short_repr(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # An integer of thousands of digits has none, and a caller's class may have any.
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}…"
