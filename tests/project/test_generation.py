"""Add a sixth model to the document: the client has it too, without editing Python."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_spec import contract_of, read_document

pytest.importorskip("openapi_python_client", reason="the generator is not installed here")
pytest.importorskip("jinja2", reason="the generator is not installed here")

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from generate import regenerate  # noqa: E402 - scripts are not installed
from generate.emit import emit  # noqa: E402

SLUG, NAME = "ltx-3-nano", "Ltx3NanoRequest"


def _with_a_sixth() -> dict[str, Any]:
    """Return the document with a made-up sixth model."""
    document = read_document()
    schemas = document["components"]["schemas"]
    sixth = copy.deepcopy(schemas["Ltx2ProRequest"])
    sixth["title"] = NAME
    sixth["x-model"].update(slug=SLUG, title="LTX 3 Nano", summary="Made up for a test.")
    sixth["x-model"]["latency"]["seconds"] = 7
    source = sixth["properties"]["prompt"]["x-source"]
    sixth["properties"]["zoom"] = {
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
        "default": 3,
        "description": "How close.",
        "x-source": source,
    }
    sixth["properties"]["mood"] = {
        "type": "string",
        "enum": ["calm", "wild"],
        "description": "Which mood.",
        "x-source": source,
    }
    schemas[NAME] = sixth
    bodies = document["components"]["requestBodies"]
    bodies["Ltx3Nano"] = json.loads(json.dumps(bodies["Ltx2Pro"]).replace("Ltx2ProRequest", NAME))
    for version, verb in (("v1", "generate"), ("v2", "submit")):
        operation = copy.deepcopy(document["paths"][f"/{version}/ltx-2-pro"])
        operation["post"]["operationId"] = f"{verb}_{SLUG.replace('-', '_')}"
        operation["post"]["requestBody"] = {"$ref": "#/components/requestBodies/Ltx3Nano"}
        document["paths"][f"/{version}/{SLUG}"] = operation
    return document


PROGRAM = f"""
import json, httpx, segmind_ltx as ltx
from segmind_ltx_api.contract import MODELS
seen = []
def answer(request):
    seen.append((request.url.path, json.loads(request.content)))
    return httpx.Response(200, json={{"request_id": "a"}})
client = ltx.Client("SG_1", "https://api.example.test", http=httpx.Client(transport=httpx.MockTransport(answer)))
client.submit("{SLUG}", prompt="x", zoom=9)
client.submit(ltx.{NAME}(prompt="x", mood="wild"))
refused = []
for wrong in ({{"zoom": 10}}, {{"mood": "odd"}}, {{"zom": 3}}, {{"zoom": "3"}}):
    try:
        client.submit("{SLUG}", prompt="x", **wrong)
    except ltx.ParameterError as error:
        refused.append(error.problems[0])
print(json.dumps({{"models": list(MODELS), "seconds": MODELS["{SLUG}"].seconds, "seen": seen, "refused": refused}}))
"""
TYPED = f"""
from segmind_ltx import Client
client = Client("SG_1")
client.submit("{SLUG}", prompt="x", zoom=3, mood="calm")
client.submit("{SLUG}", prompt="x", zoom="3")  # wrong
client.submit("{SLUG}", prompt="x", mood="odd")  # wrong
"""


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the package for six models into a folder."""
    home = tmp_path_factory.mktemp("generated")
    regenerate.generate(home / "segmind_ltx_api", contract_of(_with_a_sixth()))
    return home


def _env(home: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(home), str(ROOT / "overrides"), str(ROOT / "spec")])}


def test_sixth_model_is_usable(six: Path) -> None:
    """A sixth model in the document can be called and is checked, without editing Python."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_env(six))
    told = json.loads(done.stdout)
    assert told["models"][-1] == SLUG
    assert len(told["models"]) == 6
    assert told["seconds"] == 7
    assert told["seen"] == [
        [f"/v2/{SLUG}", {"prompt": "x", "zoom": 9}],
        [f"/v2/{SLUG}", {"prompt": "x", "mood": "wild"}],
    ]
    assert [problem.split()[0] for problem in told["refused"]] == ["zoom=10", "mood='odd'", "there", "zoom='3'"]
    assert "use 1 to 9" in told["refused"][0]
    assert "calm, wild" in told["refused"][1]
    assert "did you mean 'zoom'?" in told["refused"][2]


def test_sixth_model_is_typed(six: Path, tmp_path: Path) -> None:
    """A sixth model has its types."""
    pytest.importorskip("mypy", reason="mypy is not installed here")
    (tmp_path / "use.py").write_text(TYPED)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "use.py"]
    path = {"MYPYPATH": os.pathsep.join([str(six), str(ROOT / "overrides")])}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **path}, cwd=tmp_path
    )
    lines = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    assert lines == {number for number, line in enumerate(TYPED.splitlines(), 1) if "# wrong" in line}


def test_sixth_model_changes_no_other(six: Path) -> None:
    """A sixth model changes no module of the others."""
    changed = set(regenerate.differences(regenerate.PACKAGE, six / "segmind_ltx_api"))
    kept = {line.split()[1] for line in changed if line.startswith(("changed", "removed"))}
    assert kept == {"contract.py", "calls.py", "requests.py", "models/__init__.py"} | (kept & {"README.md"})


def test_lenient_view() -> None:
    """The view for the generator is strict in requests and lenient in responses."""
    document = read_document()
    before = copy.deepcopy(document)
    view = regenerate.lenient_view(document)
    assert document == before
    for name, schema in view["components"]["schemas"].items():
        if "x-model" in schema:
            original = document["components"]["schemas"][name]
            assert "additionalProperties" not in schema  # So that `from_dict` keeps unknown names.
            assert schema["required"] == original["required"]
            assert [key for key, value in schema["properties"].items() if "default" in value] == []
            for key, value in schema["properties"].items():
                assert value == {k: v for k, v in original["properties"][key].items() if k != "default"}
        else:
            assert "required" not in schema
            for value in schema["properties"].values():
                assert "enum" not in value
                kinds = value.get("type") or [one.get("type") for one in value["anyOf"]]
                assert "null" in kinds


def _a_default_outside_its_enum(document: dict[str, Any]) -> None:
    document["paths"]["/v2/requests/{request_id}"]["parameters"] = [
        {"name": "q", "in": "query", "schema": {"type": "string", "enum": ["a"], "default": "b"}}
    ]


def _a_reference_to_nothing(document: dict[str, Any]) -> None:
    body = document["paths"]["/v2/ltx-2-pro"]["post"]
    body["responses"]["200"] = {
        "description": "x",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Nothing"}}},
    }


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_a_default_outside_its_enum, r"(?s)WARNING.*get_request"),
        (_a_reference_to_nothing, r"Could not find reference"),
    ],
)
def test_generator_warning_is_failure(tmp_path: Path, damage: Any, words: str) -> None:
    """A warning of the generator is a failure."""
    document = read_document()
    damage(document)
    with pytest.raises(regenerate.GenerationError, match=words):
        regenerate.generate(tmp_path / "segmind_ltx_api", contract_of(document))


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [("LtxVideoRequest", "aspect_ratio", "3:99"), ("LtxVideoRequest", "steps", 51), ("Ltx2ProRequest", "duration", 7)],
)
def test_invalid_default_refused(tmp_path: Path, model: str, name: str, value: object) -> None:
    """A default that its parameter does not allow is refused."""
    document = read_document()
    document["components"]["schemas"][model]["properties"][name]["default"] = value
    with pytest.raises(ValueError, match=name):
        emit(contract_of(document), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["maxSteps", "from", "top-k"])
def test_renamed_parameter_refused(tmp_path: Path, name: str) -> None:
    """A parameter is refused if the generator would change its name."""
    document = read_document()
    properties = document["components"]["schemas"]["Ltx2ProRequest"]["properties"]
    properties[name] = copy.deepcopy(properties["prompt"])
    with pytest.raises(ValueError, match=name):
        emit(contract_of(document), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model", "timeout", "on_status"])
def test_reserved_parameter_refused(tmp_path: Path, name: str) -> None:
    """A parameter is refused if the calls use its name themselves."""
    document = read_document()
    properties = document["components"]["schemas"]["Ltx2ProRequest"]["properties"]
    properties[name] = copy.deepcopy(properties["prompt"])
    with pytest.raises(ValueError, match=name):
        emit(contract_of(document), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_generation_is_reproducible(tmp_path: Path) -> None:
    """Generating again gives the committed bytes."""
    regenerate.generate(tmp_path / "segmind_ltx_api", contract_of(read_document()))
    assert list(regenerate.differences(regenerate.PACKAGE, tmp_path / "segmind_ltx_api")) == []
