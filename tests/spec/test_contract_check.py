"""Damage the contract at one place: one line says what is wrong, with file, line and pointer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from segmind_ltx_spec import OPENAPI_PATH
from segmind_ltx_spec.clauses import CLAUSES_PATH

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from generate.contract_check import problems

OPENAPI, CLAUSES = OPENAPI_PATH.read_text(encoding="utf-8"), CLAUSES_PATH.read_text(encoding="utf-8")
STEPS = "        steps:\n          type: integer"
RANGE = "minimum: 1\n          maximum: 50"
TYPE = "type: integer\n          description: Number of"
ROUTE = "      x-source: {grade: D, documents: ['003:38 POST']}\n"
SOURCE = "          x-source: {grade: D, documents: ['000:66-67 steps']}\n"
AT = "#/components/schemas/LtxVideoRequest"
DAMAGES = {
    "no-source": (SOURCE, "", f"{AT}/properties/steps: no source"),
    "grade-x": (SOURCE, SOURCE.replace("D,", "X,"), f"{AT}/properties/steps/x-source: x-source needs a grade"),
    "unknown-page": ("['000:66-67 steps']", "['009:66-67 steps']", "009:66-67 names an unknown page; there are 000"),
    "no-source-of-route": (
        "      x-source: {grade: D, documents: ['003:38 POST']}\n",
        "",
        "~1v1~1ltx-2-pro/post: x-source",
    ),
    "page-without-file": ("file: 000_25a457b2e54be73d.txt", "fil: x", "#/x-documents/000: a page needs file"),
    "inferred-no-value": ("inferred: ['9:21',", "inferred: ['9:22',", "'9:22' is not a value of the enum"),
    "rule-for-nothing": (
        "parameter: length,",
        "parameter: lenght,",
        "a rule for 'lenght', which is no parameter",
    ),
    "side-for-nothing": ("side: target_size", "side: size", "video/size/side: a rule for 'size'"),
    "unknown-rule": ("rule: mean-side", "rule: mean", "video/size: no rule of this form is known"),
    "size-without-value": (", 4k: [3840, 2160]}", "}", "no size for the value '4k' of resolution"),
    "required-nothing": ("required: [prompt]", "required: [promt]", "required/0: 'promt', which is no parameter"),
    "minimum-above": (
        RANGE,
        RANGE.replace("1", "60"),
        "steps/minimum: minimum 60",
    ),
    "exclusive-above": (
        RANGE,
        RANGE.replace("minimum: 1", "exclusiveMinimum: 50"),
        "exclusiveMinimum 50 leaves no value below maximum 50",
    ),
    "default-outside": ("default: 30\n", "default: 51\n", "steps/default: the default is not a value that is allowed"),
    "value-of-other-type": ("enum: [97,", "enum: ['97',", "length/enum/0: this value is not allowed"),
    "no-type": (
        "type: integer\n          description: Number of",
        "type: intger\n          description: Number of",
        "no type",
    ),
    "bound-no-number": (
        RANGE,
        RANGE.replace("1", "one"),
        "steps/minimum: 'one'",
    ),
    "no-description": ("          description: Number of steps.\n", "", "steps: a parameter needs a description"),
    "slug-twice": ("slug: ltx-2-pro", "slug: ltx-2-fast", "ltx-2-fast is the slug of Ltx2FastRequest already"),
    "slug-missing": ("        slug: ltx-2-pro\n", "", "x-model/slug: a text is needed"),
    "slug-no-path": ("slug: ltx-2-pro", "slug: LTX 2", "'LTX 2' cannot be part of a path"),
    "price-falls": ("usd_low: 0.057", "usd_low: 5", "usd_low 5 is above usd_high 0.057"),
    "client-s-name": (STEPS, STEPS.replace("steps", "timeout"), "timeout is a name that the client"),
    "command-line-s-name": (STEPS, STEPS.replace("steps", "force"), "force is a name that the command line"),
    "keyword": (STEPS, STEPS.replace("steps", "from"), "from is a keyword"),
    "camel-case": (STEPS, STEPS.replace("steps", "maxSteps"), "maxSteps is no lower-case Python name"),
    "key-twice": (STEPS, STEPS.replace("steps", "cfg"), "properties/cfg: this key is given twice"),
    "operation-twice": ("operationId: generate_ltx_2_pro", "operationId: generate_ltx_2_fast", "is the name of POST"),
    "reference-to-nothing": (
        "responses/VideoMade'}",
        "responses/VideoMad'}",
        "200/$ref: it refers to nothing",
    ),
    "no-route": ("  /v2/ltx-2-pro:\n", "  /v3/ltx-2-pro:\n", "no POST path under v2"),
    "tab": ("        slug: ltx-2-pro\n", "\tslug: ltx-2-pro\n", ":1: this is not YAML: "),
    "unclosed": ("required: [prompt]", "required: [prompt", "this is not YAML: while parsing a flow sequence"),
    "no-paths": ("paths:\n", "paths: ~\npaths_:\n", "#/paths: an object is needed, not None"),
}
IN_CLAUSES = {
    "clause-grade": ("    grade: D\n", "    grade: X\n", "x-source needs a grade of D, P or I, not 'X'"),
    "clause-pointer": ("securitySchemes/apiKey'", "securitySchemes/apiK'", "at/0: it points to nothing"),
    "clause-page": ("'000:8 ", "'010:8 ", "010:8 names an unknown page"),
    "clause-yaml": ("statement: The acc", "statement: [The acc", "this is not YAML"),
}


def found(folder: Path, openapi: str = OPENAPI, clauses: str = CLAUSES) -> list[str]:
    """Return the problems of two texts."""
    (folder / "openapi.yaml").write_text(openapi, encoding="utf-8")
    (folder / "clauses.yaml").write_text(clauses, encoding="utf-8")
    return problems(folder / "openapi.yaml", folder / "clauses.yaml")


def test_contract_as_shipped_has_no_problem(tmp_path: Path) -> None:
    """The contract as it is passes."""
    assert found(tmp_path) == []


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_one_line_with_its_place(tmp_path: Path, name: str) -> None:
    """The first line names file and line, and what is wrong; the line is near the damage."""
    old, new, words = DAMAGES[name]
    assert old in OPENAPI
    first, *_ = found(tmp_path, openapi=OPENAPI.replace(old, new, 1))
    assert words in first
    assert "\n" not in first
    path, line, _ = first.split(":", 2)
    assert path.endswith("openapi.yaml")
    # A document that lacks something has the damage below the place that lacks it.
    assert int(line) > 1
    lines = OPENAPI[: OPENAPI.index(old)].count("\n") + 1
    assert abs(int(line) - lines) <= 12 or name in {"size-without-value", "no-route", "operation-twice", "no-paths"}


@pytest.mark.parametrize("name", IN_CLAUSES)
def test_damaged_clause_is_one_line(tmp_path: Path, name: str) -> None:
    """What is wrong in clauses.yaml is told in the same form."""
    old, new, words = IN_CLAUSES[name]
    assert old in CLAUSES
    first, *_ = found(tmp_path, clauses=CLAUSES.replace(old, new, 1))
    assert words in first
    assert first.split(":")[0].endswith("clauses.yaml")


@pytest.mark.parametrize("text", ["", "- 1\n", "7\n"])
def test_contract_that_is_no_object(tmp_path: Path, text: str) -> None:
    """A file that holds no object is refused, with its name."""
    (line,) = found(tmp_path, openapi=text)
    assert "openapi.yaml:1: it is not an object" in line


def test_contract_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is not there, or not UTF-8, is refused with its name."""
    (tmp_path / "clauses.yaml").write_bytes(b"\xff")
    assert "cannot be read" in problems(tmp_path / "none.yaml", tmp_path / "clauses.yaml")[0]
    assert "cannot be read" in problems(OPENAPI_PATH, tmp_path / "clauses.yaml")[0]
