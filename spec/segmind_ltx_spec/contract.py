"""The only loader of ``openapi.yaml``: the document, and the models that it describes.

A model is an entry in the document (a request schema that carries ``x-model``, and the paths whose body it is),
so that a sixth one needs no code here or in anything that reads the contract through this module.

More than 250 lines, since it is the only loader, so that no other module knows the form of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from attrs import field, frozen

from segmind_ltx_spec.yaml_text import parse_yaml

OPENAPI_PATH: Final = Path(__file__).with_name("openapi.yaml")
"""Where the hand-written document lies."""

Json = dict[str, Any]


class SpecError(ValueError):
    """The document is not one that this project can work with; the message names the place."""


_CLAIM: Final = re.compile(r"(?P<page>\d{3}):(?P<first>\d+)(?:-(?P<last>\d+))? (?P<quote>.+)")


@frozen
class Claim:
    """Some lines of one of the five pages; the first of them contains ``quote``. Lines count from 1."""

    page: str
    first: int
    last: int
    quote: str

    def __str__(self) -> str:
        lines = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.page}:{lines}"


@frozen
class Page:
    """One of the five pages. ``waived`` maps lines that say nothing about the API to the reason."""

    id: str
    file: str
    model: str
    about: str
    waived: Mapping[tuple[int, int], str] = field(repr=False)

    def __str__(self) -> str:
        return f"the page of {self.model}"


@frozen
class Source:
    """The source of a statement.

    ``grade`` is D (one of the five pages says so), P (other public pages or the SDK of the vendor say so) or
    I (inferred; ``note`` says why). ``documents`` names the pages: by id for the five, in words for others.
    ``claims`` are the lines of the five pages that it rests on.
    """

    grade: str
    documents: tuple[str, ...] = ()
    note: str | None = None
    claims: tuple[Claim, ...] = ()

    @classmethod
    def of(cls, node: Mapping[str, Any], place: str) -> Source:
        """Read a node's ``x-source``. Raises `SpecError` if it is missing, incomplete or of an unknown grade."""
        raw: Any = node.get("x-source")
        if not isinstance(raw, dict) or cast("Json", raw).get("grade") not in {"D", "P", "I"}:
            found = cast("Json", raw).get("grade") if isinstance(raw, dict) else raw
            raise SpecError(f"{place}: x-source needs a grade of D, P or I, not {found!r}")
        said = cast("Json", raw)
        named: Any = said.get("documents", [])
        if not isinstance(named, list) or not all(isinstance(one, str) for one in cast("list[object]", named)):
            raise SpecError(f"{place}: documents must be a list of texts, not {named!r}")
        claims, others = _claims(cast("list[str]", named), place)
        documents = (*dict.fromkeys(claim.page for claim in claims), *others)
        source = cls(said["grade"], documents, said.get("note"), claims)
        if source.grade == "D" and (not claims or others):
            raise SpecError(f"{place}: grade D needs lines of the five pages, such as '003:47-54 duration'")
        if source.grade == "P" and not others:
            raise SpecError(f"{place}: grade P needs another public page, in words")
        if source.grade == "I" and not source.note:
            raise SpecError(f"{place}: grade I needs a note that says why")
        return source


def _claims(named: list[str], place: str) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    claims: list[Claim] = []
    others: list[str] = []
    for text in named:
        found = _CLAIM.fullmatch(text)
        if found is None:
            others.append(text)
            continue
        first = int(found["first"])
        claim = Claim(found["page"], first, int(found["last"] or first), found["quote"])
        if not 0 < claim.first <= claim.last:
            raise SpecError(f"{place}: {text!r} names no lines")
        claims.append(claim)
    return tuple(claims), tuple(others)


@frozen
class Model:
    """One model, as its request schema and paths describe it. Times are in seconds, prices in USD."""

    slug: str
    title: str
    summary: str
    schema_name: str
    schema: Json = field(repr=False)
    seconds: float
    usd_low: float
    usd_high: float
    v1: str
    v2: str
    v2_source: Source

    @property
    def parameters(self) -> Json:
        """The schema of each parameter, by name, in the document's order."""
        properties: Json = self.schema["properties"]
        return properties

    @property
    def required(self) -> frozenset[str]:
        """The parameters that a request must have."""
        return frozenset(self.schema.get("required", ()))

    @property
    def defaults(self) -> Json:
        """What the service uses for a parameter that is left out."""
        return {name: schema["default"] for name, schema in self.parameters.items() if "default" in schema}

    @property
    def video(self) -> Json:
        """The rules by which a request determines its video (see `segmind_ltx_spec.video`)."""
        rules: Json = self.schema["x-model"]["video"]
        return rules


@frozen
class Contract:
    """The document and its models."""

    document: Json = field(repr=False)
    models: Mapping[str, Model]
    pages: Mapping[str, Page] = field(repr=False, factory=dict[str, Page])

    def words_for(self, document: str) -> str:
        """Return the name of a document for people: "the page of ltx-2-pro" for ``003``."""
        return str(self.pages.get(document, document))

    def at(self, pointer: str) -> Any:
        """What stands at a JSON pointer (``#/components/…``), references followed on the way.

        Raises `SpecError` if it leads nowhere.
        """
        node: Any = self.document
        for part in pointer.removeprefix("#").split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                node = _child(self.at(node["$ref"]) if "$ref" in node else node, key)
            except (KeyError, IndexError, ValueError, TypeError):
                raise SpecError(f"{pointer}: nothing stands at {part!r}") from None
        return node

    def operations(self) -> Iterator[tuple[str, str, Json]]:
        """Path, method and operation object of every operation, in the document's order."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method in {"get", "post", "put", "patch", "delete"}:
                    yield path, method, operation

    def body_schema_name(self, operation: Mapping[str, Any]) -> str | None:
        """Return the name of the schema of an operation's JSON body; None if it takes no body."""
        body = operation.get("requestBody")
        if body is None:
            return None
        body = self.at(body["$ref"]) if "$ref" in body else body
        try:
            reference: str = body["content"]["application/json"]["schema"]["$ref"]
        except (KeyError, TypeError):
            name = operation.get("operationId")
            raise SpecError(f"the body of {name} needs application/json with a reference to a schema") from None
        return reference.rsplit("/", 1)[-1]


def _child(node: Mapping[str, Any] | list[Any], key: str) -> Any:
    return node[int(key)] if isinstance(node, list) else node[key]


def contract_of(document: Json) -> Contract:
    """Read a parsed document. Raises `SpecError` if a model is incomplete."""
    contract = Contract(document, {}, _pages(document))
    posts: dict[str, dict[str, str]] = {}
    sources: dict[str, Source] = {}
    for path, method, operation in contract.operations():
        name = contract.body_schema_name(operation) if method == "post" else None
        if name is not None:
            version = path.split("/")[1]
            posts.setdefault(name, {})[version] = path
            sources[path] = Source.of(operation, f"{method.upper()} {path}")
    models: dict[str, Model] = {}
    for name, schema in document["components"]["schemas"].items():
        about = schema.get("x-model")
        if about is None:
            continue
        missing = {"v1", "v2"} - posts.get(name, {}).keys()
        if missing:
            raise SpecError(f"#/components/schemas/{name}: no POST path under {', '.join(sorted(missing))}")
        _refuse_unanswered(name, schema)
        v1, v2 = posts[name]["v1"], posts[name]["v2"]
        models[about["slug"]] = Model(
            slug=about["slug"],
            title=about["title"],
            summary=about["summary"],
            schema_name=name,
            schema=schema,
            seconds=float(about["latency"]["seconds"]),
            usd_low=float(about["price"]["usd_low"]),
            usd_high=float(about["price"]["usd_high"]),
            v1=v1,
            v2=v2,
            v2_source=sources[v2],
        )
    return Contract(document, models, contract.pages)


def _pages(document: Json) -> dict[str, Page]:
    raw: Any = document.get("x-documents", {})
    pages: dict[str, Page] = {}
    for name, entry in cast("dict[str, Json]", raw).items():
        waived = {_lines(lines, name): str(why) for lines, why in entry.get("waived", {}).items()}
        pages[name] = Page(name, entry["file"], entry["model"], " ".join(entry["about"].split()), waived)
    return pages


def _lines(text: str, page: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not first.isdecimal() or (last and not last.isdecimal()):
        raise SpecError(f"#/x-documents/{page}/waived: {text!r} names no lines")
    return int(first), int(last or first)


def _refuse_unanswered(name: str, schema: Json) -> None:
    """Raise `SpecError` if a schema that was made from a page still has open questions, or gaps in their place."""
    about: Json = schema["x-model"]
    video: Json = about.get("video") or {}
    places = {f"x-model/{part}": about.get(part) for part in ("latency", "price", "video")}
    places.update({f"x-model/video/{part}": rule for part, rule in video.items()})
    empty = [place for place, value in places.items() if value is None]
    open_questions: list[Json] = schema.get("x-questions") or []
    asked = [f"{question['at']}: {question['ask']}" for question in open_questions] or empty
    if asked:
        where = f"#/components/schemas/{name}"
        more = f" ({len(asked)} open in all)" if len(asked) > 1 else ""
        raise SpecError(f"{where} is not answered: {asked[0]}{more} Write the answers, and delete x-questions.")


def read_document(path: Path = OPENAPI_PATH) -> Json:
    """Parse the YAML document at ``path``; every call gives a fresh copy."""
    document = parse_yaml(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise SpecError(f"{path}: not an OpenAPI document")
    return cast("Json", document)


@cache
def load() -> Contract:
    """The contract as shipped. Read once; treat it as constant."""
    return contract_of(read_document())
