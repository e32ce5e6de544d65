"""The whole contract with every way to write it undone: equal for two versions that say the same."""

from __future__ import annotations

from typing import Any

from segmind_ltx_spec.changes.collect import stable
from segmind_ltx_spec.changes.document import At, Document, is_list, is_object
from segmind_ltx_spec.changes.normal import reference, shape, whole_bounds


def expanded(document: Document) -> str:
    """Write the whole contract with references followed and schemas in normal form: equal if the meaning is."""
    kept = {key: value for key, value in document.api.items() if key not in {"components", "security", "paths"}}
    if is_list(kept.get("tags")):
        kept["tags"] = sorted(map(stable, kept["tags"]))
    paths = _expanded(document, document.child(document.root, "paths"), frozenset())
    return stable([kept, {path: _with_parameters(item) for path, item in paths.items()}, document.written])


def _with_parameters(item: Any) -> Any:
    """Move the parameters of a path into its operations; their order has no meaning."""
    if not is_object(item):
        return item
    shared: list[Any] = item.get("parameters") or []
    moved: dict[str, Any] = {}
    for key, operation in item.items():
        if is_object(operation):
            moved[key] = {
                **operation,
                "parameters": sorted(map(stable, [*shared, *(operation.get("parameters") or [])])),
            }
        elif key != "parameters":
            moved[key] = operation
    return moved


def _expanded(document: Document, at: At, above: frozenset[str]) -> Any:
    if is_list(at.value):
        return [_expanded(document, document.child(at, index), above) for index in range(len(at.value))]
    if not is_object(at.value) or at.pointer in above:
        return at.value
    if "$ref" in at.value and reference(at) is None:
        return _expanded(document, document.follow(at), above | {at.pointer})
    members = dict(document.children(at))
    if {"$ref", "type", "enum", "const", "allOf", "anyOf", "oneOf", "nullable"} & members.keys():
        one = shape(document, at)
        members = {
            key: found for key, found in one.keywords.items() if key not in {"type", "enum", "const", "required"}
        }
        own: dict[str, Any] = {
            "types": sorted(one.types or ()),
            "null": one.null,
            "values": sorted(stable(value) for value in one.values or ()),
            "required": sorted(one.required) if one.required else one.get("required"),
        }
    else:
        own = {}
    inner = above | {at.pointer}
    shown = {key: _expanded(document, found, inner) for key, found in members.items() if key != "security"}
    return own | (whole_bounds(shape(document, at), shown) if own else shown)
