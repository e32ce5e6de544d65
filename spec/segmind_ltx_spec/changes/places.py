"""Which clauses a place of the document belongs to, without asking the loader whether the document is a good one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from segmind_ltx_spec.changes.document import CLAUSES_FILE, Document, escape, is_list, is_object, unescape

_DEPTH: Final = 2
"""Steps below the place of a hand-written clause that still count as its place."""


def clauses_at(document: Document, pointer: str) -> list[str]:
    """Return the ids of the clauses that a place belongs to, the most specific one first.

    A hand-written clause follows the derived ones: it rests on a place, but seldom on every keyword there.
    """
    if pointer.startswith(f"{CLAUSES_FILE}#/"):
        parts = pointer.split("/")
        return [unescape(parts[2])] if len(parts) > 2 else []
    parts = [unescape(part) for part in pointer.split("/")[1:]]
    derived = list(dict.fromkeys(_derived(document, parts)))
    written = [name for name, places in _written(document).items() if any(_near(pointer, place) for place in places)]
    return [*derived, *(name for name in written if name not in derived)]


def written_at(document: Document, pointer: str) -> list[str]:
    """Return the hand-written clauses that name a place itself, or something below it."""
    places = _written(document).items()
    return [name for name, some in places if any(one == pointer or one.startswith(f"{pointer}/") for one in some)]


def derived_at(document: Document, pointer: str) -> list[str]:
    """Return the ids of the clauses that the loader would derive from a place."""
    if pointer.startswith(CLAUSES_FILE):
        return clauses_at(document, pointer)
    return list(dict.fromkeys(_derived(document, [unescape(part) for part in pointer.split("/")[1:]])))


def _written(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in document.written.values():
        for name, entry in cast("dict[str, Any]", group).items():
            places = entry.get("at") if is_object(entry) else None
            found[name] = [one for one in places if isinstance(one, str)] if is_list(places) else []
    return found


def _near(pointer: str, place: str) -> bool:
    if pointer == place or place.startswith(f"{pointer}/"):
        return True
    parent = pointer.rpartition("/")[0]
    if parent.endswith("/content") and parent == place.rpartition("/")[0]:
        return True  # Another media type beside the one that a clause names.
    return pointer.startswith(f"{place}/") and pointer[len(place) :].count("/") <= _DEPTH


def _derived(document: Document, parts: list[str]) -> Iterator[str]:
    match parts:
        case ["components", "schemas", name, *rest]:
            schema = document.find(f"#/components/schemas/{escape(name)}")
            if schema is None or not is_object(schema.value):
                return
            model = schema.value.get("x-model")
            slug = model.get("slug") if is_object(model) else None
            yield from _of_request(str(slug), schema.value, rest) if slug else _of_answer(name, schema.value, rest)
        case ["components", "responses", name, "headers", header, *_]:
            yield f"{_kebab(name)}.{header}"
        case ["components", "responses", name, *rest]:
            if not rest or rest[0] in {"content", "description"}:
                yield from _statuses(document, name)
        case ["components", "headers", name, *_]:
            yield from _headers(document, name)
        case ["components", "parameters", name, *_]:
            parameter = document.find(f"#/components/parameters/{escape(name)}")
            if parameter is not None and is_object(parameter.value):
                yield f"path.{parameter.value.get('name')}"
        case ["components", "requestBodies", name, *_]:
            yield from (f"{slug}.body" for slug in _slugs_of_body(document, name))
        case ["security", *_] | ["paths", _, _, "security", *_]:
            yield "auth.key-in-header"
        case ["paths", path, _, *rest]:
            yield from _of_operation(document, path, rest)
        case _:
            pass


def _of_request(slug: str, schema: Mapping[str, Any], rest: list[str]) -> Iterator[str]:
    match rest:
        case ["properties", name]:
            required = name in (schema.get("required") or [])
            yield f"{slug}.{name}.{'required' if required else 'optional'}"
        case ["properties", name, keyword, *more]:
            parameter = schema.get("properties", {}).get(name, {})
            kinds = parameter.get("type") if is_object(parameter) else None
            if (
                keyword == "type"
                and more
                and is_list(kinds)
                and more[0] == str(kinds.index("null") if "null" in kinds else -1)
            ):
                yield f"{slug}.{name}.null"
            elif keyword == "enum" and more and _is_inferred(parameter, more[0]):
                yield f"{slug}.{name}.enum-inferred"
            elif keyword not in {"description", "title", "x-source", "example", "examples", "deprecated"}:
                yield f"{slug}.{name}.{keyword}"
            if keyword == "type" and kinds is not None and "null" not in kinds:
                yield f"{slug}.{name}.not-null"
            yield from _of_request(slug, schema, ["properties", name])
        case ["required", index]:
            names: list[Any] = schema.get("required") or []
            if index.isdigit() and int(index) < len(names):
                yield f"{slug}.{names[int(index)]}.required"
        case ["x-model", "video", part, *_]:
            yield f"{slug}.video.{part}"
        case ["type", *_] | ["additionalProperties", *_] | []:
            yield f"{slug}.body"
        case _:
            pass


def _is_inferred(parameter: Mapping[str, Any], index: str) -> bool:
    values, source = parameter.get("enum"), parameter.get("x-source")
    inferred = source.get("inferred") if is_object(source) else None
    if not is_list(values) or not is_list(inferred) or not index.isdigit():
        return False
    return int(index) < len(values) and values[int(index)] in inferred


def _of_answer(name: str, schema: Mapping[str, Any], rest: list[str]) -> Iterator[str]:
    prefix = _kebab(name)
    match rest:
        case ["properties", field, *_]:
            yield f"{prefix}.{field}"
            if field in (schema.get("required") or []) and len(rest) == 2:
                yield f"{prefix}.{field}.required"
        case ["required", index]:
            names: list[Any] = schema.get("required") or []
            if index.isdigit() and int(index) < len(names):
                yield f"{prefix}.{names[int(index)]}.required"
        case _:
            yield prefix


def _of_operation(document: Document, path: str, rest: list[str]) -> Iterator[str]:
    slug = _slug_of_path(document, path)
    version = path.split("/")[1] if path.count("/") else path
    kind = version if slug else _read_kind(path)
    if rest[:2] == ["responses", "default"]:
        return  # It allows every other status, so no clause rests on it.
    if rest[:1] == ["responses"] and len(rest) > 1:
        yield f"{kind}.status.{rest[1]}"
        if len(rest) > 3 and rest[2] == "headers":
            yield f"{kind}.{rest[3]}"
        return
    if rest[:1] == ["requestBody"] and slug:
        yield f"{slug}.body"
        return
    yield f"{slug}.{version}" if slug else f"{kind}.route"


def _read_kind(path: str) -> str:
    """The kind of an operation that reads a job, as the loader names it."""
    return "alias" if path.startswith("/v1/") else "poll" if path.endswith("/status") else "result"


def _slug_of_path(document: Document, path: str) -> str | None:
    """The model whose request a path takes."""
    for name, slug in _slugs(document):
        for at in (document.find(f"#/paths/{escape(path)}/post/requestBody"),):
            if at is None:
                continue
            body = document.follow(at).value
            text = str(body)
            if f"#/components/schemas/{name}'" in text:
                return slug
    return None


def _slugs(document: Document) -> Iterator[tuple[str, str]]:
    at = document.find("#/components/schemas")
    for name, schema in document.children(at) if at is not None else ():
        model = schema.value.get("x-model") if is_object(schema.value) else None
        if is_object(model) and "slug" in model:
            yield name, str(model["slug"])


def _slugs_of_body(document: Document, body: str) -> Iterator[str]:
    at = document.find(f"#/components/requestBodies/{escape(body)}")
    for name, slug in _slugs(document):
        if at is not None and f"#/components/schemas/{name}'" in str(at.value):
            yield slug


def _statuses(document: Document, component: str) -> Iterator[str]:
    """The clauses of the statuses that a response component answers."""
    reference = f"#/components/responses/{escape(component)}"
    for path, item in document.api["paths"].items():
        for operation in item.values() if is_object(item) else ():
            answers = operation.get("responses") if is_object(operation) else None
            for status, answer in answers.items() if is_object(answers) else ():
                if is_object(answer) and answer.get("$ref") == reference:
                    yield from _of_operation(document, path, ["responses", status])


def _headers(document: Document, component: str) -> Iterator[str]:
    reference = f"#/components/headers/{escape(component)}"
    at = document.find("#/components/responses")
    for name, response in document.children(at) if at is not None else ():
        headers = response.value.get("headers") if is_object(response.value) else None
        for header, one in headers.items() if is_object(headers) else ():
            if is_object(one) and one.get("$ref") == reference:
                yield f"{_kebab(name)}.{header}"


def _kebab(name: str) -> str:
    return re.sub(r"(?<=.)(?=[A-Z])", "-", name).lower()
