"""The arrows of ARCHITECTURE.md, read from the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"segmind_ltx_spec", "segmind_ltx_api", "segmind_ltx", "segmind_ltx_sandbox", "segmind_ltx_conformance"}
MAY_IMPORT = {
    "spec/segmind_ltx_spec": set[str](),
    "generated/segmind_ltx_api": set[str](),
    "overrides/segmind_ltx": {"segmind_ltx_api"},
    "tests/segmind_ltx_sandbox": {"segmind_ltx_spec"},
    "scripts": {"segmind_ltx_spec"},
}


def imported(source: str) -> Iterator[str]:
    """The top-level packages that a source imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "import_module":
            yield from (str(one.value).split(".")[0] for one in node.args if isinstance(one, ast.Constant))


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_package_imports_only_what_its_arrows_allow(folder: str) -> None:
    allowed = MAY_IMPORT[folder] | {Path(folder).name}
    files = [path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts]
    assert files
    for path in files:
        wrong = (set(imported(path.read_text(encoding="utf-8"))) & OURS) - allowed
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


@pytest.mark.parametrize(
    "source",
    [
        "import segmind_ltx_sandbox.app",
        "from segmind_ltx_sandbox import create_app",
        "def later():\n    from segmind_ltx_sandbox import create_app",
        "import_module('segmind_ltx_sandbox.cli')",
    ],
)
def test_an_import_against_the_arrows_would_be_seen(source: str) -> None:
    assert set(imported(source)) & OURS == {"segmind_ltx_sandbox"}


def test_no_hand_written_module_is_longer_than_400_lines() -> None:
    folders = ("spec", "overrides", "tests", "scripts")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts]
    long = {path.name: count for path in paths if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert paths
    assert not long
