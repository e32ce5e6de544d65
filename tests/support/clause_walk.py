"""Find the constraints of a document without a clause, by a walk that shares no code with the loader."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from jsonschema import Draft202012Validator

from segmind_ltx_spec import Clause, Contract, SpecError

Json = dict[str, Any]

APPLICATORS = {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "properties", "items", "prefixItems"}
"""Keywords that hold schemas: their content counts, not they."""

KEYWORDS = {*Draft202012Validator.VALIDATORS, "default"} - APPLICATORS
"""Keywords by which JSON Schema can refuse a value; parameters and bodies have `required`, too."""

NAMED = frozenset({"properties", "headers", "content", "responses"})
"""Objects whose keys are names, not keywords."""

SILENT = frozenset({"example", "examples", "links", "description", "title", "summary"})
"""Keywords that constrain nothing."""


def constraints(node: Any, at: str, *, named: bool = False) -> Iterator[str]:
    """Yield the pointer of every constraint under a node; one for each entry if a list holds separate rules."""
    if isinstance(node, list):
        for index, item in enumerate(cast("list[Json]", node)):
            yield from constraints(item, f"{at}/{index}")
    if not isinstance(node, dict):
        return
    items = cast("Json", node)
    for key, value in items.items():
        here = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
        if named:
            yield from constraints(value, here)
        elif key == "required" and isinstance(value, list):
            yield from (f"{here}/{index}" for index in range(len(cast("list[str]", value))))
        elif key in KEYWORDS and (key, value) not in (("additionalProperties", True), ("additionalProperties", {})):
            yield here
            if key == "type" and "null" in value:
                yield f"{here}/{value.index('null')}"
            if key == "enum":
                yield from (f"{here}/{value.index(one)}" for one in items.get("x-source", {}).get("inferred", []))
        elif not key.startswith("x-") and key not in SILENT:
            yield from constraints(value, here, named=key in NAMED)


def places(document: Json) -> set[str]:
    """Return every place that needs a clause: constraints, operations, statuses, headers, video rules, security."""
    components: Json = document["components"]
    found = {f"#/components/securitySchemes/{name}" for name in components["securitySchemes"]}
    for section in ("schemas", "parameters", "headers", "requestBodies", "responses"):
        found.update(constraints(components[section], f"#/components/{section}", named=True))
    for path, item in document["paths"].items():
        escaped = f"#/paths/{path.replace('/', '~1')}"
        found.update(constraints(item, escaped))
        for method, operation in item.items():
            found.add(f"{escaped}/{method}")
            statuses = set(operation["responses"]) - {"default"}  # It allows every other status.
            found.update(f"{escaped}/{method}/responses/{status}" for status in statuses)
    for name, response in components["responses"].items():
        found.update(f"#/components/responses/{name}/headers/{header}" for header in response.get("headers", {}))
    for name, schema in components["schemas"].items():
        found.update(
            f"#/components/schemas/{name}/x-model/video/{part}" for part in schema.get("x-model", {}).get("video", {})
        )
    return found


def canonical(document: Json, pointer: str) -> str:
    """Return the pointer to the same place without references on the way."""
    above, slash, last = pointer.rpartition("/")
    if not slash:
        return pointer
    above = canonical(document, above)
    node: Any = document
    for part in above.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        node = node[key if key in node else int(key)]
    return canonical(document, f"{node['$ref']}/{last}") if "$ref" in node else f"{above}/{last}"


def uncovered(document: Json, given: Sequence[Clause]) -> set[str]:
    """Return the places without a clause."""
    covered = {canonical(document, pointer) for clause in given for pointer in clause.pointers}
    return places(document) - covered


def faults(contract: Contract, given: Sequence[Clause]) -> list[str]:
    """Return the faults of a list of clauses."""
    found = [
        f"{clause.id}: twice" for index, clause in enumerate(given) if clause.id in {one.id for one in given[:index]}
    ]
    pages = set(contract.document["x-documents"])
    for clause in given:
        for pointer in clause.pointers:
            try:
                contract.at(pointer)
            except SpecError:
                found.append(f"{clause.id}: {pointer} leads nowhere")
        sourced = {
            "D": bool(clause.claims) and set(clause.documents) <= pages,
            "P": bool(set(clause.documents) - pages),
            "I": bool(clause.note),
        }
        checks = {
            "no pointer": bool(clause.pointers),
            "unknown grade or wrong document": sourced.get(clause.grade, False),
            "not a sentence": re.fullmatch(r"\S.{10,}[^.]\.", clause.statement) is not None,
            "not an id": re.fullmatch(r"[a-z0-9-]+(\.[A-Za-z0-9_-]+)*", clause.id) is not None,
            "unknown model": bool(clause.models) and set(clause.models) <= set(contract.models),
            "model named twice": len(clause.models) == len(set(clause.models)),
            "no kind": bool(clause.kind),
        }
        found += [f"{clause.id}: {what}" for what, fine in checks.items() if not fine]
    return found
