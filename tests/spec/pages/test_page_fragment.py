"""A page of a new model becomes a part of the contract, once a person has answered what no page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from segmind_ltx_spec import OPENAPI_PATH, Contract, SpecError, clauses, contract_of, expected_video, read_document
from segmind_ltx_spec.__main__ import main
from segmind_ltx_spec.contract import Source
from segmind_ltx_spec.pages import merge
from segmind_ltx_spec.pages.fragment import pascal
from segmind_ltx_spec.parameter_names import objection

from .printing import MadeUpModel, MadeUpRow, page

MODEL = MadeUpModel(
    price="$0.100 - $0.40 per generation",
    rows=(
        MadeUpRow("prompt", required=True),
        MadeUpRow("image", "string (uri)", default=None),
        MadeUpRow("duration", "integer", default=6, allowed=(6, 8, 10)),
        MadeUpRow("resolution", default="720p", allowed=("720p", "1080p")),
        MadeUpRow("seed", "integer", default=42, between=(-1, 9999)),
        MadeUpRow("strength", "number", between=(0.5, 2)),
        MadeUpRow("with_audio", "boolean", default=True),
    ),
    sample={"prompt": "A kite", "duration": 6},
)
I = {"grade": "I", "note": "Made up for a test."}  # noqa: E741 - the name of the grade
ANSWERS: dict[str, Any] = {
    "size": {"rule": "table", "parameter": "resolution", "table": {"720p": [1280, 720], "1080p": [1920, 1080]}},
    "frames": {"rule": "seconds", "parameter": "duration"},
    "fps": {"value": 25},
    "sound": {"parameter": "with_audio"},
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "kite.txt"
    path.write_text(page(MODEL, "flat", "B"), encoding="utf-8")
    return path


def answered(document: dict[str, Any]) -> Contract:
    """Answer every question about the video, as a person would in an editor."""
    schema = document["components"]["schemas"]["Kite1FastRequest"]
    asked = [question["at"] for question in schema.pop("x-questions")]
    assert asked == [f"x-model/video/{part}" for part in ANSWERS]
    schema["x-model"]["video"] = {part: {**rule, "x-source": I} for part, rule in ANSWERS.items()}
    return contract_of(document)


def test_fragment_becomes_a_model(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The loader refuses the open questions; answered, the model has its parameters, clauses and videos."""
    assert main(["page", "fragment", str(saved), "--into", str(OPENAPI_PATH)]) == 0
    document = yaml.safe_load(capsys.readouterr().out)
    with pytest.raises(SpecError, match=r"Kite1FastRequest is not answered: x-model/video/size.* \(4 open in all\)"):
        contract_of(document)
    contract = answered(document)
    model = contract.models["kite-1-fast"]
    assert (model.v1, model.v2) == ("/v1/kite-1-fast", "/v2/kite-1-fast")
    assert (model.seconds, model.usd_low, model.usd_high) == (12.5, 0.1, 0.4)
    assert model.required == {"prompt"}
    assert model.defaults == {"image": None, "duration": 6, "resolution": "720p", "seed": 42, "with_audio": True}
    assert expected_video(model, {"prompt": "x"}).frames == 150
    ids = {clause.id for clause in clauses(contract) if clause.models == ("kite-1-fast",)}
    assert {"kite-1-fast.v1", "kite-1-fast.duration.enum", "kite-1-fast.seed.minimum", "kite-1-fast.image.null"} <= ids


def test_fragment_facts_have_their_lines(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each fact names the page and the line that prints it."""
    assert main(["page", "fragment", str(saved)]) == 0
    document = yaml.safe_load(capsys.readouterr().out)
    schema = document["components"]["schemas"]["Kite1FastRequest"]
    lines = saved.read_text(encoding="utf-8").split("\n")
    for name, parameter in schema["properties"].items():
        (claim,) = Source.of(parameter, name).claims
        assert (claim.page, claim.quote) == ("005", name)
        assert f"{name}optional" in lines[claim.first - 1] or f"{name}required" in lines[claim.first - 1]
    about = schema["x-model"]
    for part in ("price", "latency"):
        (claim,) = Source.of(about[part], part).claims
        assert claim.quote in lines[claim.first - 1]
    assert document["x-documents"] == {
        "005": {"file": "kite.txt", "model": "kite-1-fast", "about": "Describes v1 only."}
    }
    assert document["paths"]["/v2/kite-1-fast"]["post"]["x-source"]["grade"] == "I"


def test_fragment_keeps_comments_and_order(saved: Path, tmp_path: Path) -> None:
    """The copy has every line of the document in its order, and the document itself is left as it is."""
    source, copy = tmp_path / "openapi.yaml", tmp_path / "copy.yaml"
    # Flow mappings of one of its notes are written out by every YAML writer; this test is about the rest.
    text = "\n".join(line for line in OPENAPI_PATH.read_text(encoding="utf-8").split("\n") if "key's form" not in line)
    source.write_text(text, encoding="utf-8")
    assert main(["page", "fragment", str(saved), "--into", str(source), "--out", str(copy)]) == 0
    assert source.read_text(encoding="utf-8") == text
    rest = iter(copy.read_text(encoding="utf-8").split("\n"))
    for line in text.split("\n"):
        # `null` may be written in either way.
        assert any(other == line for other in rest), line
    assert "responses: *v1-responses" in copy.read_text(encoding="utf-8").partition("/v1/kite-1-fast")[2][:900]


def test_fragment_asks_what_the_page_leaves_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Price, time, an ambiguous list and hidden values are questions; names that are taken are notes."""
    made = MadeUpModel(
        returns="Image",
        rows=(
            MadeUpRow("prompt", required=True),
            MadeUpRow("scale", "integer", default=2, allowed=(2, 4, 8)),
            MadeUpRow("style", default="a", allowed=tuple("abcdefghijklm")),
            MadeUpRow("timeout", "integer", default=5),
            MadeUpRow("force", "boolean", default=False),
            MadeUpRow("input_urls", "string[]"),
        ),
    )
    path = tmp_path / "page.txt"
    path.write_text(page(made, "line", "C").replace(f"{made.latency}\n", ""), encoding="utf-8")
    assert main(["page", "fragment", str(path)]) == 0
    streams = capsys.readouterr()
    schema = yaml.safe_load(streams.out)["components"]["schemas"]["Kite1FastRequest"]
    asked = [question["at"] for question in schema["x-questions"]]
    assert [one for one in asked if "video" not in one] == [
        "x-model/latency",
        "x-model/price",
        "properties/scale",
        "properties/style/enum",
    ]
    assert "enum" not in schema["properties"]["scale"]
    for note in ("timeout: a name", "force: a name", "input_urls: a parameter of type string[]", "returns Image"):
        assert f"# {note}" in streams.out or f"{note}" in streams.err


@pytest.mark.parametrize("name", ["class", "force", "sync", "target", "as_json", "model", "timeout", "out", "json"])
def test_name_that_is_taken(name: str) -> None:
    """Keywords and names that the client, the command line or a batch uses are told."""
    assert objection(name)


def test_name_that_the_generator_changes() -> None:
    """The generator turns some names into others, and then no call would work."""
    assert all(objection(name) for name in ("imageUrl", "top-p", "2x", "_x", "type", "format", "input"))
    assert not any(objection(name) for name in read_names())


def read_names() -> set[str]:
    return {name for model in contract_of(read_document()).models.values() for name in model.parameters}


def test_name_of_a_schema() -> None:
    """A slug becomes a name as the contract writes them."""
    for model in contract_of(read_document()).models.values():
        assert f"{pascal(model.slug)}Request" == model.schema_name


def test_fragment_of_a_known_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model that the contract has is checked, not added; an unreadable or cut page makes no model."""
    path = tmp_path / "page.txt"
    path.write_text(page(MadeUpModel(slug="ltx-video"), "line", "B"), encoding="utf-8")
    assert main(["page", "fragment", str(path)]) == 1
    assert "has ltx-video already" in capsys.readouterr().err
    path.write_text("nothing", encoding="utf-8")
    assert main(["page", "fragment", str(path)]) == 2
    path.write_text(page(MODEL, "line", "B").partition("seedoptional")[0], encoding="utf-8")
    assert main(["page", "fragment", str(path)]) == 1


def test_fragment_without_ruamel(
    saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the extra, ``--into`` says what to install."""
    monkeypatch.setattr(merge, "YAML", None)
    assert main(["page", "fragment", str(saved), "--into", str(OPENAPI_PATH)]) == 2
    assert ".[spec]" in capsys.readouterr().err


def test_module_lists_clauses_as_before() -> None:
    """``python -m segmind_ltx_spec`` lists the clauses, with or without its name."""
    run = [sys.executable, "-m", "segmind_ltx_spec"]
    plain = subprocess.run([*run, "--grade", "I"], capture_output=True, text=True, check=True).stdout
    named = subprocess.run([*run, "clauses", "--grade", "I"], capture_output=True, text=True, check=True).stdout
    assert plain == named
    assert plain.rstrip().endswith("clauses")
