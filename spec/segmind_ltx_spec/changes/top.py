"""Rules for the document as a whole: what it says of itself."""

from __future__ import annotations

from typing import Any, Final

from segmind_ltx_spec.changes.access import compare_schemes, compare_servers
from segmind_ltx_spec.changes.collect import (
    TOLD_IN_HTTP,
    Collector,
    stable,
)
from segmind_ltx_spec.changes.components import beside_references, compare_components, renamed_schemas
from segmind_ltx_spec.changes.document import At, is_list, is_object
from segmind_ltx_spec.changes.keywords import EXTENSION
from segmind_ltx_spec.changes.operations import OFFERED, compare_operations, offered
from segmind_ltx_spec.changes.schemas import SchemaWalk
from segmind_ltx_spec.changes.verdicts import Verdicts

_DIALECT: Final = "https://spec.openapis.org/oas/3.1/dialect/base"
"""What OpenAPI 3.1 takes if a document names no other."""
_WALKED: Final = frozenset({"paths", "components", "security", "servers"})


def compare_api(found: Collector) -> None:
    """Judge everything in openapi.yaml."""
    walk = SchemaWalk(found, renamed_schemas(found))
    for key, one, other in found.members(found.old.root, found.new.root):
        if key in _WALKED or (one is not None and other is not None and stable(one.value) == stable(other.value)):
            continue
        _document(found, key, one, other)
    servers = [
        document.child(document.root, "servers") if "servers" in document.api else None
        for document in (found.old, found.new)
    ]
    compare_servers(found, *servers)
    compare_operations(found, walk)
    compare_schemes(found)
    compare_components(found, walk)
    beside_references(found)


def _document(found: Collector, key: str, old: At | None, new: At | None) -> None:
    match key:
        case "openapi":
            same = (
                old is not None and new is not None and str(old.value).split(".")[:2] == str(new.value).split(".")[:2]
            )
            if same:
                found.emit("openapi-version-changed", old, new, TOLD_IN_HTTP, "The format's patch release is another.")
            else:
                found.unjudged(old, new, "the document is written in another version of OpenAPI")
        case "info":
            _parts(found, old, new, _info)
        case "tags":
            _tags(found, old, new)
        case "x-documents":
            _parts(found, old, new, _page)
        case "externalDocs":
            found.emit("external-docs-changed", old, new, TOLD_IN_HTTP, "Only people read it.")
        case "jsonSchemaDialect":
            usual = all(at is None or at.value == _DIALECT for at in (old, new))
            words = "It names the rules by which schemas are read."
            found.emit("dialect-changed", old, new, Verdicts() if usual else TOLD_IN_HTTP, words)
        case "webhooks":
            found.emit("webhooks-changed", old, new, offered(old, new), OFFERED)
        case _ if key.startswith("x-"):
            found.emit("extension-changed", old, new, TOLD_IN_HTTP, EXTENSION)
        case _:
            found.unjudged(old, new, f"no rule knows {key} of a document")


def _parts(found: Collector, old: At | None, new: At | None, rule: Any) -> None:
    if old is None or new is None or not is_object(old.value) or not is_object(new.value):
        found.unjudged(old, new, "it is missing, or is no object")
        return
    for key, one, other in found.members(old, new):
        if one is None or other is None or stable(one.value) != stable(other.value):
            rule(found, key, one, other)


def _info(found: Collector, key: str, old: At | None, new: At | None) -> None:
    known = {"title", "summary", "description", "termsOfService", "contact", "license", "version"}
    if key == "version":
        found.emit("contract-version-changed", old, new, TOLD_IN_HTTP, "It is the version of the contract.")
    elif key in known:
        found.emit("info-changed", old, new, TOLD_IN_HTTP, "Only people read it.")
    else:
        found.unjudged(old, new, f"no rule knows {key} of info")


def _page(found: Collector, key: str, old: At | None, new: At | None) -> None:
    """Judge a page that statements come from: that it came or went, and each thing said of it."""
    words = f"{key} is a page that statements come from."
    if old is None or new is None:
        found.emit(f"document-{'added' if old is None else 'removed'}", old, new, TOLD_IN_HTTP, words)
    elif not is_object(old.value) or not is_object(new.value):
        found.unjudged(old, new, "a page is no object of file, model, about and waived")
    else:
        _parts(found, old, new, _page_part)


def _page_part(found: Collector, key: str, old: At | None, new: At | None) -> None:
    if key in {"file", "model", "about"}:
        words = "What is said of a page that statements come from; the statements are the same."
        found.emit("document-changed", old, new, TOLD_IN_HTTP, words)
    elif key == "waived":
        words = "These lines of a page are said to state nothing, or no longer."
        sides = [at if at is not None and is_object(at.value) else None for at in (old, new)]
        if sides[0] is not None and sides[1] is not None:
            for _, one, other in found.members(sides[0], sides[1]):
                if one is None or other is None or stable(one.value) != stable(other.value):
                    found.emit("waiver-changed", one, other, TOLD_IN_HTTP, words)
        else:
            found.emit("waiver-changed", old, new, TOLD_IN_HTTP, words)
    else:
        found.unjudged(old, new, f"no rule knows {key} of a page")


def _tags(found: Collector, old: At | None, new: At | None) -> None:
    """Judge the list of tags by name; its order has no meaning."""
    lists = [at.value if at is not None and is_list(at.value) else [] for at in (old, new)]
    sides: list[dict[str, At]] = []
    for document, at, values in zip((found.old, found.new), (old, new), lists, strict=True):
        entries = [document.child(at, index) for index in range(len(values))] if at is not None else []
        sides.append({str(one.value.get("name")) if is_object(one.value) else str(one.value): one for one in entries})
    for name in {**sides[0], **sides[1]}:
        one, other = sides[0].get(name), sides[1].get(name)
        if one is None or other is None or stable(one.value) != stable(other.value):
            found.emit("tag-changed", one, other, TOLD_IN_HTTP, "Only people read it.")
