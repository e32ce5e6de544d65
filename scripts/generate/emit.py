"""Write three files of the generated package with what openapi-python-client drops.

`contract.py` is a table of the models with the limits of each parameter, which the client checks before it sends
anything. `calls.py` gives type checkers, editors and ``help()`` the parameters of ``client.submit("ltx-2-pro", …)``,
`requests.py` is the list of the request types.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import jinja2
from openapi_python_client.strings import PythonIdentifier

from generate import words
from segmind_ltx_spec import Contract, Model
from segmind_ltx_spec.limits import inside

TEMPLATES: Final = Path(__file__).with_name("templates")
TAKEN: Final = frozenset({"model", "timeout", "on_status"})
"""The names of the calls' own arguments. If a model's parameter has one of them, the two collide."""

_ON_STATUS: Final = "on_status: Callable[[Status_co], object] | None"
_TIMEOUT: Final = "timeout: float | None"
CALLS: Final = (
    {
        "name": "submit",
        "returns": "Job_co",
        "options": (),
        "first": "Submit a job to {}. Once this returns it is billed; keep its `id`.",
        "of_request": "Submit a job, from a request object. Once this returns it is billed; keep its `id`.",
    },
    {
        "name": "generate",
        "returns": "Video_co",
        "options": (_TIMEOUT, _ON_STATUS),
        "first": "Submit a job to {}, and wait up to `timeout` seconds for its video. The accepted job is billed.",
        "of_request": "Submit a job, from a request object, and wait for its video. The accepted job is billed.",
    },
    {
        "name": "generate_blocking",
        "returns": "Video_co",
        "options": (_TIMEOUT,),
        "first": "Make one blocking call of {}. If the connection breaks, a paid video is lost; prefer `generate`.",
        "of_request": "Make one blocking call, from a request object. Prefer `generate`.",
    },
)
"""The client's calls that make a video."""

HELP: Final = "Each model has its own parameters. One that you leave out is not sent, and the service uses its default."

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
    calls = [_call(call, list(contract.models.values())) for call in CALLS]
    for name in ("contract.py", "calls.py", "requests.py"):
        text = environment.get_template(f"{name}.jinja").render(models=models, calls=calls, merged=_merged(models))
        (target / name).write_text(text, encoding="utf-8")


def check_defaults(contract: Contract) -> None:
    """Raise ValueError if a parameter does not allow its own default."""
    for model in contract.models.values():
        for name, value in model.defaults.items():
            schema = model.parameters[name]
            if value is None and "null" in schema["type"]:
                continue
            if value not in schema.get("enum", [value]) or not (isinstance(value, str | None) or inside(schema, value)):
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


def _call(call: dict[str, Any], models: list[Model]) -> dict[str, Any]:
    docs = [words.docstring(model, call["first"].format(model.slug), indent=8) for model in models]
    return {**call, "docs": docs, "doc": words.all_models(models, HELP, indent=8)}


def _merged(models: list[dict[str, Any]]) -> dict[str, str]:
    """Return the type of each parameter over all models, for a signature that holds for every model."""
    types: dict[str, dict[str, None]] = {}
    for one in models:
        for parameter in one["parameters"]:
            types.setdefault(parameter["name"], {}).update(dict.fromkeys(parameter["atoms"]))
    return {name: " | ".join(sorted(atoms, key=lambda atom: atom == "None")) for name, atoms in types.items()}


def _parameter(name: str, schema: dict[str, Any], model: Model) -> dict[str, Any]:
    types = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    if "enum" in schema:
        atoms = [f"Literal[{', '.join(map(repr, schema['enum']))}]"]
    else:
        if other := [one for one in types if one not in PYTHON_TYPES]:
            raise ValueError(
                f"{model.slug}: {name} is {' or '.join(other)}; the client and the command line take texts, numbers "
                "and yes or no, so write what they do with it by hand"
            )
        atoms = [PYTHON_TYPES[one] for one in types if one != "null"]
        if schema.get("format") == "uri":
            atoms.append("Path")  # A local file; the client sends it as a data URI.
        atoms += ["None"] if "null" in types else []
    return {
        "name": name,
        "types": tuple(types),
        "atoms": atoms,
        "python": " | ".join(atoms),
        "required": name in model.required,
        "allowed": tuple(schema.get("enum", ())),
        "minimum": schema.get("minimum"),
        "maximum": schema.get("maximum"),
        "above": schema.get("exclusiveMinimum"),
        "below": schema.get("exclusiveMaximum"),
        "limits": words.limits(schema),
        "uri": schema.get("format") == "uri",
        "has_default": "default" in schema,
        "default": schema.get("default"),
        "description": schema["description"],
    }
