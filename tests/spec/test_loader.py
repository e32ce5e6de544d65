"""Test that the loader names the place of an error in a document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_spec import Contract, Source, SpecError, contract_of, load, read_document

Json = dict[str, Any]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_model_without_path_is_refused(document: Json, version: str) -> None:
    """If a model has no path under a version, the error names both."""
    del document["paths"][f"/{version}/ltx-2-pro"]
    with pytest.raises(SpecError, match=f"#/components/schemas/Ltx2ProRequest: no POST path under {version}"):
        contract_of(document)


def test_model_without_any_path_is_refused(document: Json) -> None:
    """If a model has no path at all, the error names both versions."""
    del document["paths"]["/v1/ltx-2-pro"], document["paths"]["/v2/ltx-2-pro"]
    with pytest.raises(SpecError, match="no POST path under v1, v2"):
        contract_of(document)


@pytest.mark.parametrize("source", [None, "D", {}, {"grade": "X"}, {"documents": ["000:59 prompt"]}])
def test_operation_without_grade_is_refused(document: Json, source: object) -> None:
    """If the source of an operation has no valid grade, the error names the operation."""
    document["paths"]["/v2/ltx-2-pro"]["post"]["x-source"] = source
    with pytest.raises(SpecError, match="POST /v2/ltx-2-pro: x-source needs a grade of D, P or I"):
        contract_of(document)


@pytest.mark.parametrize("grade", ["D", "P"])
def test_grade_without_document_is_refused(grade: str) -> None:
    """Grades D and P need a document; grade I needs none."""
    with pytest.raises(SpecError, match=f"here: grade {grade} needs"):
        Source.of({"x-source": {"grade": grade}}, "here")
    assert Source.of({"x-source": {"grade": "I", "note": "guessed"}}, "here") == Source("I", (), "guessed")


@pytest.mark.parametrize(
    ("pointer", "missing"),
    [
        ("#/components/schemas/Nobody", "'Nobody'"),
        ("#/components/schemas/Ltx2ProRequest/required/9", "'9'"),
        ("#/components/schemas/Ltx2ProRequest/required/first", "'first'"),
        ("#/components/schemas/Ltx2ProRequest/title/0", "'0'"),
        ("#/paths/~1v3~1ltx-2-pro", "'~1v3~1ltx-2-pro'"),
    ],
)
def test_dangling_pointer_is_refused(contract: Contract, pointer: str, missing: str) -> None:
    """If a pointer leads nowhere, the error names the part that is missing."""
    with pytest.raises(SpecError, match=f"nothing stands at {missing}"):
        contract.at(pointer)


def test_pointer_follows_references(contract: Contract) -> None:
    """A pointer follows the references on its way."""
    place = "#/paths/~1v2~1ltx-2-pro/post/requestBody/content/application~1json/schema/properties/duration/enum"
    assert contract.at(place) == [6, 8, 10]
    assert contract.at("#") is contract.document


def test_file_without_document_is_refused(tmp_path: Path) -> None:
    """If a file is not an OpenAPI document, the error says so."""
    path = tmp_path / "list.yaml"
    path.write_text("- 1\n", encoding="utf-8")
    with pytest.raises(SpecError, match="not an OpenAPI document"):
        read_document(path)


def test_load_caches_and_read_copies() -> None:
    """`load` returns the same contract each time, `read_document` a new copy."""
    assert load() is load()
    assert read_document() == load().document
    assert read_document() is not load().document


def test_inline_request_body_is_read(document: Json, contract: Contract) -> None:
    """A request body may be inline instead of a reference."""
    operation = document["paths"]["/v1/ltx-2-pro"]["post"]
    operation["requestBody"] = document["components"]["requestBodies"]["Ltx2Pro"]
    assert contract_of(document).models == contract.models
