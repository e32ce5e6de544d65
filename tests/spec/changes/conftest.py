"""The list of changes in cases/, applied to the contract."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_spec import OPENAPI_PATH
from segmind_ltx_spec.changes import Document, read_folder
from segmind_ltx_spec.changes.document import is_list, is_object
from segmind_ltx_spec.yaml_text import parse_yaml

CASES = Path(__file__).with_name("cases") / "cases.yaml"

Edit = Callable[..., Document]


def parts_of(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.partition("#")[2].split("/")[1:]]


def step(node: Any, part: str) -> Any:
    """Step down into an object or a list."""
    return node[int(part)] if is_list(node) else node[part]


def apply(api: Any, written: Any, edits: list[list[Any]]) -> None:
    """Apply the edits of a case to parsed documents, in place."""
    for what, pointer, *rest in edits:
        value: Any = rest[0] if rest else None
        root = written if pointer.startswith("clauses#") else api
        parts = parts_of(pointer)
        if what == "sort":
            order(root, in_properties=False)
            continue
        parent: Any = root
        for part in parts[:-1]:
            parent = step(parent, part)
        key: Any = parts[-1] if is_object(parent) else int(parts[-1])
        match what:
            case "set":
                parent[key] = copy.deepcopy(value)
            case "delete":
                del parent[key]
            case "append":
                parent[key].append(copy.deepcopy(value))
            case "rename" | "first":
                items: list[tuple[str, Any]] = list(parent.items())
                if what == "rename":
                    items = [(value if name == key else name, one) for name, one in items]
                else:
                    items.sort(key=lambda item: item[0] != key)
                parent.clear()
                parent.update(items)
            case "inline":
                target: Any = api
                for part in parts_of(parent[key]["$ref"]):
                    target = step(target, part)
                parent[key] = copy.deepcopy(target)
            case "extract":
                api["components"]["schemas"][value] = parent[key]
                parent[key] = {"$ref": f"#/components/schemas/{value}"}
            case _:
                raise AssertionError(f"no such edit: {what}")


def order(node: Any, *, in_properties: bool) -> None:
    """Sort all keys but those of properties, whose order is that of a constructor's arguments."""
    if is_list(node):
        for one in node:
            order(one, in_properties=False)
    if is_object(node):
        items: list[tuple[str, Any]] = list(node.items()) if in_properties else sorted(node.items())
        node.clear()
        node.update(items)
        for key, one in items:
            order(one, in_properties=key == "properties" and not in_properties)


@pytest.fixture(scope="session")
def contract() -> Document:
    """The contract as it ships."""
    return read_folder("old", Path(OPENAPI_PATH).parent)


@pytest.fixture
def edit(contract: Document) -> Edit:
    """The contract with edits of the form of cases.yaml."""

    def edited(*edits: list[Any]) -> Document:
        api, written = copy.deepcopy(contract.api), copy.deepcopy(contract.written)
        apply(api, written, list(edits))
        return Document("new", api, written)

    return edited


def cases() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parse_yaml(CASES.read_text(encoding="utf-8"))
    return rows
