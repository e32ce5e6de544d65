"""One form for schemas that say the same: references followed, nullable and single alternatives unfolded.

A refactoring that does not change what a schema allows gives the same keywords here, so it is no change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec.changes.collect import stable
from segmind_ltx_spec.changes.document import At, Document, is_list, is_object

NOTES: Final = frozenset({"title", "description", "example", "examples", "$comment", "deprecated", "x-source"})
"""Keywords that allow and refuse nothing."""

SCHEMAS: Final = "#/components/schemas/"
"""Where named schemas are."""


@frozen
class Shape:
    """A schema in normal form. ``keywords`` has all but `type`, `enum` and `const`, each with its place."""

    at: At
    types: frozenset[str] | None
    """The allowed types but null; None if the schema names none."""
    null: bool
    """Whether null is allowed."""
    values: tuple[Any, ...] | None
    """The allowed values but null, from `enum` or `const`; None if all are."""
    keywords: Mapping[str, At]
    name: str | None
    """The component that the schema refers to."""

    def place(self, keyword: str) -> At:
        """Return where a keyword is, or the schema itself if it has no such keyword."""
        return self.keywords.get(keyword, self.at)

    def get(self, keyword: str) -> Any:
        """Return the value of a keyword; None if it is missing."""
        at = self.keywords.get(keyword)
        return None if at is None else at.value

    @property
    def properties(self) -> dict[str, Any]:
        """The properties by name."""
        found = self.get("properties")
        return found if is_object(found) else {}

    @property
    def required(self) -> list[str]:
        """The names of the required properties."""
        found = self.get("required")
        return [str(one) for one in found] if is_list(found) else []

    @property
    def class_name(self) -> str | None:
        """The name of the generated class, as far as it can be told without generating."""
        title = self.get("title")
        return title if isinstance(title, str) and title else self.name


def shape(document: Document, at: At) -> Shape:
    """Bring a schema into normal form."""
    name = reference(at)
    flat, nullable = _flat(document, at, frozenset())
    flat = _listed(flat)
    target = document.follow(at) if name is not None else at
    kinds = flat.get("type")
    listed = kinds.value if kinds is not None else None
    types = {str(one) for one in (listed if is_list(listed) else [listed])}
    values = _values(flat)
    if listed is None and values is not None:
        types = {_type(one) for one in values}
    null = (listed is None or "null" in types) and (values is None or None in values)
    return Shape(
        at=target,
        types=frozenset(types - {"null"}) if listed is not None or values is not None else None,
        null=null or nullable,
        values=None if values is None else tuple(one for one in values if one is not None),
        keywords=flat,
        name=name,
    )


def reference(at: At) -> str | None:
    """Return the name of the component schema that a reference leads to."""
    target = at.value.get("$ref") if is_object(at.value) else None
    return target.removeprefix(SCHEMAS) if isinstance(target, str) and target.startswith(SCHEMAS) else None


def _listed(flat: dict[str, At]) -> dict[str, At]:
    """Write alternatives that each name values as one list of these values."""
    for word in ("oneOf", "anyOf"):
        if word not in flat or not is_list(flat[word].value) or {"enum", "const"} & flat.keys():
            continue
        values: list[Any] = []
        for one in flat[word].value:
            if not is_object(one) or set(one) - NOTES not in ({"const"}, {"enum"}, {"const", "type"}, {"enum", "type"}):
                break
            more: Any = one["enum"] if "enum" in one else [one["const"]]
            if not is_list(more) or ("type" in one and any(_type(value) != one["type"] for value in more)):
                break
            values += more
        else:
            rest = {key: at for key, at in flat.items() if key != word}
            return {**rest, "enum": At(values, flat[word].pointer)}
    return flat


def _type(value: Any) -> str:
    """Return the type of a value, as JSON Schema names it."""
    kinds = {"bool": "boolean", "int": "integer", "float": "number", "str": "string", "list": "array", "dict": "object"}
    return kinds.get(type(value).__name__, "null")


def _values(flat: Mapping[str, At]) -> list[Any] | None:
    if "const" in flat:
        return [flat["const"].value]
    listed = flat["enum"].value if "enum" in flat else None
    return listed if is_list(listed) else None


def _flat(document: Document, at: At, above: frozenset[str]) -> tuple[dict[str, At], bool]:
    """Return the keywords of a schema, and whether an alternative allows null."""
    if at.value is True:
        return {}, False
    if not is_object(at.value) or at.pointer in above:
        return {"not" if at.value is False else "$unreadable": at}, False
    own = dict(document.children(at))
    null = bool(own["nullable"].value) if "nullable" in own else False
    if null:
        del own["nullable"]
    base: dict[str, At] = {}
    if "$ref" in own:
        base, more = _flat(document, document.follow(at), above | {at.pointer})
        null = null or more
        del own["$ref"]
    for word in ("allOf", "anyOf", "oneOf"):
        if word not in own or not is_list(own[word].value):
            continue
        branches = [document.child(own[word], index) for index in range(len(own[word].value))]
        if word != "allOf" and len(branches) > 1:
            kept = [one for one in branches if not _only_null(one.value)]
            null = null or len(kept) < len(branches)
            dropped = len(kept) < len(branches)
        else:
            kept, dropped = branches, False
        flats = (
            [_flat(document, one, above | {at.pointer}) for one in kept] if word == "allOf" or len(kept) == 1 else []
        )
        merged: dict[str, At] | None = {} if flats else None
        for one, _ in flats:
            merged = None if merged is None else _merged(merged, one)
        if merged is not None:
            null = null or any(more for _, more in flats)
            del own[word]
            joined = _merged(base, merged)
            base = joined if joined is not None else {**base, word: At(at.value[word], f"{at.pointer}/{word}")}
        elif dropped:
            own[word] = At([one.value for one in kept], own[word].pointer)
    whole = _merged(base, own)
    return (whole if whole is not None else {**base, **own, "$conflict": at}), null


def _only_null(value: Any) -> bool:
    if not is_object(value):
        return False
    schema = value
    kinds = schema.get("type")
    return kinds in ("null", ["null"]) or schema.get("const", "") is None or schema.get("enum") == [None]


def _merged(base: dict[str, At], over: dict[str, At]) -> dict[str, At] | None:
    """Join the keywords of two schemas that both hold; None if that takes more than joining them."""
    joined = dict(base)
    for key, at in over.items():
        if key not in base or key in NOTES or stable(base[key].value) == stable(at.value):
            joined[key] = at
        elif key == "required":
            first = base[key].value
            joined[key] = At([*first, *(one for one in at.value if one not in first)], at.pointer)
        elif key == "properties" and not base[key].value.keys() & at.value.keys():
            joined[key] = At({**base[key].value, **at.value}, at.pointer)
        else:
            return None
    return joined


def constraints(document: Document, at: At) -> str:
    """Write what a schema allows, without notes: equal for schemas that allow the same."""
    return stable(_constraints(document, at, frozenset()))


def _constraints(document: Document, at: At, above: frozenset[str]) -> Any:
    if at.pointer in above or not isinstance(at.value, dict | bool):
        return at.value
    one = shape(document, at)
    kept: dict[str, Any] = {
        "types": sorted(one.types) if one.types is not None else None,
        "null": one.null,
        "values": sorted(stable(value) for value in one.values) if one.values is not None else None,
    }
    for key, found in one.keywords.items():
        if key in NOTES or key in {"type", "enum", "const"} or key.startswith("x-"):
            continue
        if key == "properties":
            kept[key] = {
                name: _constraints(document, child, above | {at.pointer}) for name, child in document.children(found)
            }
        elif key == "required":
            kept[key] = sorted(one.required)
        elif not (key == "additionalProperties" and found.value is True):
            kept[key] = found.value
    return whole_bounds(one, kept)


def whole_bounds(one: Shape, members: dict[str, Any]) -> dict[str, Any]:
    """Write the exclusive bounds of an integer as inclusive ones."""
    if one.types != frozenset({"integer"}):
        return members
    kept = dict(members)
    for exclusive, name, by in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
        value = kept.get(exclusive)
        if isinstance(value, int) and not isinstance(value, bool) and name not in kept:
            del kept[exclusive]
            kept[name] = value + by
    return kept
