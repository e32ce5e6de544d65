"""What `regenerate` has to take: an answer's field that may be null, a header that a submit needs, null by `anyOf`."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_spec.changes import generator
from segmind_ltx_spec.changes.sources import HERE


def test_regenerate_takes_what_a_vendor_may_do(edit: Any, tmp_path: Path) -> None:
    """The package is made, and a submit needs no more arguments than the client gives."""
    pytest.importorskip("openapi_python_client", reason="the generator is not installed here")
    new = edit(
        ["set", "#/components/schemas/JobResult/properties/output/type", ["string", "null"]],
        [
            "set",
            "#/paths/~1v2~1ltx-2-pro/post/parameters",
            [{"name": "x-team", "in": "header", "required": True, "schema": {"type": "string"}}],
        ],
        ["extract", "#/components/schemas/JobStatus/properties/status", "JobState"],
        [
            "set",
            "#/components/schemas/Ltx2FastRequest/properties/image",
            {
                "anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}],
                "description": "A picture.",
                "default": None,
                "x-source": {"grade": "I", "note": "n"},
            },
        ],
    )
    generator.package(new, tmp_path)
    code = (
        "from segmind_ltx_api.contract import MODELS\n"
        "model = MODELS['ltx-2-pro']\n"
        "print(model.submit(body=model.request(prompt='a'))['url'], MODELS['ltx-2-fast'].parameters['image'].types)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "/v2/ltx-2-pro ('string', 'null')\n"
    assert json.loads((tmp_path / "openapi.json").read_text(encoding="utf-8"))["openapi"] == "3.1.0"


def test_regenerate_scripts_are_found() -> None:
    """The scripts that generate are those of this checkout."""
    assert generator.scripts_folder().is_relative_to(HERE)
    assert importlib.util.find_spec("segmind_ltx_spec") is not None
