"""Write three files of the generated package with what openapi-python-client drops.

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
"""The names of the calls' own arguments. If a model's parameter has one of them, the two collide."""

PYTHON_TYPES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def emit(contract: Contract, target: Path) -> None:
    """Write the files into the package at ``target``. Raise ValueError if a parameter's name cannot be used."""
    check_defaults(contract)
    for model in contract.models.values():
        if clash := TAKEN & model.parameters.keys():
            names = ", ".join(sorted(clash))
            raise ValueError(f"{model.slug}: {names} is also an argument of the client's calls; rename the parameter")
        for name in model.parameters:
            if PythonIdentifier(name, prefix="field_") != name:
                # The generated type would use another name, and every call would fail.
                raise ValueError(f"{model.slug}: {name!r} is not a lower-case Python name, or is a keyword")
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
    """Raise ValueError if a parameter does not allow its own default."""
    for model in contract.models.values():
        for name, value in model.defaults.items():
            schema = model.parameters[name]
            if value is None and "null" in schema["type"]:
                continue
            inside = schema.get("minimum", value) <= value <= schema.get("maximum", value)
            if value not in schema.get("enum", [value]) or not inside:
                raise ValueError(f"{model.slug}: the default {value!r} of {name} is not a value that {name} allows")


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
            python += " | Path"  # A local file; the client sends it as a data URI.
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
