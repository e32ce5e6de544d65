"""The loader says where a document is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_spec import Contract, Source, SpecError, contract_of, load, read_document

Json = dict[str, Any]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_model_without_a_path(document: Json, version: str) -> None:
    del document["paths"][f"/{version}/ltx-2-pro"]
    with pytest.raises(SpecError, match=f"#/components/schemas/Ltx2ProRequest: no POST path under {version}"):
        contract_of(document)


def test_a_model_without_any_path(document: Json) -> None:
    del document["paths"]["/v1/ltx-2-pro"], document["paths"]["/v2/ltx-2-pro"]
    with pytest.raises(SpecError, match="no POST path under v1, v2"):
        contract_of(document)


@pytest.mark.parametrize("source", [None, "D", {}, {"grade": "X"}, {"document": "000_25a457b2e54be73d.txt"}])
def test_an_operation_without_a_grade(document: Json, source: object) -> None:
    document["paths"]["/v2/ltx-2-pro"]["post"]["x-source"] = source
    with pytest.raises(SpecError, match="POST /v2/ltx-2-pro: x-source needs a grade of D, P or I"):
        contract_of(document)


@pytest.mark.parametrize("grade", ["D", "P"])
def test_a_grade_without_its_document(grade: str) -> None:
    with pytest.raises(SpecError, match=f"here: grade {grade} needs the name of a document"):
        Source.of({"x-source": {"grade": grade}}, "here")
    assert Source.of({"x-source": {"grade": "I", "note": "guessed"}}, "here") == Source("I", None, "guessed")


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
def test_a_dangling_pointer(contract: Contract, pointer: str, missing: str) -> None:
    with pytest.raises(SpecError, match=f"nothing stands at {missing}"):
        contract.at(pointer)


def test_a_pointer_follows_references(contract: Contract) -> None:
    place = "#/paths/~1v2~1ltx-2-pro/post/requestBody/content/application~1json/schema/properties/duration/enum"
    assert contract.at(place) == [6, 8, 10]
    assert contract.at("#") is contract.document


def test_a_file_that_is_no_document(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_text("- 1\n", encoding="utf-8")
    with pytest.raises(SpecError, match="not an OpenAPI document"):
        read_document(path)


def test_the_shipped_document_is_read_once_and_copies_are_fresh() -> None:
    assert load() is load()
    assert read_document() == load().document
    assert read_document() is not load().document


def test_an_inline_request_body_is_understood(document: Json, contract: Contract) -> None:
    operation = document["paths"]["/v1/ltx-2-pro"]["post"]
    operation["requestBody"] = document["components"]["requestBodies"]["Ltx2Pro"]
    assert contract_of(document).models == contract.models
