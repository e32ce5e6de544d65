"""Test that everything in the document names its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from segmind_ltx_spec import Contract, Source

Json = dict[str, Any]


def stated(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield each node that needs a source, with its place. References are followed."""
    components: Json = document["components"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation
            for status, response in operation["responses"].items():
                yield f"{method.upper()} {path} {status}", _target(document, response)
    for section in ("parameters", "headers", "responses", "securitySchemes", "schemas"):
        for name, node in components[section].items():
            yield f"{section} {name}", node
    for name, response in components["responses"].items():
        for header, node in response.get("headers", {}).items():
            yield f"{name} {header}", _target(document, node)
    for name, schema in components["schemas"].items():
        for field, node in schema["properties"].items():
            yield f"{name}.{field}", _target(document, node)
        about: Json = schema.get("x-model", {})
        for part in ("latency", "price"):
            if about:
                yield f"{name} {part}", about[part]
        for part, rule in about.get("video", {}).items():
            yield f"{name} video.{part}", rule


def _target(document: Json, node: Json) -> Json:
    while "$ref" in node:
        reference: str = node["$ref"]
        node = document
        for part in reference.split("/")[1:]:
            node = node[part]
    return node


def unsourced(document: Json) -> list[str]:
    """Return the places without a source, or with an invalid one."""
    pages = set(document["x-documents"])
    found: list[str] = []
    for place, node in stated(document):
        source: Json = node.get("x-source", {})
        documents: list[str] = source.get("documents", [])
        own = [one for one in documents if re.match(r"\d{3}:\d+(-\d+)? .", one) and one[:3] in pages]
        fine = {
            "D": bool(documents) and own == documents,
            "P": len(own) < len(documents),
            "I": bool(source.get("note")),
        }
        if not fine.get(source.get("grade", ""), False):
            found.append(place)
    return found


def test_every_node_has_source(contract: Contract) -> None:
    """Every node that states something has a valid source."""
    assert unsourced(contract.document) == []
    assert sum(1 for _ in stated(contract.document)) > 250


@pytest.mark.parametrize(
    "wrong", [{}, {"grade": "X"}, {"grade": "D", "documents": ["page six"]}, {"grade": "P"}, {"grade": "I"}]
)
def test_missing_source_is_found(contract: Contract, wrong: Json) -> None:
    """If the source of any node is missing or wrong, the check finds it."""
    document = json.loads(json.dumps(contract.document))  # Through JSON, since YAML anchors share nodes.
    for place, node in stated(document):
        right, node["x-source"] = node["x-source"], wrong
        assert place in unsourced(document)
        node["x-source"] = right


def test_documents_are_the_five_pages(contract: Contract) -> None:
    """The documents are the five pages, and no others."""
    assert {page.id: page.file for page in contract.pages.values()} == {
        "000": "000_25a457b2e54be73d.txt",
        "001": "001_61b12219727d27b2.txt",
        "002": "002_282e4e62dc4952ea.txt",
        "003": "003_7bab7b41f9556d7c.txt",
        "004": "004_4f8adca3a78dacc5.txt",
    }


def test_parameters_name_their_own_page(contract: Contract) -> None:
    """Every parameter that is graded D on a model with a page rests on the page of that model alone."""
    checked = 0
    for page in contract.pages.values():
        for name, schema in contract.models[page.model].parameters.items():
            if schema["x-source"]["grade"] == "D":
                assert Source.of(schema, name).documents == (page.id,), (page.model, name)
                checked += 1
    assert checked >= 36
