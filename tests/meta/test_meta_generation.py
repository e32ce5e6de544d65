"""What regeneration promises: the lenient view, failure on warnings, and a sixth model without a line of Python."""

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

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("openapi_python_client", reason="the generator is not installed")

sys.path.insert(0, str(ROOT / "scripts"))
import regenerate  # noqa: E402 - a script, found under the path above

SIXTH = "ltx-9-mega"


def with_sixth_model() -> dict[str, Any]:
    """The document and one model more: ltx-2-fast under a new name, with a parameter of its own."""
    document = read_document()
    schemas, bodies, paths = (
        document["components"]["schemas"],
        document["components"]["requestBodies"],
        document["paths"],
    )
    schema = copy.deepcopy(schemas["Ltx2FastRequest"])
    schema["title"] = "Ltx9MegaRequest"
    schema["x-model"]["slug"] = SIXTH
    schema["properties"]["sparkle"] = {
        "type": "integer",
        "minimum": 3,
        "maximum": 9,
        "description": "How much it sparkles.",
        "x-source": {"grade": "I", "note": "made up for a test"},
    }
    schemas["Ltx9MegaRequest"] = schema
    bodies["Ltx9Mega"] = copy.deepcopy(bodies["Ltx2Fast"])
    bodies["Ltx9Mega"]["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/Ltx9MegaRequest"}
    for version, verb in (("v1", "generate"), ("v2", "submit")):
        operation = copy.deepcopy(paths[f"/{version}/ltx-2-fast"])
        operation["post"]["operationId"] = f"{verb}_ltx_9_mega"
        operation["post"]["requestBody"] = {"$ref": "#/components/requestBodies/Ltx9Mega"}
        paths[f"/{version}/{SIXTH}"] = operation
    return document


def test_a_sixth_model_needs_no_python(tmp_path: Path) -> None:
    """Its type, its limits, its call and its command all come from the document."""
    regenerate.generate(tmp_path / "segmind_ltx_api", contract_of(with_sixth_model()))
    program = """
import httpx, segmind_ltx
from segmind_ltx import Client, Ltx9MegaRequest, ParameterError

sent = []
def answer(request):
    sent.append((request.url.path, request.content))
    return httpx.Response(200, json={"request_id": "r", "status_url": "s", "response_url": "t"})

client = Client("SG_0123456789abcdef", http=httpx.Client(transport=httpx.MockTransport(answer)))
assert client.submit("ltx-9-mega", prompt="x", sparkle=3).id == "r"
assert client.submit(Ltx9MegaRequest(prompt="x", sparkle=9)).model == "ltx-9-mega"
try:
    client.submit("ltx-9-mega", prompt="x", sparkle=10)
except ParameterError as error:
    assert "sparkle=10" in str(error) and "3 to 9" in str(error)
else:
    raise AssertionError("10 was let through")
assert [path for path, _ in sent] == ["/v2/ltx-9-mega"] * 2, sent

from segmind_ltx.cli import generate_app
assert "ltx-9-mega" in [command.name for command in generate_app.registered_commands]
"""
    path = os.pathsep.join([str(tmp_path), str(ROOT / "spec"), str(ROOT / "overrides")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_parameter_that_the_calls_name_themselves_is_refused(tmp_path: Path) -> None:
    document = read_document()
    properties = document["components"]["schemas"]["Ltx2ProRequest"]["properties"]
    properties["timeout"] = copy.deepcopy(properties["duration"])
    with pytest.raises(ValueError, match="timeout"):
        regenerate.generate(tmp_path / "segmind_ltx_api", contract_of(document))


def test_generation_fails_on_a_warning(tmp_path: Path) -> None:
    """The generator drops a schema that it does not understand, and would end with status 0."""
    document = read_document()
    document["components"]["schemas"]["JobMetrics"]["properties"]["cost"] = {"type": "nonsense", "description": "x"}
    with pytest.raises(regenerate.GenerationError):
        regenerate.generate(tmp_path / "segmind_ltx_api", contract_of(document))


def test_the_view_sends_no_default_and_understands_any_answer() -> None:
    document = read_document()
    untouched = json.dumps(document, sort_keys=True)
    view = regenerate.lenient_view(document)
    assert json.dumps(document, sort_keys=True) == untouched
    for name, schema in view["components"]["schemas"].items():
        if "x-model" in schema:
            assert not [p for p, s in schema["properties"].items() if "default" in s], name
            assert schema["additionalProperties"] is False
            assert schema["required"] == document["components"]["schemas"][name]["required"]
        else:
            assert "required" not in schema
            for property_name, value in schema["properties"].items():
                nullable = "null" in value.get("type", ()) or {"type": "null"} in value.get("anyOf", ())
                assert nullable, f"{name}.{property_name}"
                assert not {"enum", "const"} & value.keys()


def test_the_committed_package_is_what_the_spec_gives(tmp_path: Path) -> None:
    regenerate.generate(tmp_path / "segmind_ltx_api", contract_of(read_document()))
    assert list(regenerate.differences(regenerate.PACKAGE, tmp_path / "segmind_ltx_api")) == []


def test_a_changed_an_added_and_a_removed_file_are_told(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, files in ((old, {"a": "1", "b": "1"}), (new, {"b": "2", "c": "1"})):
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
    assert [line.split() for line in regenerate.differences(old, new)] == [
        ["removed", "a"],
        ["changed", "b"],
        ["added", "c"],
    ]
