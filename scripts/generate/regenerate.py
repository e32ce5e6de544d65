"""Write the package ``segmind_ltx_api`` for a contract, and compare two of them.

``nox -s regenerate`` runs it on the spec. Three steps: make a view of the spec for the generator (`lenient_view`), run
openapi-python-client with pinned and isolated hooks, and add three files with what that generator drops (`emit`). The
output is the same, byte for byte, on every supported Python.
"""

from __future__ import annotations

import copy
import filecmp
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from openapi_python_client.strings import pascal_case, snake_case

from generate import words
from generate.emit import emit
from segmind_ltx_spec import Contract, contract_of

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "generated" / "segmind_ltx_api"
RUFF: Final = ["--isolated", "--no-cache", "--target-version", "py311", "--line-length", "120"]
TEMPLATES: Final = Path(__file__).with_name("templates") / "generator"
"""Templates that replace those of openapi-python-client: its ``Unset`` has no repr."""
HOOKS: Final = [
    ["ruff", "check", *RUFF, "--fix-only", "--select", "F,I"],
    ["ruff", "format", *RUFF],
]


class GenerationError(Exception):
    """The generator failed or printed a warning; the message is its output."""


def lenient_view(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the spec for the client, with strict requests and lenient responses.

    Request schemas lose their defaults, because the generated constructors would send every one of them; unknown names
    are kept by ``from_dict``, so that the client can refuse them, rather than dropped in silence. In responses
    every property becomes optional and nullable and loses its enum, because the generated parsers raise KeyError,
    TypeError or ValueError if a response does not fit.
    Headers and queries that an operation requires become optional, because the client's calls give a body and an id
    alone: a required argument would make every call a TypeError. A caller sends them by ``Client(headers=...)``.
    """
    view = copy.deepcopy(document)
    for parameter in _parameters(view):
        if parameter.get("in") in {"header", "query", "cookie"}:
            parameter["required"] = False
    for body in view["components"].get("requestBodies", {}).values():
        if "application/json" in body["content"]:  # The client sends JSON, whatever else would be accepted.
            body["content"] = {"application/json": body["content"]["application/json"]}
    for schema in view["components"]["schemas"].values():
        if "x-model" in schema:
            for parameter in schema["properties"].values():
                parameter.pop("default", None)
        elif "properties" in schema:
            for keyword in ("required", "if", "then"):
                schema.pop(keyword, None)
            properties: dict[str, Any] = schema["properties"]
            schema["properties"] = {name: _nullable(value, document) for name, value in properties.items()}
    return view


def unfolded(document: dict[str, Any]) -> dict[str, Any]:
    """The spec with ``anyOf: [X, {type: null}]`` and ``allOf: [X]`` of properties written as X, null among its types.

    Both say the same. The generator takes either, but what is emitted beside it reads one `type` for each parameter.
    """
    plain = copy.deepcopy(document)
    for schema in plain["components"]["schemas"].values():
        for name, value in schema.get("properties", {}).items():
            schema["properties"][name] = _unfolded(value)
    return plain


def _unfolded(schema: Any) -> Any:
    for word in ("allOf", "anyOf", "oneOf"):
        branches: list[Any] = cast("dict[str, Any]", schema).get(word, []) if isinstance(schema, dict) else []
        kept = [one for one in branches if one not in ({"type": "null"}, {"type": ["null"]})]
        if len(kept) != 1 or "type" not in kept[0]:
            continue
        rest = {key: value for key, value in cast("dict[str, Any]", schema).items() if key != word}
        types: list[str] = [kept[0]["type"]] if isinstance(kept[0]["type"], str) else list(kept[0]["type"])
        if len(kept) < len(branches) and "null" not in types:
            types.append("null")
        return {**kept[0], **rest, "type": types if len(types) > 1 else types[0]}
    return cast("Any", schema)


def _parameters(view: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All parameters of a document, wherever they are written down."""
    yield from view["components"].get("parameters", {}).values()
    for item in view["paths"].values():
        yield from item.get("parameters", ())
        for operation in item.values():
            if isinstance(operation, dict):
                yield from cast("dict[str, Any]", operation).get("parameters", ())


def _nullable(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    reference: str = schema.get("$ref", "")
    target: dict[str, Any] = (
        document["components"]["schemas"].get(reference.rpartition("/")[2], {}) if reference else {}
    )
    if target.get("type", "object") != "object":  # A named enum, say: as if it stood here.
        return _nullable({**target, **{key: value for key, value in schema.items() if key != "$ref"}}, document)
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kept = {key: value for key, value in schema.items() if key == "description"}
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return {**kept, "type": [*(one for one in types if one != "null"), "null"]}


def generate(target: Path, contract: Contract) -> None:
    """Write the package for ``contract`` into ``target``, a folder that does not exist yet.

    Raise `GenerationError` if the generator fails or warns.
    """
    contract = contract_of(unfolded(contract.document))
    with tempfile.TemporaryDirectory() as scratch:
        spec, config = Path(scratch, "openapi.json"), Path(scratch, "config.json")
        view = lenient_view(contract.document)
        _describe_requests(view, contract)
        spec.write_text(json.dumps(view), encoding="utf-8")
        # The generator changes names such as Ltx219BT2VRequest; these overrides restore them.
        modules = {
            pascal_case(model.schema_name): {"module_name": snake_case(f"{model.slug}-request")}
            for model in contract.models.values()
        }
        config.write_text(json.dumps({"class_overrides": modules, "literal_enums": True, "post_hooks": []}))
        command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(spec)]
        options = ["--meta", "none", "--output-path", str(target), "--config", str(config), "--fail-on-warning"]
        options += ["--custom-template-path", str(TEMPLATES)]
        _run([*command, *options], cwd=Path(scratch))
    emit(contract, target)
    (target / "py.typed").touch()
    for hook in HOOKS:
        # In the folder above, because the package's types.py would hide that of the standard library.
        _run([sys.executable, "-m", *hook, target.name], cwd=target.parent)


def _describe_requests(view: dict[str, Any], contract: Contract) -> None:
    """Write limits, defaults, time and price into the descriptions, of which the generator makes docstrings."""
    for model in contract.models.values():
        schema = view["components"]["schemas"][model.schema_name]
        schema["description"] = f"Parameters of {model.slug}. {words.cost(model)}"
        for name, original in model.parameters.items():
            schema["properties"][name]["description"] = words.described(name, original, model)


def _run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GenerationError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def differences(old: Path, new: Path) -> Iterator[str]:
    """Yield a line for each file that was added, removed or changed between two folders, except caches."""
    before, after = _files(old), _files(new)
    for name in sorted(before | after):
        if name not in before:
            yield f"added    {name}"
        elif name not in after:
            yield f"removed  {name}"
        elif not filecmp.cmp(old / name, new / name, shallow=False):
            yield f"changed  {name}"


def _files(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}
