"""List every rule that the documents state: derived from ``openapi.yaml``, or written by hand in ``clauses.yaml``.

Every constraint of ``openapi.yaml`` has a clause, and every clause points to a place in it; the tests check both.

A clause is an obligation or a permission, always seen from the server. That a parameter may be null or left out is an
obligation: a server has to accept both. A permission allows a server something that it need not do.

More than 250 lines, since each kind of clause is derived in the same way, and all are read together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from segmind_ltx_spec.contract import Claim, Contract, Json, Model, Source, SpecError, load
from segmind_ltx_spec.wording import phrase, text, video_rule
from segmind_ltx_spec.yaml_text import parse_yaml

CLAUSES_PATH: Final = Path(__file__).with_name("clauses.yaml")
"""The file with the hand-written clauses."""

ANNOTATIONS: Final = {"title", "description", "example", "examples", "deprecated", "$comment", "$ref"}
"""Keywords of a schema that do not constrain a value."""

NOT_NULL: Final = Source(
    "I",
    ("000", "002"),
    "The pages print 'string (uri)' and the default null for one parameter, so a printed type does not exclude null.",
)
"""The source of the rule that null is no value of a parameter for which no page prints null."""

CALLS: Final = {
    "v1": "blocking call",
    "v2": "submit",
    "poll": "poll",
    "result": "fetch of a result",
    "alias": "fetch of a result by its older address",
}
"""The kinds of operation, in words."""

OPTIONAL_STATUSES: Final = {"410": "a model may be retired; nobody can be asked to retire one"}
"""Statuses that a server may use and need not, and why."""
OPTIONAL_ON_READS: Final = "a key's scenario says what a POST gets; a GET with the same key may be answered otherwise"
SCENARIO_STATUSES: Final = frozenset({"403", "429", "500", "502", "504"})
"""Statuses that depend on the caller's account, or on a fault, rather than on the request."""
OPTIONAL_V2: Final = "the page describes v1 alone; a target need not offer v2 for this model"
INFERRED_VALUES: Final = "the values are inferred; a target may refuse them"


@frozen
class Clause:
    """One rule. ``pointers`` are the places of ``openapi.yaml`` that it rests on; grades as in `Source`.

    ``permission`` is None for an obligation. A permission cannot be broken; the text says why.
    """

    id: str
    kind: str
    grade: str
    documents: tuple[str, ...]
    statement: str
    models: tuple[str, ...]
    pointers: tuple[str, ...]
    note: str | None = None
    permission: str | None = None
    claims: tuple[Claim, ...] = ()


def clauses(contract: Contract | None = None) -> tuple[Clause, ...]:
    """Return all clauses of a contract, by default the shipped one. Raises `SpecError` if two have the same id."""
    return tuple(clauses_by_id(contract).values())


def clauses_by_id(contract: Contract | None = None) -> dict[str, Clause]:
    """Return the same clauses by id."""
    return dict(_shipped()) if contract is None or contract is load() else _collected(contract)


@cache
def _shipped() -> dict[str, Clause]:
    return _collected(load())


def _collected(contract: Contract) -> dict[str, Clause]:
    found: dict[str, Clause] = {}
    for clause in _all(contract):
        if clause.id in found:
            raise SpecError(f"two clauses are called {clause.id}")
        found[clause.id] = clause
    return found


def _all(contract: Contract) -> Iterator[Clause]:
    everyone = tuple(contract.models)
    for model in contract.models.values():
        yield from _of_model(contract, model)
    yield from _of_operations(contract, everyone)
    yield from _of_answers(contract, everyone)
    for kind, entries in _written().items():
        for name, entry in entries.items():
            source, models = Source.of({"x-source": entry}, name), tuple(entry.get("models", everyone))
            permission = entry.get("permission")
            yield _clause(name, kind, source, entry["statement"], models, *entry["at"], permission=permission)


def _clause(
    name: str,
    kind: str,
    source: Source,
    says: str,
    models: tuple[str, ...],
    *pointers: str,
    permission: str | None = None,
) -> Clause:
    note, claims = source.note, source.claims
    return Clause(name, kind, source.grade, source.documents, says, models, pointers, note, permission, claims)


def _of_model(contract: Contract, model: Model) -> Iterator[Clause]:
    slug, root, who = model.slug, f"#/components/schemas/{model.schema_name}", (model.slug,)
    for version, path in (("v1", model.v1), ("v2", model.v2)):
        place = f"{_paths(path)}/post"
        source = _source(contract, place)
        permission = OPTIONAL_V2 if version == "v2" and source.grade != "D" else None
        yield _clause(f"{slug}.{version}", "route", source, f"POST {path} exists.", who, place, permission=permission)
    bodies = [f"{_paths(path)}/post/requestBody" for path in (model.v1, model.v2)]
    at = [f"{root}/type", *(f"{body}/{part}" for body in bodies for part in ("required", "content"))]
    says = f"{slug}: the body is a JSON object, and must be there."
    yield _clause(f"{slug}.body", "payload", _source(contract, root), says, who, *at)
    required: list[str] = model.schema.get("required", [])
    for name in model.parameters:
        place, prefix = f"{root}/properties/{name}", f"{slug}.{name}"
        source = _source(contract, place)
        if name in required:
            rule, says, at = "required", "must be given", [f"{root}/required/{required.index(name)}"]
        else:
            rule, says, at = "optional", "may be left out", [place]
        rules = [(rule, source, says, at), *_rules(contract, place, source)]
        for rule, grade, says, at in rules:
            permission = INFERRED_VALUES if rule == "enum-inferred" else None
            says = f"{slug}: {name} {says}."
            yield _clause(f"{prefix}.{rule}", "payload", grade, says, who, *at, permission=permission)
    for part, rule in model.video.items():
        place = f"{root}/x-model/video/{part}"
        says = f"{slug}: {video_rule(part, rule)}."
        yield _clause(f"{slug}.video.{part}", "video", _source(contract, place), says, who, place)


def _rules(contract: Contract, place: str, source: Source) -> Iterator[tuple[str, Source, str, list[str]]]:
    """Yield the rules of one parameter: name, source, words and pointers of each."""
    schema = contract.at(place)
    for keyword, value in _constraints(schema).items():
        at = f"{place}/{keyword}"
        if keyword == "type" and "null" in value:
            yield "null", source, "may be null", [f"{at}/{value.index('null')}"]
            value = [one for one in value if one != "null"]
        inferred: list[Any] = schema["x-source"].get("inferred", []) if keyword == "enum" else []
        if inferred:
            own, places = evolve(source, grade="I"), [f"{at}/{value.index(one)}" for one in inferred]
            yield "enum-inferred", own, f"may also be {text(inferred)}", places
            value = [one for one in value if one not in inferred]
        yield keyword, source, phrase(keyword, value), [at]
        if keyword == "type" and "null" not in schema[keyword]:
            yield "not-null", NOT_NULL, "may not be null", [at]


def _of_operations(contract: Contract, everyone: tuple[str, ...]) -> Iterator[Clause]:
    """Yield a clause for each status of each kind of operation, and one for each way to read a job."""
    owners = {path: model.slug for model in contract.models.values() for path in (model.v1, model.v2)}
    places: dict[tuple[str, str], list[str]] = {}
    models: dict[tuple[str, str], list[str]] = {}
    for path, method, operation in contract.operations():
        kind = path.split("/")[1] if path in owners else _read_kind(path)
        place = f"{_paths(path)}/{method}"
        if path not in owners:
            says = f"{method.upper()} {path} exists: {operation['summary'].lower()}."
            yield _clause(f"{kind}.route", "route", _source(contract, place), says, everyone, place)
        for status in operation["responses"]:
            if status == "default":
                continue  # It allows every other status, so nothing can break it.
            places.setdefault((kind, status), []).append(f"{place}/responses/{status}")
            models.setdefault((kind, status), []).extend([owners[path]] if path in owners else everyone)
    for (kind, status), pointers in places.items():
        response = _follow(contract, pointers[0])
        first = " ".join(contract.at(response)["description"].split()).partition(". ")[0].rstrip(".")
        says = f"A {CALLS[kind]} may be answered with {status}: {first}."
        who = tuple(models[kind, status])
        name, source = f"{kind}.status.{status}", _source(contract, response)
        permission = OPTIONAL_STATUSES.get(status)
        if kind in {"poll", "result", "alias"} and status in SCENARIO_STATUSES:
            permission = OPTIONAL_ON_READS
        yield _clause(name, "status", source, says, who, *pointers, permission=permission)
    for name, parameter in contract.document["components"].get("parameters", {}).items():
        place, schema = f"#/components/parameters/{name}", parameter["schema"]
        says = f"{parameter['name']} {_in_words(schema)}."
        pointers = [place, f"{place}/required", *_pointers(f"{place}/schema", schema)]
        yield _clause(f"path.{parameter['name']}", "route", _source(contract, place), says, everyone, *pointers)


def _of_answers(contract: Contract, everyone: tuple[str, ...]) -> Iterator[Clause]:
    """Yield a clause for each field of a response and for each of its headers."""
    for title, schema in contract.document["components"]["schemas"].items():
        if "x-model" in schema:
            continue
        root, prefix = f"#/components/schemas/{title}", _kebab(title)
        source = _source(contract, root)
        yield _clause(prefix, "answer", source, f"{title} is an object.", everyone, f"{root}/type")
        for index, name in enumerate(schema.get("required", [])):
            says = f"{title} has {name}."
            yield _clause(f"{prefix}.{name}.required", "answer", source, says, everyone, f"{root}/required/{index}")
        for name, field in schema["properties"].items():
            place = f"{root}/properties/{name}"
            says = f"{title}: {name}, where present, {_in_words(field)}."
            pointers = [place, *_pointers(place, field)]
            yield _clause(f"{prefix}.{name}", "answer", _source(contract, place), says, everyone, *pointers)
    for title, response in contract.document["components"]["responses"].items():
        for name in response.get("headers", {}):
            place = f"#/components/responses/{title}/headers/{name}"
            target = _follow(contract, place)
            schema = contract.at(f"{target}/schema")
            says = f"{title}: the header {name}, where present, {_in_words(schema)}."
            pointers = [place, *_pointers(f"{target}/schema", schema)]
            yield _clause(f"{_kebab(title)}.{name}", "header", _source(contract, place), says, everyone, *pointers)


def _read_kind(path: str) -> str:
    return "alias" if path.startswith("/v1/") else "poll" if path.endswith("/status") else "result"


@cache
def _written() -> dict[str, dict[str, Json]]:
    """Return the hand-written clauses, by kind and id."""
    entries: dict[str, dict[str, Json]] = parse_yaml(CLAUSES_PATH.read_text(encoding="utf-8"))
    return entries


def _constraints(schema: Mapping[str, Any]) -> Json:
    return {key: value for key, value in schema.items() if key not in ANNOTATIONS and not key.startswith("x-")}


def _pointers(place: str, schema: Mapping[str, Any]) -> list[str]:
    return [f"{place}/{keyword}" for keyword in _constraints(schema)]


def _in_words(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return f"is as {schema['$ref'].rsplit('/', 1)[-1]}"
    return " and ".join(phrase(keyword, value) for keyword, value in _constraints(schema).items())


def _follow(contract: Contract, place: str) -> str:
    """Return ``place``, or the place that it refers to if it holds a reference."""
    node = contract.at(place)
    return _follow(contract, node["$ref"]) if "$ref" in node else place


def _source(contract: Contract, place: str) -> Source:
    return Source.of(contract.at(_follow(contract, place)), place)


def _paths(path: str) -> str:
    return "#/paths/" + path.replace("~", "~0").replace("/", "~1")


def _kebab(name: str) -> str:
    return re.sub(r"(?<=.)(?=[A-Z])", "-", name).lower()
