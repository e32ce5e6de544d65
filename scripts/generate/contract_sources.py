"""Check who says what: each statement and each clause has a source of a known grade and known pages."""

from __future__ import annotations

from typing import cast

from generate.contract_rules import SCHEMAS, Found, Json, escaped, models_of
from segmind_ltx_spec import SpecError, contract_of
from segmind_ltx_spec.contract import Source


def of_sources(document: Json) -> Found:
    """Check that each statement has a source, of a known grade and from known pages."""
    pages = document.get("x-documents", {})
    if unread := list(_pages(pages)):
        yield from unread
        return
    for name, schema in models_of(document):
        place = f"{SCHEMAS}/{name}"
        about: Json = schema["x-model"]
        rules: Json = about.get("video") or {}
        wanted: list[tuple[str, object]] = [(place, schema)]
        wanted += [(f"{place}/x-model/{part}", about.get(part)) for part in ("latency", "price")]
        wanted += [(f"{place}/x-model/video/{part}", one) for part, one in rules.items()]
        wanted += [(f"{place}/properties/{escaped(key)}", one) for key, one in schema["properties"].items()]
        for pointer, node in wanted:
            if isinstance(node, dict) and "x-source" not in node:
                yield pointer, "no source; add an x-source with a grade of D, P or I (see the head of the file)"
    yield from _sources_below(document, "#", cast("Json", pages))


def _sources_below(node: object, place: str, pages: Json) -> Found:
    if isinstance(node, dict):
        table = cast("Json", node)
        if "x-source" in table:
            yield from _source(table, place, pages)
        for key, value in table.items():
            if key not in {"x-source", "example", "examples", "default", "enum"}:
                yield from _sources_below(value, f"{place}/{escaped(key)}", pages)
    elif isinstance(node, list):
        for index, value in enumerate(cast("list[object]", node)):
            yield from _sources_below(value, f"{place}/{index}", pages)


def _pages(pages: object) -> Found:
    if not isinstance(pages, dict):
        yield "#/x-documents", f"an object of pages is needed, not {pages!r}"
        return
    for name, page in cast("Json", pages).items():
        for key in ("file", "model", "about"):
            if not isinstance(page, dict) or not isinstance(cast("Json", page).get(key), str):
                yield f"#/x-documents/{escaped(name)}", f"a page needs {key}, a text"


def _source(node: Json, place: str, pages: Json) -> Found:
    try:
        source = Source.of(node, place)
    except SpecError as error:
        yield f"{place}/x-source", str(error).removeprefix(f"{place}: ")
        return
    for value in node["x-source"].get("inferred", []):
        if value not in node.get("enum", []):
            yield f"{place}/x-source/inferred", f"{value!r} is not a value of the enum"
    for claim in source.claims:
        if claim.page not in pages:
            yield f"{place}/x-source", f"{claim} names an unknown page; there are {', '.join(pages)} (x-documents)"


def of_clauses(document: Json, written: Json) -> Found:
    """Check the clauses that are written by hand: their sources, models and pointers."""
    contract = contract_of(document)
    for kind, entries in written.items():
        if not isinstance(entries, dict):
            yield f"#/{kind}", f"an object of clauses is needed, not {entries!r}"
            continue
        for name, entry in cast("Json", entries).items():
            place = f"#/{kind}/{escaped(name)}"
            clause: Json = cast("Json", entry) if isinstance(entry, dict) else {}
            if not isinstance(clause.get("statement"), str) or not clause.get("at"):
                yield place, "a clause needs a statement, a grade, and `at`, the pointers that it rests on"
                continue
            for pointer, words in _source({"x-source": clause}, place, document.get("x-documents", {})):
                yield pointer.removesuffix("/x-source"), words
            for model in clause.get("models", []):
                if model not in contract.models:
                    yield f"{place}/models", f"there is no model {model!r}; there are {', '.join(contract.models)}"
            for index, pointer in enumerate(clause["at"]):
                try:
                    contract.at(pointer)
                except SpecError as error:
                    yield f"{place}/at/{index}", f"it points to nothing: {error}"
