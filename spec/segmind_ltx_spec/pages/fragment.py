"""Make of a page what the contract needs for a new model: schema, paths, request body, and open questions."""

from __future__ import annotations

import copy
import re
from typing import Any, Final

import yaml
from attrs import frozen

from segmind_ltx_spec.contract import Json
from segmind_ltx_spec.pages.page import Page, PageParameter
from segmind_ltx_spec.pages.questions import questions
from segmind_ltx_spec.parameter_names import objection

_PART: Final = re.compile(r"[A-Za-z0-9]+")
_TYPE: Final = re.compile(r"(?P<base>\w+)(?P<list>\[\])?(?: \((?P<format>[\w-]+)\))?")
_TYPES: Final = {"string", "integer", "number", "boolean"}


class FragmentError(Exception):
    """The page cannot become a model of this document; the message says why."""


@frozen
class Fragment:
    """The parts of a new model, each with its place in the document, and what a person should know of them."""

    slug: str
    schema_name: str
    schema: Json
    body_name: str
    body: Json
    paths: dict[str, Json]
    documents: dict[str, Json]
    notes: tuple[str, ...]

    def document(self) -> Json:
        """Return the parts as a document that holds nothing else."""
        return {
            "x-documents": self.documents,
            "paths": self.paths,
            "components": {"requestBodies": {self.body_name: self.body}, "schemas": {self.schema_name: self.schema}},
        }


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out each time: aliases between the parts of a fragment would help nobody."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name is PyYAML's
        return True


def fragment_text(fragment: Fragment) -> str:
    """Return the parts as YAML, below comments that say what a person should know of them."""
    head = "".join(f"# {note}\n" for note in fragment.notes)
    return head + yaml.dump(fragment.document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def make_fragment(page: Page, file_name: str, document: Json) -> Fragment:
    """Make the parts of a new model from a page.

    ``file_name`` is the page's name in ``x-documents``; its sources name it by the next free number. The
    responses are those that the models of ``document`` share.
    Raises `FragmentError` if the page cannot be read, is cut, or is of a model that ``document`` has.
    """
    if page.unreadable is not None or page.parameters is None:
        raise FragmentError(f"{file_name}: {page.unreadable}")
    if not page.table_complete:
        raise FragmentError(f"{file_name}: the saved copy ends in line {page.last_line}, within the parameters")
    if page.v1 is None or not page.slug:
        raise FragmentError(f"{file_name}: {page.endpoint} is no v1 endpoint of a model")
    slug, page_id = page.slug, _next_id(document)
    title = pascal(slug)
    schemas: Json = document["components"]["schemas"]
    if any(schema.get("x-model", {}).get("slug") == slug for schema in schemas.values()):
        raise FragmentError(f"{file_name}: the contract has {slug} already; compare them with `page check`")
    taken = {*schemas, *document["components"]["requestBodies"]} & {f"{title}Request", title}
    if taken:
        raise FragmentError(f"{file_name}: the contract has another {', '.join(sorted(taken))}")
    return Fragment(
        slug=slug,
        schema_name=f"{title}Request",
        schema=_schema(page, f"{title}Request", page_id),
        body_name=title,
        body=_body(page, f"{title}Request"),
        paths=_paths(page, title, page_id, document),
        documents={
            page_id: {"file": file_name, "model": slug, "about": f"Describes {'v1 and v2' if page.v2 else 'v1 only'}."}
        },
        notes=tuple(_notes(page)),
    )


def pascal(slug: str) -> str:
    """Return a slug as the names of schemas are written: ``ltx-2-19b-t2v`` is ``Ltx219BT2V``."""
    parts: list[str] = _PART.findall(slug)
    return "".join(part.upper() if re.search(r"\d", part) else part.capitalize() for part in parts)


def _schema(page: Page, title: str, page_id: str) -> Json:
    parameters = page.parameters or {}
    source = _source(page_id, page.lines.get("v1"), page.v1 or "")
    shown = _title(page)
    return {
        "title": title,
        "description": f"Parameters of {page.slug}.",
        "type": "object",
        "required": [name for name, row in parameters.items() if row.required],
        "x-source": source,
        "x-questions": questions(page, parameters),
        "x-model": {
            "slug": page.slug,
            "title": shown,
            "summary": f"The video model {shown}.",
            "latency": _latency(page, page_id),
            "price": _price(page, page_id),
            "video": dict.fromkeys(("size", "frames", "fps", "sound")),
        },
        "properties": {name: _property(row, page_id) for name, row in parameters.items()},
    }


def _title(page: Page) -> str:
    return re.sub(r" Serverless API$", "", page.title or "") or str(page.slug)


def _source(page_id: str, line: int | None, quote: str) -> Json:
    """A source of grade D. A person replaces the line if the page did not give it away."""
    return {"grade": "D", "documents": [f"{page_id}:{line or 1} {quote}"]}


def _next_id(document: Json) -> str:
    """The first number that no page of the contract has."""
    taken = {int(one) for one in document.get("x-documents", {}) if str(one).isdecimal()}
    return f"{next(number for number in range(1000) if number not in taken):03}"


def _latency(page: Page, page_id: str) -> Json | None:
    if page.latency_seconds is None:
        return None
    return {
        "seconds": page.latency_seconds,
        "x-source": _source(page_id, page.lines.get("latency"), f"{page.latency_seconds:g}"),
    }


def _price(page: Page, page_id: str) -> Json | None:
    if page.price is None:
        return None
    numbers = [float(one) for one in re.findall(r"\d+(?:\.\d+)?", page.price)]
    return {
        "usd_low": numbers[0],
        "usd_high": numbers[-1],
        "x-source": _source(page_id, page.lines.get("price"), page.price),
    }


def _property(row: PageParameter, page_id: str) -> Json:
    found = _TYPE.fullmatch(row.type or "string")
    base = found["base"] if found else "string"
    schema: Json = {"type": "array", "items": {"type": base}} if found and found["list"] else {"type": base}
    if found and found["format"]:
        schema["format"] = found["format"]
    schema["description"] = f"{row.name.replace('_', ' ').capitalize()}."
    facts = row.facts if row.state == "read" else {}
    if "allowed" in facts:
        schema["enum"] = list(facts["allowed"])
    low, high = facts.get("range", (None, None))
    schema.update({key: value for key, value in (("minimum", low), ("maximum", high)) if value is not None})
    if "default" in facts:
        schema["default"] = facts["default"]
        if facts["default"] is None:
            # The page prints null, so null is a value.
            schema["type"] = [schema["type"], "null"]
            if "enum" in schema:
                schema["enum"].append(None)
    return {**schema, "x-source": _source(page_id, row.line, row.name)}


def _body(page: Page, schema_name: str) -> Json:
    required = {name: row for name, row in (page.parameters or {}).items() if row.required}
    example = {"summary": "Only what is required", "value": {name: _value(row) for name, row in required.items()}}
    reference = {"$ref": f"#/components/schemas/{schema_name}"}
    content = {"application/json": {"schema": reference, "examples": {"shortest": example}}}
    return {"description": f"The parameters of {page.slug}.", "required": True, "content": content}


def _value(row: PageParameter) -> Any:
    """A value for the example, in our own words."""
    kind = row.type or "string"
    if "allowed" in row.facts:
        return row.facts["allowed"][0]
    if kind.endswith("[]") or kind == "array":
        return []
    if kind in {"integer", "number"}:
        return row.facts.get("default") or (row.facts.get("range") or [1])[0]
    if kind == "boolean":
        return True
    return "https://example.com/input.png" if "(uri)" in kind else "A paper boat drifts down a stream."


def _paths(page: Page, title: str, page_id: str, document: Json) -> dict[str, Json]:
    """The two routes, with the responses that the other models have."""
    identifier = re.sub(r"\W", "_", page.slug or "")
    known: dict[str, Json] = {}
    for path, item in document["paths"].items():
        if "post" in item:
            known.setdefault(path.split("/")[1], item["post"])
    inferred = {"grade": "I", "note": "The page names v1 alone; every other model of the contract has this route too."}
    queued = page.v2 or f"/v2/{page.slug}"
    routes = (
        ("v1", page.v1 or "", f"generate_{identifier}", f"Generate with {page.slug} and wait",
         "Blocks until the video has been made.", _source(page_id, page.lines.get("v1"), page.v1 or "")),
        ("v2", queued, f"submit_{identifier}", f"Submit a job to {page.slug}",
         "Accepts the job and returns its request id at once.",
         _source(page_id, page.lines.get("v2"), page.v2) if page.v2 else inferred),
    )  # fmt: skip
    return {
        path: {
            "post": {
                "operationId": operation,
                "tags": [version],
                "summary": summary,
                "description": description,
                "x-source": source,
                "requestBody": {"$ref": f"#/components/requestBodies/{title}"},
                "responses": copy.deepcopy(known[version]["responses"]),
            }
        }
        for version, path, operation, summary, description, source in routes
    }


def _notes(page: Page) -> list[str]:
    """What a person should know before the fragment goes into the contract."""
    found = [f"{name}: {why}" for name in page.parameters or {} if (why := objection(name))]
    if page.returns not in {None, "Video"}:
        found.append(f"the page says that the model returns {page.returns}; this project only has models of videos")
    for name, row in (page.parameters or {}).items():
        base = (row.type or "").partition(" ")[0]
        if base not in _TYPES:
            found.append(f"{name}: a parameter of type {row.type} has no option on the command line")
    found += [f"line {one.line} was not understood: {one.text}" for one in page.unread]
    return found if page.complete else [*found, f"the saved copy ends in line {page.last_line}"]
