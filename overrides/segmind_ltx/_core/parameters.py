"""Check a request against the spec before it is sent.

The limits are in `segmind_ltx_api.contract`, which the generator writes from the spec.
"""

from __future__ import annotations

import difflib
import inspect
import math
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Final, TypeGuard
from urllib.parse import unquote

from attrs import frozen

from segmind_ltx._core.images import data_uri, is_address
from segmind_ltx.errors import ParameterError
from segmind_ltx_api.contract import MODELS, Model, Parameter
from segmind_ltx_api.types import Unset

_MAX_INTEGER_BITS: Final = 1024
"""The longest integer, in bits. No document bounds a seed, but Python refuses to write thousands of digits as JSON."""

_MAX_WAIT: Final = 1_000_000
"""The longest wait, in seconds. If it is longer, for example infinite, a socket raises in the middle of a call."""

_TYPE_NAMES: Final = {
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

    Parameters that the caller left out are not sent. Raises `ParameterError`, which lists every problem at once.
    """
    if isinstance(model, str):
        entry, given = model_named(model), parameters
    else:
        entry = _model_of(model)
        given = {**_unknown_attributes(model, entry), **{name: getattr(model, name) for name in entry.parameters}}
        if parameters:
            raise ParameterError(f"{entry.slug}: give either a request object or parameters, not both")
    # Test the type of Unset, not its identity: a copied or unpickled request has another instance than UNSET.
    payload = {name: _plain(entry, name, value) for name, value in given.items() if not isinstance(value, Unset)}
    problems = tuple(_problems(entry, payload))
    if problems:
        raise ParameterError(f"{entry.slug}: {'; '.join(problems)}", problems=problems, model=entry.slug)
    return PreparedRequest(entry, entry.request(**payload), label)


def _unknown_attributes(request: object, entry: Model) -> dict[str, Any]:
    """Return what a request object has beside its model's parameters: ``from_dict`` and assignments check no name."""
    others = {**getattr(request, "additional_properties", {}), **getattr(request, "__dict__", {})}
    return {name: value for name, value in others.items() if name not in {*entry.parameters, "additional_properties"}}


def _plain(model: Model, name: str, value: object) -> object:
    """Return a data URI for a local image, and Python's own number or truth value for that of another library."""
    parameter = model.parameters.get(name)
    if parameter is None or isinstance(value, str | int | float) or value is None:
        return value
    if parameter.uri and isinstance(value, Path):
        return data_uri(name, value)
    if type(value).__name__ in {"bool", "bool_"} and "boolean" in parameter.types:  # numpy's is no bool.
        return bool(value)
    if isinstance(value, Integral):
        return operator.index(value)
    return float(value) if isinstance(value, Real) else value


def model_named(name: str) -> Model:
    """Return the model of that name. Raises `ParameterError`, which lists the known names, if the name is unknown."""
    if name in MODELS:
        return MODELS[name]
    raise ParameterError(
        f"there is no model {_short_repr(name)};{_suggestion(name, MODELS)} there are {', '.join(MODELS)}"
    )


def check_request_id(request_id: object) -> str:
    """Return a request id that is safe in a path. Raises `ParameterError` if it is not.

    Ids are opaque. But if one is empty, a dot segment or contains a slash, the path would address another resource.
    """
    if is_request_id(request_id):
        return request_id
    raise ParameterError(f"{_short_repr(request_id)} is not a request id; use the `id` of the job that a submit gave")


def is_request_id(request_id: object) -> TypeGuard[str]:
    """Whether a value is a request id that is safe in a path."""
    if not isinstance(request_id, str) or len(request_id) > 512:
        return False
    # contract: path.request_id
    plain = unquote(request_id)
    unsafe = plain.strip() in {"", ".", ".."} or re.search(r"[/\\\x00-\x20\x7f]", plain)
    return not unsafe and plain.isprintable()


def check_seconds(name: str, value: object) -> float:
    """Return a time in seconds, 0 to 1,000,000.

    Raises `ParameterError` otherwise; call it before anything is paid for.
    """
    seconds = float(value) if isinstance(value, Real) and not isinstance(value, int | float) else value
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= _MAX_WAIT:
        return seconds
    raise ParameterError(f"{name}={_short_repr(value)} is not a time in seconds; use 0 to {_MAX_WAIT}")


def check_wait(timeout: object, poll_interval: object = None, on_status: object = None) -> float:
    """Return the timeout of a wait, checked together with its interval and its callback.

    Raises `ParameterError` if one of them is invalid.
    """
    if poll_interval is not None and check_seconds("poll_interval", poll_interval) == 0:
        raise ParameterError("poll_interval=0 would poll without a pause; leave it out, or give seconds")
    check_callback("on_status", on_status)
    return check_seconds("timeout", timeout)


def check_callback(name: str, value: object) -> None:
    """Raise `ParameterError` if a callback cannot be called, or would have to be awaited."""
    if value is None:
        return
    if not callable(value):
        raise ParameterError(f"{name}={_short_repr(value)} cannot be called; give a function, or leave it out")
    if inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(getattr(value, "__call__", None)):  # noqa: B004
        raise ParameterError(f"{name} is an async function, which would not be awaited; give a plain function")


def _model_of(request: object) -> Model:
    for entry in MODELS.values():
        if isinstance(request, entry.request):
            return entry
    known = ", ".join(MODELS)
    raise ParameterError(
        f"{_short_repr(request)} is neither a model's name nor a request object; the names are {known}"
    )


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
    """Return the problem with a value, and the allowed values; None if the value is valid."""
    if not any(_is(kind, value) for kind in parameter.types):
        wanted = " or ".join(_TYPE_NAMES[kind] for kind in parameter.types)
        return f"is {type(value).__name__}, but must be {wanted}"
    if parameter.allowed and value not in parameter.allowed:
        return f"is not allowed; use one of {', '.join(map(str, parameter.allowed))}"
    if isinstance(value, str):
        return _text_problem(parameter, value)
    if isinstance(value, int | float):
        return _number_problem(parameter, value)
    return None


def _text_problem(parameter: Parameter, value: str) -> str | None:
    if parameter.uri and not is_address(value):
        return (
            "is not a URI that the service can fetch; use one that begins with https://, http:// or data:, or pass a "
            "pathlib.Path for a file on this machine"
        )
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "has lone surrogates, which no UTF-8 text can carry"
    return None


def _number_problem(parameter: Parameter, value: float) -> str | None:
    if isinstance(value, int) and value.bit_length() > _MAX_INTEGER_BITS:
        return "is too long to be sent"
    if not math.isfinite(value):
        return "is not a finite number"
    low, high, above, below = parameter.minimum, parameter.maximum, parameter.above, parameter.below
    too_low = (low is not None and value < low) or (above is not None and value <= above)
    too_high = (high is not None and value > high) or (below is not None and value >= below)
    return f"is out of range; use {parameter.limits}" if too_low or too_high else None


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
    close = difflib.get_close_matches(name, known, n=1)
    return f" did you mean {close[0]!r}?" if close else ""


def _short_repr(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # An integer of thousands of digits has no repr, and a caller's class may raise anything.
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}…"
