"""Import a generated package and print what programs see of it, as JSON. Started as a script."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sys
import typing
from typing import Any

PACKAGE = "segmind_ltx_api"


def main() -> None:
    """Print classes, Literals, TypedDicts and functions."""
    sys.path[:0] = sys.argv[1:]
    root = importlib.import_module(PACKAGE)
    names = [module.name for module in pkgutil.walk_packages(root.__path__, f"{PACKAGE}.")]
    modules = {name.removeprefix(f"{PACKAGE}."): importlib.import_module(name) for name in names}
    models = modules["models"]
    calls = modules["calls"]
    found = {
        "modules": sorted(modules),
        "classes": {name: _class(value) for name, value in _members(models) if inspect.isclass(value)},
        "literals": {
            name: _values(value) for name, value in _members(models) if typing.get_origin(value) is typing.Literal
        },
        "models": list(typing.get_args(calls.ModelName)),
        "requests": [model.request.__name__ for model in modules["contract"].MODELS.values()],
        "typed": {name: _keys(value) for name, value in vars(calls).items() if typing.is_typeddict(value)},
        "functions": {
            f"{name}.{function}": _signature(value)
            for name, module in modules.items()
            if name.startswith("api.")
            for function, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
            if function in {"sync", "sync_detailed", "asyncio", "asyncio_detailed"}
        },
    }
    json.dump(found, sys.stdout)


def _members(module: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(module, name)) for name in module.__all__]


def _class(value: Any) -> dict[str, Any]:
    return {"arguments": _signature(value)["arguments"], "names": sorted(n for n in dir(value) if n[0] != "_")}


def _signature(value: Any) -> dict[str, Any]:
    signature = inspect.signature(value)
    arguments = [
        {
            "name": one.name,
            "type": _text(one.annotation),
            "keyword": one.kind is one.KEYWORD_ONLY,
            "default": one.default is not one.empty,
        }
        for one in signature.parameters.values()
    ]
    return {"arguments": arguments, "returns": _text(signature.return_annotation)}


def _keys(value: Any) -> dict[str, Any]:
    # __required_keys__ does not see through annotations that are strings.
    marked = typing.get_type_hints(value, include_extras=True)
    return {
        name: {
            "type": _text(hint),
            "values": _values(hint),
            "required": typing.get_origin(marked[name]) is not typing.NotRequired,
        }
        for name, hint in typing.get_type_hints(value).items()
    }


def _values(hint: Any) -> list[Any] | None:
    return list(typing.get_args(hint)) if typing.get_origin(hint) is typing.Literal else None


def _text(annotation: Any) -> str:
    if annotation is inspect.Signature.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


if __name__ == "__main__":
    main()
