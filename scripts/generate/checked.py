"""Read the contract for the generator, with every problem told as one line that names its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from openapi_python_client.schema import OpenAPI
from pydantic import ValidationError

from generate.contract_check import Problem, problems, read
from generate.regenerate import GenerationError, lenient_view, unfolded
from segmind_ltx_spec import OPENAPI_PATH, Contract, contract_of, read_document
from segmind_ltx_spec.clauses import CLAUSES_PATH

_OPERATION: Final = re.compile(r"(?P<method>GET|POST|PUT|PATCH|DELETE) (?P<path>/\S*)")
_NOISE: Final = ("Generating ", "Warning(s) encountered", "If you believe this was a mistake")
"""Lines of the generator that say nothing about the contract."""


class BadContractError(ValueError):
    """The contract cannot be used; the message has a line for each problem."""


def read_checked(openapi: Path = OPENAPI_PATH, written_clauses: Path = CLAUSES_PATH) -> Contract:
    """Return the contract. Raises `BadContractError` if a file is not YAML, or says what cannot be generated."""
    if lines := problems(openapi, written_clauses) or list(_refused_by_generator(openapi)):
        raise BadContractError("\n".join(lines))
    return contract_of(read_document(openapi))


def _refused_by_generator(openapi: Path) -> Iterator[str]:
    """Yield what the generator's own model of OpenAPI refuses; its output names no lines."""
    document, lines = read(openapi)
    yield from lines
    if document is None:
        return
    plain = unfolded(document.value)
    for name, schema in plain["components"]["schemas"].items():
        for parameter, one in schema["properties"].items() if "x-model" in schema else ():
            if "type" not in one:
                pointer = f"#/components/schemas/{name}/properties/{parameter}"
                words = "a parameter needs a type; of anyOf and oneOf, only one form and null can be generated"
                yield document.told(Problem(pointer, words))
                return
    try:
        OpenAPI.model_validate(lenient_view(plain))
    except ValidationError as error:
        # A union yields an error for each of its members: keep those that lead deepest.
        found = [(tuple(map(str, one["loc"])), one["msg"]) for one in error.errors()]
        deepest = max(len(document.known(place)) for place, _ in found)
        kept = {document.known(place): words for place, words in found if len(document.known(place)) == deepest}
        for place, words in kept.items():
            pointer = "/".join(["#", *(part.replace("~", "~0").replace("/", "~1") for part in place)])
            yield document.told(Problem(pointer, f"the generator refuses this: {words}"))


def told_of_generator(error: GenerationError, openapi: Path = OPENAPI_PATH) -> str:
    """Return the generator's output as one line, with the place if it names an operation."""
    kept = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith(_NOISE)]
    words = " ".join(kept[1:])  # The first is the command.
    found, (document, _) = _OPERATION.search(words), read(openapi)
    pointer = "#"
    if found:
        escaped = found["path"].replace("~", "~0").replace("/", "~1")
        pointer = f"#/paths/{escaped}/{found['method'].lower()}"
    said = f"the generator refuses this: {words[:600]}"
    return document.told(Problem(pointer, said)) if document else said
