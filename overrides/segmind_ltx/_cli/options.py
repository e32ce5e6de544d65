"""The options of the commands; those of each model are built from the generated table of parameters."""

from __future__ import annotations

import inspect
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from segmind_ltx import Client
from segmind_ltx._cli.output import exit_on_error
from segmind_ltx._core.images import is_address
from segmind_ltx._core.parameters import prepare
from segmind_ltx.errors import ParameterError
from segmind_ltx_api.contract import MODELS, Model, Parameter

# contract: *.optional
_TYPES: Final[dict[str, type]] = {"string": str, "integer": int, "number": float, "boolean": bool}

OWN_FLAGS: Final = frozenset(
    {
        "--out",
        "--force",
        "--json",
        "--timeout",
        "--sync",
        "--help",
        "--allow-empty",
        "--no-ledger",
        "--verbose",
        "--upload",
    }
)
"""The commands' own flags. A parameter of the same name gets another one: ``--parameter-force``."""
_PREFIX: Final = "parameter_"
"""Before the names of parameters in a command's signature, to keep them apart from its own options."""

Command = Callable[..., None]

REQUIRED: Final = inspect.Parameter.empty

Out: TypeAlias = Annotated[
    Path, typer.Option("--out", "-o", help="File to write the video to; - for standard output.", show_default=False)
]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
JsonLines: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object for each job as it ends, then one with the sums.")
]
Timeout: TypeAlias = Annotated[float, typer.Option("--timeout", min=0, help="Longest wait for a job, in seconds.")]
NoLedger: TypeAlias = Annotated[
    bool, typer.Option("--no-ledger", help="Do not record the paid calls, as `segmind-ltx jobs` lists them.")
]


def listen(verbose: bool) -> None:
    """Log each request and answer, or only warnings."""
    logging.getLogger("segmind_ltx").setLevel(logging.DEBUG if verbose else logging.NOTSET)


Verbose: TypeAlias = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Show each request and answer on standard error, without the key."),
]
Upload: TypeAlias = Annotated[
    bool, typer.Option("--upload", help="Upload an image file to the vendor's store, instead of sending it whole.")
]
AllowEmpty: TypeAlias = Annotated[bool, typer.Option("--allow-empty", help="Send a prompt that is empty.")]
Sync: TypeAlias = Annotated[
    bool, typer.Option("--sync", help="Use the blocking v1 call. If the connection is lost, so is the video.")
]


def describe_allowed(parameter: Parameter) -> str:
    """Describe the allowed values of a parameter; empty if the documents set no limit."""
    return parameter.limits


def describe_default(parameter: Parameter) -> str:
    """Describe the value that the service uses if the parameter is left out."""
    if parameter.required:
        return "required"
    if not parameter.has_default:
        return ""
    value = parameter.default
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else "none" if value is None else str(value)


def add_model_commands(parent: typer.Typer, action: Callable[..., None], **extra: Any) -> None:
    """Add a command for each model to ``parent``. It calls ``action(model, parameters, **extra)``.

    ``extra`` maps the names of further options to their annotation and default.
    """
    for model in MODELS.values():
        help_text = f"{model.summary} Usually {model.seconds:.0f} s, {describe_price(model)}."
        parent.command(model.slug, help=help_text)(_command(model, action, extra))


def describe_price(model: Model) -> str:
    """Describe the price of a model."""
    low, high = model.usd_low, model.usd_high
    return f"about {low:.2f} USD" if low == high else f"{low:.2f} to {high:.2f} USD"


_SHARED: Final = {"allow_empty": (AllowEmpty, False), "verbose": (Verbose, False)}


def _command(model: Model, action: Callable[..., None], extra: dict[str, Any]) -> Command:
    def command(**values: Any) -> None:
        # If an option is not given, its parameter is not in the request.
        allow_empty = values.pop("allow_empty")
        listen(values.pop("verbose"))
        with exit_on_error(values["as_json"]):
            parameters = {
                name: _argument(parameter, values[_PREFIX + name], allow_empty=allow_empty)
                for name, parameter in model.parameters.items()
                if values.get(_PREFIX + name) is not None
            }
        action(model.slug, parameters, **{name: values[name] for name in extra})

    model_options = [_option(parameter) for parameter in model.parameters.values()]
    extra_options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=initial)
        for name, (annotation, initial) in {**extra, **_SHARED}.items()
    ]
    # Typer reads the options from the signature, so build one from the spec.
    command.__signature__ = inspect.Signature([*model_options, *extra_options])  # type: ignore[attr-defined] # any object may have one
    return command


def _argument(parameter: Parameter, value: Any, *, allow_empty: bool) -> Any:
    """Return the value of an option as the client takes it. Raises `ParameterError`."""
    flag = "--" + parameter.name.replace("_", "-")
    if not isinstance(value, str) or parameter.allowed:
        return value
    found = file_or_uri(parameter, value) if parameter.uri else _text(flag, value)
    check_worth(parameter, found, flag, allow_empty=allow_empty)
    return found


def check_worth(parameter: Parameter, value: Any, name: str, *, allow_empty: bool) -> None:
    """Refuse what the documents allow, but what is a mistake: an empty prompt, and an image that is not there.

    Raises `ParameterError`.
    """
    if not isinstance(value, str) or parameter.allowed:
        return
    if parameter.uri:
        if value and not is_address(value):
            shown = value if len(value) < 200 else f"{value[:40]}…"
            raise ParameterError(
                f"{name} {shown}: no such file; name an image, or an address that begins with https://"
            )
    elif parameter.required and not value.strip() and not allow_empty:
        raise ParameterError(f"{name} is empty, and the video would be billed; to send it, pass --allow-empty")


def _text(flag: str, value: str) -> str:
    """Return a text: ``-`` reads standard input, ``@FILE`` a file in UTF-8, and ``@@…`` begins with one @."""
    try:
        if value == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig").rstrip("\r\n")
        if value.startswith("@") and not value.startswith("@@"):
            return Path(value[1:]).read_text(encoding="utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise ParameterError(f"{flag} {value} cannot be read: {error.strerror}") from None
    except (AttributeError, ValueError) as error:  # Standard input is closed, or the text is no UTF-8.
        raise ParameterError(f"{flag} {value} cannot be read: {error}") from None
    return _decoded(value.removeprefix("@") if value.startswith("@@") else value)


def file_or_uri(parameter: Parameter, value: Any) -> Any:
    """Return the path if ``value`` is no address but the name of an existing file; else ``value``."""
    if not isinstance(value, str):
        return value
    if not parameter.uri or is_address(value):
        return _decoded(value)
    # Not `Path.exists`, which raises if the text is too long for a file name. Also for a pipe, to name it in the error.
    return Path(value) if value and os.path.exists(value) else value  # noqa: PTH110


def upload_images(client: Client, model: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Upload the image files among the parameters, once all parameters are known to be right."""
    prepare(model, parameters)
    return {name: client.upload(value) if isinstance(value, Path) else value for name, value in parameters.items()}


def _decoded(value: str) -> str:
    """Return an argument as UTF-8 if the locale could not decode it, as in the locale C."""
    if value.isascii():
        return value
    try:
        return os.fsencode(value).decode("utf-8")
    except UnicodeError:
        return value


def _option(parameter: Parameter) -> inspect.Parameter:
    kind = next(_TYPES[name] for name in parameter.types if name != "null")
    flag = "--" + parameter.name.replace("_", "-")
    if flag in OWN_FLAGS:
        flag = f"--parameter-{flag[2:]}"
    flags = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
    default = describe_default(parameter)
    limits = [part for part in (describe_allowed(parameter), default and f"default {default}") if part]
    help_text = parameter.description + ("" if parameter.required or not limits else f" ({'; '.join(limits)})")
    if kind is str and not parameter.uri and not parameter.allowed:
        help_text += " - reads standard input, @FILE a file; @@ begins a text with @."
    annotation: Any = kind if parameter.required else kind | None
    return inspect.Parameter(
        _PREFIX + parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[annotation, _flag(parameter, flags, help_text)],
        default=inspect.Parameter.empty if parameter.required else None,
    )


def _flag(parameter: Parameter, flags: str, help_text: str) -> Any:
    """Return the option of a parameter; the listed values are its metavar, and completed by the shell."""
    if not parameter.allowed:
        return typer.Option(flags, help=help_text, show_default=False)
    values = [str(value) for value in parameter.allowed]

    def complete(incomplete: str) -> list[str]:
        return [value for value in values if value.startswith(incomplete)]

    metavar = f"[{'|'.join(values)}]"
    return typer.Option(flags, help=help_text, show_default=False, metavar=metavar, autocompletion=complete)
