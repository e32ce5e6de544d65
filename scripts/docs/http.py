"""The HTTP reference: a page of all operations, and Swagger UI with the contract in it, which sends nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final, cast

from docs.words import graded, plain, source_words, table
from segmind_ltx_spec import Contract, Source, SpecError

VIEWER: Final = "http/viewer.html"
SWAGGER: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt")
"""The vendored files of Swagger UI that the viewer needs or its licence asks for."""

VIEWER_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>HTTP reference: segmind-ltx</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="swagger-ui/swagger-ui.css">
<link rel="stylesheet" href="viewer.css">
</head>
<body>
<p class="bar"><a href="../reference/http.html">segmind-ltx</a> The contract, to read. This page sends no requests.</p>
<div id="reference"></div>
<noscript>This page needs JavaScript. The contract as data: <a href="openapi.json">openapi.json</a>.</noscript>
<script src="swagger-ui/swagger-ui-bundle.js"></script>
<script src="contract.js"></script>
<script src="viewer.js"></script>
</body>
</html>
"""


def http_page(contract: Contract) -> str:
    """Return the page of all operations; each operation id is an anchor."""
    parts = [
        "# HTTP reference",
        f"The contract is an OpenAPI 3.1 document. [Open it in Swagger UI](../{VIEWER}), where every statement shows "
        "its grade and source, or take it as data: [openapi.json](../http/openapi.json). Both work without a network, "
        "and the viewer sends no requests.",
    ]
    operations = list(contract.operations())
    rows = [[f"[`{m.upper()} {path}`](#{op['operationId']})", plain(op["summary"])] for path, m, op in operations]
    parts.append(table(["operation", "what it does"], rows))
    parts.extend(_section(contract, path, method, operation) for path, method, operation in operations)
    return "\n\n".join(parts) + "\n"


def _section(contract: Contract, path: str, method: str, operation: dict[str, Any]) -> str:
    statuses: list[list[str]] = []
    for status, response in operation["responses"].items():
        held = contract.at(response["$ref"]) if "$ref" in response else response
        statuses.append([status, plain(" ".join(held["description"].split()))])
    return "\n\n".join(
        [
            f"## `{method.upper()} {path}` {{ #{operation['operationId']} }}",
            f"{plain(operation['summary'])}. {plain(operation['description'])}"
            + (" **Deprecated.**" if operation.get("deprecated") else ""),
            f"{graded(contract, Source.of(operation, path))}.",
            f"[In Swagger UI](../{VIEWER}#/{operation['tags'][0]}/{operation['operationId']})",
            table(["status", "meaning"], statuses),
        ]
    )


def viewer_files(contract: Contract) -> dict[str, str]:
    """Return the files of the viewer, by their path in the site; Swagger UI itself is not among them."""
    document = json.dumps(inlined(with_sources(contract)), ensure_ascii=False)
    script = document.replace("</", "<\\/")  # As the contract is part of a script, no text in it may end one.
    return {
        VIEWER: VIEWER_PAGE,
        # A page that is opened from a folder may not read a file beside it, but it may run one.
        "http/contract.js": f"window.contract = {script};\n",
        "http/openapi.json": json.dumps(contract.document, ensure_ascii=False, indent=2) + "\n",
    }


def with_sources(contract: Contract) -> dict[str, Any]:
    """Return the document with grade and source at the end of each description, since no viewer shows x-source."""
    document = deepcopy(contract.document)
    _add_sources(contract, document, set())
    return document


def inlined(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without references, which Swagger UI cannot follow in a page that is opened from a folder."""

    def inline(node: Any, above: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [inline(one, above) for one in cast("Sequence[Any]", node)]
        if not isinstance(node, dict):
            return node
        held = cast("dict[str, Any]", node)
        reference = held.get("$ref")
        if isinstance(reference, str) and reference not in above:  # One that leads to itself stays.
            beside = {key: value for key, value in held.items() if key != "$ref"}
            return inline({**whole.at(reference), **beside}, (*above, reference))
        return {key: inline(value, above) for key, value in held.items()}

    whole = Contract(document, {})
    result: dict[str, Any] = inline(document, ())
    return result


def _add_sources(contract: Contract, node: Any, done: set[int]) -> None:
    if isinstance(node, list):
        for one in cast("Sequence[Any]", node):
            _add_sources(contract, one, done)
    if not isinstance(node, dict):
        return
    held = cast("dict[str, Any]", node)
    if id(held) in done:  # YAML anchors make one object stand at several places.
        return
    done.add(id(held))
    for value in held.values():
        _add_sources(contract, value, done)
    if "x-source" in held and isinstance(held.get("description"), str):
        try:
            source = Source.of(held, "#")
        except SpecError:
            return
        words = source_words(contract, source.documents, source.claims, source.note)
        said = " ".join(held["description"].split())
        held["description"] = f"{said} *[{source.grade}: {words}.]*"
