"""No constraint without a clause and no clause that rests on nothing, by a walk that shares no code with either."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pytest
from attrs import evolve
from jsonschema import Draft202012Validator

from segmind_ltx_spec import Clause, Contract, SpecError, clauses, clauses_by_id, contract_of
from segmind_ltx_spec.__main__ import main
from segmind_ltx_spec.clauses import CLAUSES_PATH

Json = dict[str, Any]

APPLICATORS = {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "properties", "items", "prefixItems"}
"""Keywords that hold schemas: what is inside them counts, not they."""

KEYWORDS = {*Draft202012Validator.VALIDATORS, "default"} - APPLICATORS
"""Everything by which JSON Schema can refuse a value; `required` is a keyword of parameters and bodies, too."""

NAMED = frozenset({"properties", "headers", "content", "responses"})
"""Objects whose keys are names and not keywords."""

SILENT = frozenset({"example", "examples", "links", "description", "title", "summary"})
"""Keywords that constrain nothing."""


def constraints(node: Any, at: str, *, named: bool = False) -> Iterator[str]:
    """The pointer of every constraint under a node, single entries where a list holds separate rules."""
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
        elif key in KEYWORDS and not (key == "additionalProperties" and value is True):  # True constrains nothing.
            yield here
            if key == "type" and "null" in value:
                yield f"{here}/{value.index('null')}"
            if key == "enum":
                yield from (f"{here}/{value.index(one)}" for one in items.get("x-source", {}).get("inferred", []))
        elif not key.startswith("x-") and key not in SILENT:
            yield from constraints(value, here, named=key in NAMED)


def places(document: Json) -> set[str]:
    """All that must have a clause: constraints, operations, statuses, headers, rules of a video, security schemes."""
    components: Json = document["components"]
    found = {f"#/components/securitySchemes/{name}" for name in components["securitySchemes"]}
    for section in ("schemas", "parameters", "headers", "requestBodies", "responses"):
        found.update(constraints(components[section], f"#/components/{section}", named=True))
    for path, item in document["paths"].items():
        escaped = f"#/paths/{path.replace('/', '~1')}"
        found.update(constraints(item, escaped))
        for method, operation in item.items():
            found.add(f"{escaped}/{method}")
            found.update(f"{escaped}/{method}/responses/{status}" for status in operation["responses"])
    for name, response in components["responses"].items():
        found.update(f"#/components/responses/{name}/headers/{header}" for header in response.get("headers", {}))
    for name, schema in components["schemas"].items():
        found.update(
            f"#/components/schemas/{name}/x-model/video/{part}" for part in schema.get("x-model", {}).get("video", {})
        )
    return found


def canonical(document: Json, pointer: str) -> str:
    """The same place by its shortest name: references on the way are replaced by what they name."""
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
    """The places that no clause rests on."""
    covered = {canonical(document, pointer) for clause in given for pointer in clause.pointers}
    return places(document) - covered


def faults(contract: Contract, given: Sequence[Clause]) -> list[str]:
    """What is wrong with a list of clauses in itself."""
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
            "D": clause.document in pages,
            "P": bool(clause.document) and clause.document not in pages,
            "I": bool(clause.note) and clause.document in {None, *pages},
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


def test_every_constraint_status_and_header_has_a_clause(contract: Contract) -> None:
    assert uncovered(contract.document, clauses()) == set()


def test_every_clause_is_sound(contract: Contract) -> None:
    assert faults(contract, clauses()) == []


def test_the_walk_sees_what_there_is(contract: Contract) -> None:
    """A walk that finds nothing would pass; these are known to be there."""
    found = places(contract.document)
    schemas = "#/components/schemas"
    assert len(found) > 300
    assert found >= {
        f"{schemas}/Ltx2ProRequest/properties/duration/enum",
        f"{schemas}/Ltx2ProRequest/required/0",
        f"{schemas}/LtxVideoRequest/properties/image/type/1",
        f"{schemas}/LtxVideoRequest/properties/aspect_ratio/enum/12",
        f"{schemas}/JobResult/then/required/0",
        "#/components/headers/Cost/schema/minimum",
        "#/components/parameters/RequestId/schema/minLength",
        "#/components/responses/BadGateway/content/text~1html/schema/type",
        "#/components/responses/RateLimited/headers/x-rate-limit-reset-at-utc",
        "#/paths/~1v2~1ltx-2-fast/post/responses/410",
    }


def _schema(document: Json, name: str) -> Json:
    schema: Json = document["components"]["schemas"][name]
    return schema


ADDITIONS: dict[str, Callable[[Json], Any]] = {
    "a keyword of a parameter": lambda d: _schema(d, "Ltx2ProRequest")["properties"]["prompt"].update(maxLength=5),
    "a parameter": lambda d: _schema(d, "Ltx2ProRequest")["properties"].update(zoom={"type": "number"}),
    "a required parameter": lambda d: _schema(d, "Ltx2ProRequest")["required"].append("image"),
    "a null": lambda d: _schema(d, "Ltx2ProRequest")["properties"]["image"].update(type=["string", "null"]),
    "an inferred value": lambda d: _schema(d, "LtxVideoRequest")["properties"]["aspect_ratio"]["x-source"].update(
        inferred=["1:1"]
    ),
    "a closed body": lambda d: _schema(d, "Ltx2ProRequest").update(additionalProperties=False),
    "a field of an answer": lambda d: _schema(d, "JobResult")["properties"].update(size={"type": "integer"}),
    "a keyword of an answer": lambda d: _schema(d, "JobMetrics")["properties"]["cost"].update(maximum=9),
    "a required field": lambda d: _schema(d, "JobResult")["required"].append("metrics"),
    "a field required on a condition": lambda d: _schema(d, "JobResult")["then"]["required"].append("video"),
    "a required header": lambda d: d["components"]["headers"]["Cost"].update(required=True),
    "a header": lambda d: d["components"]["responses"]["NotFound"].update(headers={"retry-after": {}}),
    "a keyword of the id": lambda d: d["components"]["parameters"]["RequestId"]["schema"].update(format="uuid"),
    "a status": lambda d: d["paths"]["/v2/requests/{request_id}"]["get"]["responses"].update({"418": {}}),
    "an operation": lambda d: d["paths"]["/v2/requests/{request_id}"].update(delete={"responses": {}}),
    "a parameter of an operation": lambda d: d["paths"]["/v1/ltx-2-pro"]["post"].update(
        parameters=[{"name": "n", "in": "query", "schema": {"type": "string"}}]
    ),
    "a form of an answer": lambda d: d["components"]["responses"]["NotFound"].update(
        content={"text/csv": {"schema": {"type": "string"}}}
    ),
    "a rule of the video": lambda d: _schema(d, "Ltx2ProRequest")["x-model"]["video"].update(codec={"value": "h264"}),
    "a security scheme": lambda d: d["components"]["securitySchemes"].update(other={"type": "http"}),
}


@pytest.mark.parametrize("addition", ADDITIONS)
def test_an_addition_without_a_clause_is_found(document: Json, addition: str) -> None:
    given = clauses()
    ADDITIONS[addition](document)
    assert uncovered(document, given)


@pytest.mark.parametrize(
    "name", ["ltx-2-pro.duration.enum", "ltx-video.image.null", "v2.status.410", "job.completed-has-output"]
)
def test_a_clause_that_goes_leaves_a_hole(contract: Contract, name: str) -> None:
    """Exactly one where it is alone in resting on its place."""
    assert uncovered(contract.document, [clause for clause in clauses() if clause.id != name])


SPOILT: dict[str, Callable[[Clause], Clause]] = {
    "twice": lambda clause: evolve(clause, id="ltx-video.v1"),
    "leads nowhere": lambda clause: evolve(clause, pointers=("#/components/schemas/Nobody",)),
    "no pointer": lambda clause: evolve(clause, pointers=()),
    "unknown grade": lambda clause: evolve(clause, grade="X"),
    "wrong document": lambda clause: evolve(clause, grade="D", document="the vendor's page on errors"),
    "not a sentence": lambda clause: evolve(clause, statement=""),
    "not an id": lambda clause: evolve(clause, id="Job states"),
    "unknown model": lambda clause: evolve(clause, models=("ltx-3",)),
    "named twice": lambda clause: evolve(clause, models=("ltx-2-pro", "ltx-2-pro")),
    "no kind": lambda clause: evolve(clause, kind=""),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_a_spoilt_clause_is_found(contract: Contract, fault: str) -> None:
    *others, last = clauses()
    assert any(fault in found for found in faults(contract, [*others, SPOILT[fault](last)]))


@pytest.mark.parametrize(
    ("grade", "document", "note"), [("P", "003_7bab7b41f9556d7c.txt", None), ("P", None, None), ("I", None, None)]
)
def test_a_grade_needs_its_kind_of_source(
    contract: Contract, grade: str, document: str | None, note: str | None
) -> None:
    """P is not one of the five pages; I has its reason written down."""
    *others, last = clauses()
    spoilt = evolve(last, grade=grade, document=document, note=note)
    assert any("wrong document" in found for found in faults(contract, [*others, spoilt]))


def test_a_hand_written_id_stands_once() -> None:
    """A YAML reader would silently keep the last of two."""
    names = re.findall(r"^  ([\w.-]+):$", CLAUSES_PATH.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(names) == len(set(names)) > 40
    assert set(names) <= set(clauses_by_id())


def test_two_clauses_of_one_name_are_refused(document: Json) -> None:
    parameter = {"type": "string", "x-source": {"grade": "I", "note": "made up"}}
    # Its `optional` clause and the type clause of a parameter called `a.optional` would be one.
    properties = _schema(document, "Ltx2ProRequest")["properties"]
    properties.update({"a": {**parameter, "const": "b"}, "a.const": dict(parameter)})
    properties["a"]["const.type"] = 1
    with pytest.raises(SpecError, match=r"two clauses are called ltx-2-pro\.a\.const\.type"):
        clauses(contract_of(document))


def test_a_sixth_model_brings_its_clauses_without_code(document: Json) -> None:
    """With keywords that none of the five uses."""
    source = {"grade": "D", "document": "000_25a457b2e54be73d.txt"}
    about = _schema(document, "Ltx2ProRequest")["x-model"]
    document["components"]["schemas"]["NovaRequest"] = {
        "type": "object",
        "required": ["prompt"],
        "x-source": source,
        "x-model": {**about, "slug": "nova"},
        "properties": {
            "prompt": {"type": "string", "maxLength": 99, "pattern": "^[A-Z]", "x-source": source},
            "zoom": {"type": ["number", "null"], "exclusiveMinimum": 0, "multipleOf": 0.5, "x-source": source},
        },
    }
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NovaRequest"}}}}
    for version in ("v1", "v2"):
        operation = document["paths"][f"/{version}/ltx-2-pro"]["post"]
        document["paths"][f"/{version}/nova"] = {"post": {**operation, "requestBody": body}}
    contract = contract_of(document)
    given = clauses(contract)
    assert uncovered(document, given) == set()
    assert faults(contract, given) == []
    by_id = {clause.id: clause for clause in given}
    assert by_id["nova.prompt.pattern"].statement == 'nova: prompt matches "^[A-Z]".'
    assert by_id["nova.zoom.exclusiveMinimum"].statement == "nova: zoom is more than 0."
    assert by_id["nova.zoom.null"].models == ("nova",)
    assert "nova" in by_id["job.failed-is-422"].models
    assert "nova" in by_id["v2.status.400"].models
    assert set(clauses_by_id()) < set(by_id)


@pytest.mark.parametrize(
    ("name", "grade", "statement"),
    [
        ("ltx-2-pro.duration.enum", "D", "ltx-2-pro: duration is one of 6, 8, 10."),
        ("ltx-video.aspect_ratio.enum-inferred", "I", 'ltx-video: aspect_ratio may also be "9:21", "16:9", "21:9".'),
        ("ltx-2-19b-i2v.image.required", "D", "ltx-2-19b-i2v: image must be given."),
        ("ltx-2-fast.image.null", "D", "ltx-2-fast: image may be null."),
        ("ltx-2-fast.image.type", "D", "ltx-2-fast: image is a string."),
        ("ltx-2-19b-t2v.fps.maximum", "D", "ltx-2-19b-t2v: fps is at most 30."),
        ("ltx-2-fast.v2", "P", "POST /v2/ltx-2-fast exists."),
        ("ltx-2-pro.v2", "D", "POST /v2/ltx-2-pro exists."),
        ("ltx-2-19b-i2v.v2", "D", "POST /v2/ltx-2-19b-i2v exists."),
        ("ltx-2-pro.video.size", "I", None),
        ("v1.status.410", "P", None),
        ("poll.status.422", "D", None),
        ("job.failed-is-422", "D", None),
        ("billing.no-idempotency", "P", None),
    ],
)
def test_a_clause_reads_like_this(name: str, grade: str, statement: str | None) -> None:
    clause = clauses_by_id()[name]
    assert clause.grade == grade
    assert statement in {None, clause.statement}


def test_the_command_prints_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in printed] == [clause.id for clause in clauses()]
    assert main(["--grade", "I", "--model", "ltx-video"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:2] == ["ltx-video.aspect_ratio.enum-inferred", "I"]
    assert table[-1] == f"{len(table) - 1} clauses"
    assert main(["--model", "nobody"]) == 1


def test_the_command_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "segmind_ltx_spec"], capture_output=True, text=True, check=True)
    assert "job.failed-is-422" in done.stdout
