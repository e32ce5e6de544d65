"""The options of each model, made from the table that the generator wrote from the spec."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from segmind_ltx_api.contract import MODELS, Model, Parameter

_TYPES: Final[dict[str, type]] = {"string": str, "integer": int, "number": float, "boolean": bool}

Command = Callable[..., None]

REQUIRED: Final = inspect.Parameter.empty

Out: TypeAlias = Annotated[Path, typer.Option("--out", help="File to write the video to.", show_default=False)]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
JsonLines: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a job as it ends, and a last one with the sums.")
]
Timeout: TypeAlias = Annotated[float, typer.Option("--timeout", min=0, help="Longest wait for the job, in seconds.")]
Sync: TypeAlias = Annotated[bool, typer.Option("--sync", help="Use the blocking v1 call; a lost connection loses it.")]


def allowed(parameter: Parameter) -> str:
    """What a parameter may be, in words; empty where the documents set no limit."""
    if parameter.allowed:
        return "one of " + ", ".join(map(str, parameter.allowed))
    if parameter.minimum is not None and parameter.maximum is not None:
        return f"{parameter.minimum:g} to {parameter.maximum:g}"
    return "a URI, or on this machine a file" if parameter.uri else ""


def default(parameter: Parameter) -> str:
    """What the service uses where the parameter is left out, in words."""
    if parameter.required:
        return "required"
    if not parameter.has_default:
        return ""
    value = parameter.default
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else "none" if value is None else str(value)


def per_model(parent: typer.Typer, action: Callable[..., None], **extra: Any) -> None:
    """Give ``parent`` a command for each model, which calls ``action(model, parameters, **extras)``.

    ``extra`` maps the names of further options to their annotation and default.
    """
    for model in MODELS.values():
        help_text = f"{model.summary} Usually {model.seconds:g} s, {price(model)}."
        parent.command(model.slug, help=help_text)(_command(model, action, extra))


def price(model: Model) -> str:
    """A model's price in words."""
    low, high = model.usd_low, model.usd_high
    return f"about {low:g} USD" if low == high else f"{low:g} to {high:g} USD"


def _command(model: Model, action: Callable[..., None], extra: dict[str, Any]) -> Command:
    def command(**given: Any) -> None:
        # An option that was not given is a parameter that stays out of the request.
        parameters = {
            name: file_or_uri(parameter, given[name])
            for name, parameter in model.parameters.items()
            if given.get(name) is not None
        }
        action(model.slug, parameters, **{name: given[name] for name in extra})

    own = [_option(parameter) for parameter in model.parameters.values()]
    further = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=initial)
        for name, (annotation, initial) in extra.items()
    ]
    # Typer reads a command's options from its signature; this one comes from the spec.
    command.__signature__ = inspect.Signature([*own, *further])  # type: ignore[attr-defined] # any object may have one
    return command


def file_or_uri(parameter: Parameter, value: Any) -> Any:
    """What is no URI but the name of a file that exists is that file."""
    if not parameter.uri or not isinstance(value, str) or ":" in value:
        return value
    # Not `Path.is_file`, which raises where the text is too long to be a name.
    return Path(value) if os.path.isfile(value) else value  # noqa: PTH113


def _option(parameter: Parameter) -> inspect.Parameter:
    kind = next(_TYPES[name] for name in parameter.types if name != "null")
    flag = "--" + parameter.name.replace("_", "-")
    flags = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
    limits = [part for part in (allowed(parameter), default(parameter) and f"default {default(parameter)}") if part]
    words = parameter.description + ("" if parameter.required or not limits else f" ({'; '.join(limits)})")
    annotation: Any = kind if parameter.required else kind | None
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[annotation, typer.Option(flags, help=words, show_default=False)],
        default=inspect.Parameter.empty if parameter.required else None,
    )
