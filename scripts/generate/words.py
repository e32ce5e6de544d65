"""What the generated code says about models and parameters: limits, defaults, times and prices, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, Final

from segmind_ltx_spec import Model
from segmind_ltx_spec.limits import number, range_words

WIDTH: Final = 110


def limits(schema: dict[str, Any]) -> str:
    """Return the allowed values of a parameter in words; empty if the documents set no limit."""
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    return range_words(schema) or ("a URI, or a file on this machine" if schema.get("format") == "uri" else "")


def described(name: str, schema: dict[str, Any], model: Model) -> str:
    """Return the description of a parameter with its limits and its default."""
    parts = ["required"] if name in model.required else []
    parts += [words] if (words := limits(schema)) else []
    if "default" in schema:
        parts.append(f"default {_default(schema['default'])}")
    text = " ".join(schema["description"].split())
    return f"{text} ({'; '.join(parts)})" if parts else text


def _default(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def cost(model: Model) -> str:
    """Return the usual time and the price of a model, such as "Usually 71 s, 0.3 to 2 USD" with a full stop."""
    low, high = number(model.usd_low), number(model.usd_high)
    price = f"about {low} USD" if low == high else f"{low} to {high} USD"
    seconds = number(model.seconds) if model.seconds < 10 else f"{model.seconds:.0f}"
    return f"Usually {seconds} s, {price}."


def docstring(model: Model, first: str, indent: int) -> str:
    """Return the docstring of one call of one model."""
    lines = [first, "", f"{model.summary} {cost(model)}", "", "Args:"]
    lines += [f"    {line}" for line in _parameters(model)]
    return _wrapped(lines, indent)


def all_models(models: list[Model], first: str, indent: int) -> str:
    """Return a docstring with the parameters of every model, for ``help()``."""
    lines = [first]
    for model in models:
        lines += ["", f"{model.slug}: {model.summary} {cost(model)}"]
        lines += [f"    {line}" for line in _parameters(model)]
    return _wrapped(lines, indent)


def _parameters(model: Model) -> Iterator[str]:
    for name, schema in model.parameters.items():
        yield f"{name}: {described(name, schema, model)}"


def _wrapped(lines: list[str], indent: int) -> str:
    """Return the text of a docstring, quotes included, wrapped and indented."""
    wrapped: list[str] = []
    for line in lines:
        inner = len(line) - len(line.lstrip())
        wrapped += textwrap.wrap(
            line.strip(),
            WIDTH,
            initial_indent=" " * inner,
            subsequent_indent=" " * (inner + 4) if inner else "",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    text = "\n".join(wrapped).replace("\\", "\\\\").replace('"""', r"\"\"\"")
    text += "\n" if len(wrapped) > 1 or text.endswith('"') else ""
    indented = textwrap.indent(text, " " * indent).lstrip(" ")
    closing = " " * indent if indented.endswith("\n") else ""
    return f'"""{indented}{closing}"""'
