"""The one public door: what it names is there, and what it costs to open."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import segmind_ltx
from segmind_ltx_api import requests
from segmind_ltx_api.contract import MODELS

NAMED: list[str] = vars(segmind_ltx)["__all__"]
UNWANTED = ("attrs", "attr", "anyio", "segmind_ltx_api.models", "segmind_ltx_api.contract", "typer", "rich", "trio")


def test_all_that_the_door_names_is_there() -> None:
    assert [name for name in NAMED if not hasattr(segmind_ltx, name)] == []
    assert len(set(NAMED)) == len(NAMED)
    assert set(requests.__all__) <= set(NAMED)


def test_all_that_is_public_is_named() -> None:
    public = {name for name in vars(importlib.import_module("segmind_ltx.errors")) if name.endswith("Error")}
    assert public <= set(NAMED)


@pytest.mark.parametrize("slug", MODELS)
def test_each_models_request_type_is_behind_it(slug: str) -> None:
    kind = MODELS[slug].request
    assert getattr(segmind_ltx, kind.__name__) is kind
    assert kind.__name__ in requests.__all__


@pytest.mark.parametrize("name", ["Nothing", "NoRequest", "Request", "Ltx219BT2VRequestX", "__wrapped__"])
def test_what_is_not_there_raises_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(segmind_ltx, name)


def test_to_import_the_client_imports_neither_attrs_nor_the_generated_models() -> None:
    code = f"import sys, httpx; before = set(sys.modules); import segmind_ltx; new = set(sys.modules) - before;\
print([name for name in {UNWANTED!r} if name in new])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_log_is_silent_unless_a_program_wants_it() -> None:
    code = "import logging, segmind_ltx; logging.getLogger('segmind_ltx').warning('x'); print('done')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("done", "")
