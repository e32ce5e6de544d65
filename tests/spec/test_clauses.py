"""Test that every constraint has a clause, and every clause a constraint, by an independent walk of the document."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from segmind_ltx_spec import Clause, Contract, SpecError, clauses, clauses_by_id, contract_of
from segmind_ltx_spec.__main__ import main
from segmind_ltx_spec.clauses import CLAUSES_PATH
from support.clause_walk import faults, places, uncovered

Json = dict[str, Any]


def test_every_constraint_has_clause(contract: Contract) -> None:
    """Every constraint, status and header of the document has a clause."""
    assert uncovered(contract.document, clauses()) == set()


def test_clauses_are_sound(contract: Contract) -> None:
    """No clause has a fault: ids, pointers, grades, documents, models and statements are valid."""
    assert faults(contract, clauses()) == []


def test_walk_finds_known_places(contract: Contract) -> None:
    """The walk finds more than 300 places, with known ones among them; an empty walk would pass every test."""
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
    "a field of a response": lambda d: _schema(d, "JobResult")["properties"].update(size={"type": "integer"}),
    "a keyword of a response": lambda d: _schema(d, "JobMetrics")["properties"]["cost"].update(maximum=9),
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
    "a form of a response": lambda d: d["components"]["responses"]["NotFound"].update(
        content={"text/csv": {"schema": {"type": "string"}}}
    ),
    "a rule of the video": lambda d: _schema(d, "Ltx2ProRequest")["x-model"]["video"].update(codec={"value": "h264"}),
    "a security scheme": lambda d: d["components"]["securitySchemes"].update(other={"type": "http"}),
}


@pytest.mark.parametrize("addition", ADDITIONS)
def test_addition_without_clause_is_found(document: Json, addition: str) -> None:
    """If anything is added to the document without a clause, the check finds it."""
    given = clauses()
    ADDITIONS[addition](document)
    assert uncovered(document, given)


@pytest.mark.parametrize(
    "name", ["ltx-2-pro.duration.enum", "ltx-video.image.null", "v2.status.410", "job.completed-has-output"]
)
def test_removed_clause_is_found(contract: Contract, name: str) -> None:
    """If the only clause of a place is removed, the check finds it."""
    assert uncovered(contract.document, [clause for clause in clauses() if clause.id != name])


SPOILT: dict[str, Callable[[Clause], Clause]] = {
    "twice": lambda clause: evolve(clause, id="ltx-video.v1"),
    "leads nowhere": lambda clause: evolve(clause, pointers=("#/components/schemas/Nobody",)),
    "no pointer": lambda clause: evolve(clause, pointers=()),
    "unknown grade": lambda clause: evolve(clause, grade="X"),
    "wrong document": lambda clause: evolve(clause, grade="D", documents=("the vendor's page on errors",)),
    "not a sentence": lambda clause: evolve(clause, statement=""),
    "not an id": lambda clause: evolve(clause, id="Job states"),
    "unknown model": lambda clause: evolve(clause, models=("ltx-3",)),
    "named twice": lambda clause: evolve(clause, models=("ltx-2-pro", "ltx-2-pro")),
    "no kind": lambda clause: evolve(clause, kind=""),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_faulty_clause_is_found(contract: Contract, fault: str) -> None:
    """If a clause has a fault, the check names it."""
    *others, last = clauses()
    assert any(fault in found for found in faults(contract, [*others, SPOILT[fault](last)]))


@pytest.mark.parametrize(("grade", "documents", "note"), [("P", ("003",), None), ("P", (), None), ("I", (), None)])
def test_grade_needs_its_source(contract: Contract, grade: str, documents: tuple[str, ...], note: str | None) -> None:
    """A clause graded P needs a document other than the five pages; one graded I needs a note."""
    *others, last = clauses()
    spoilt = evolve(last, grade=grade, documents=documents, note=note)
    assert any("wrong document" in found for found in faults(contract, [*others, spoilt]))


def test_handwritten_ids_are_unique() -> None:
    """No id is written twice; a YAML reader would silently keep the last of two."""
    names = re.findall(r"^  ([\w.-]+):$", CLAUSES_PATH.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(names) == len(set(names)) > 40
    assert set(names) <= set(clauses_by_id())


def test_duplicate_generated_id_is_refused(document: Json) -> None:
    """If two generated clauses have the same id, an error names it."""
    parameter = {"type": "string", "x-source": {"grade": "I", "note": "made up"}}
    # The clause of the keyword `const.type` and the type clause of the parameter `a.const` would have one id.
    properties = _schema(document, "Ltx2ProRequest")["properties"]
    properties.update({"a": {**parameter, "const": "b"}, "a.const": dict(parameter)})
    properties["a"]["const.type"] = 1
    with pytest.raises(SpecError, match=r"two clauses are called ltx-2-pro\.a\.const\.type"):
        clauses(contract_of(document))


def test_sixth_model_has_clauses(document: Json) -> None:
    """If a model is added with new keywords, it has clauses without any code."""
    source = {"grade": "D", "documents": ["000:59 prompt"]}
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
    assert '"^[A-Z]"' in by_id["nova.prompt.pattern"].statement
    assert "0" in by_id["nova.zoom.exclusiveMinimum"].statement
    assert by_id["nova.zoom.null"].models == ("nova",)
    assert "nova" in by_id["job.failed-is-422"].models
    assert "nova" in by_id["v2.status.400"].models
    assert set(clauses_by_id()) < set(by_id)


@pytest.mark.parametrize(
    ("name", "grade", "words"),
    [
        ("ltx-2-pro.duration.enum", "D", ("ltx-2-pro", "duration", "6, 8, 10")),
        ("ltx-video.aspect_ratio.enum-inferred", "I", ("aspect_ratio", '"9:21", "16:9", "21:9"')),
        ("ltx-2-19b-i2v.image.required", "D", ("ltx-2-19b-i2v", "image", "must")),
        ("ltx-2-fast.image.null", "D", ("image", "null")),
        ("ltx-2-fast.image.type", "D", ("image", "string")),
        ("ltx-2-19b-t2v.fps.maximum", "D", ("fps", "30")),
        ("ltx-2-fast.v2", "P", ("POST /v2/ltx-2-fast",)),
        ("ltx-2-pro.v2", "D", ("POST /v2/ltx-2-pro",)),
        ("ltx-2-19b-i2v.v2", "D", ("POST /v2/ltx-2-19b-i2v",)),
        ("ltx-2-pro.video.size", "I", ()),
        ("v1.status.410", "P", ()),
        ("poll.status.422", "P", ()),
        ("job.failed-is-422", "D", ()),
        ("billing.no-idempotency", "P", ()),
    ],
)
def test_clause_grade_and_words(name: str, grade: str, words: tuple[str, ...]) -> None:
    """A clause has the expected grade, and its statement the expected names and values."""
    clause = clauses_by_id()[name]
    assert clause.grade == grade
    assert [word for word in words if word not in clause.statement] == []


def test_command_prints_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the clauses as a table or as JSON, filtered by grade and model."""
    assert main(["--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in printed] == [clause.id for clause in clauses()]
    assert main(["--grade", "I", "--model", "ltx-video"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:2] == ["ltx-video.prompt.not-null", "I"]
    assert table[-1] == f"{len(table) - 1} clauses"
    assert main(["--model", "nobody"]) == 1


def test_command_runs_as_module() -> None:
    """``python -m segmind_ltx_spec`` prints the clauses."""
    done = subprocess.run([sys.executable, "-m", "segmind_ltx_spec"], capture_output=True, text=True, check=True)
    assert "job.failed-is-422" in done.stdout
