"""Import the public names, and measure what the import loads."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import segmind_ltx
from segmind_ltx_api import requests
from segmind_ltx_api.contract import MODELS

EXPORTED: list[str] = vars(segmind_ltx)["__all__"]
UNWANTED = ("attrs", "attr", "anyio", "segmind_ltx_api.models", "segmind_ltx_api.contract", "typer", "rich", "trio")


def test_all_names_exist() -> None:
    """Every name in `__all__` exists, once."""
    assert [name for name in EXPORTED if not hasattr(segmind_ltx, name)] == []
    assert len(set(EXPORTED)) == len(EXPORTED)
    assert set(requests.__all__) <= set(EXPORTED)


def test_errors_exported() -> None:
    """Every public exception is exported from the root."""
    public = {name for name in vars(importlib.import_module("segmind_ltx.errors")) if name.endswith("Error")}
    assert public <= set(EXPORTED)


@pytest.mark.parametrize("slug", MODELS)
def test_request_types_exported(slug: str) -> None:
    """Each model's request type is exported from the root."""
    kind = MODELS[slug].request
    assert getattr(segmind_ltx, kind.__name__) is kind
    assert kind.__name__ in requests.__all__


@pytest.mark.parametrize("name", ["Nothing", "NoRequest", "Request", "Ltx219BT2VRequestX", "__wrapped__"])
def test_unknown_name_raises(name: str) -> None:
    """An unknown name raises AttributeError, as on any module."""
    with pytest.raises(AttributeError, match=name):
        getattr(segmind_ltx, name)


def test_import_is_lazy() -> None:
    """Importing the package loads neither attrs nor the generated models."""
    code = f"import sys, httpx; before = set(sys.modules); import segmind_ltx; new = set(sys.modules) - before;\
print([name for name in {UNWANTED!r} if name in new])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_logger_silent_by_default() -> None:
    """The logger prints nothing if the program configures no logging."""
    code = "import logging, segmind_ltx; logging.getLogger('segmind_ltx').warning('x'); print('done')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("done", "")
