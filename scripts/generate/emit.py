"""Emit from the spec what openapi-python-client drops: three files of the generated package.

`contract.py` is a table of the models with the limits of each parameter, which the client checks before it sends
anything. `calls.py` gives type checkers the parameters of ``client.submit("ltx-2-pro", …)``, `requests.py` is the list
of the request types.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import jinja2
from openapi_python_client.strings import PythonIdentifier

from segmind_ltx_spec import Contract, Model

TEMPLATES: Final = Path(__file__).with_name("templates")
TAKEN: Final = frozenset({"model", "timeout", "on_status"})
"""What the calls name themselves; no parameter of a model may be called so."""

PYTHON_TYPES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def emit(contract: Contract, target: Path) -> None:
    """Write the files into the package at ``target``. Raises ValueError where a parameter's name is taken."""
    check_defaults(contract)
    for model in contract.models.values():
        if clash := TAKEN & model.parameters.keys():
            raise ValueError(f"{model.slug}: the client's calls use the name {', '.join(sorted(clash))} themselves")
        for name in model.parameters:
            if PythonIdentifier(name, prefix="field_") != name:
                # The generated type would have another name for it, and every call would fail.
                raise ValueError(f"{model.slug}: {name!r} is no name for a Python parameter")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - it writes Python, not HTML
    )
    environment.filters["repr"] = repr
    models = [_described(contract, model) for model in contract.models.values()]
    for name in ("contract.py", "calls.py", "requests.py"):
        text = environment.get_template(f"{name}.jinja").render(models=models)
        (target / name).write_text(text, encoding="utf-8")


def check_defaults(contract: Contract) -> None:
    """Raise ValueError where a default is not among the values that its own parameter allows."""
    for model in contract.models.values():
        for name, value in model.defaults.items():
            schema = model.parameters[name]
            if value is None and "null" in schema["type"]:
                continue
            inside = schema.get("minimum", value) <= value <= schema.get("maximum", value)
            if value not in schema.get("enum", [value]) or not inside:
                raise ValueError(f"{model.slug}: the default {value!r} of {name} is not one of its own values")


def _described(contract: Contract, model: Model) -> dict[str, Any]:
    operations = {path: operation["operationId"] for path, _, operation in contract.operations()}
    parameters = [_parameter(name, schema, model) for name, schema in model.parameters.items()]
    return {
        "model": model,
        "request": model.schema_name,
        "params": f"{model.schema_name.removesuffix('Request')}Params",
        "v1": operations[model.v1],
        "v2": operations[model.v2],
        "parameters": parameters,
    }


def _parameter(name: str, schema: dict[str, Any], model: Model) -> dict[str, Any]:
    types = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    if "enum" in schema:
        python = f"Literal[{', '.join(map(repr, schema['enum']))}]"
    else:
        python = " | ".join(PYTHON_TYPES[one] for one in types)
        if schema.get("format") == "uri":
            python += " | Path"  # A local file; the client makes a data URI of it.
    return {
        "name": name,
        "types": tuple(types),
        "python": python,
        "required": name in model.required,
        "allowed": tuple(schema.get("enum", ())),
        "minimum": schema.get("minimum"),
        "maximum": schema.get("maximum"),
        "uri": schema.get("format") == "uri",
        "has_default": "default" in schema,
        "default": schema.get("default"),
        "description": schema["description"],
    }
