"""The arrows of ARCHITECTURE.md, read from the sources: who imports whom."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOMES = {
    "segmind_ltx_spec": ROOT / "spec",
    "segmind_ltx_api": ROOT / "generated",
    "segmind_ltx": ROOT / "overrides",
    "segmind_ltx_sandbox": ROOT / "tests",
    "segmind_ltx_conformance": ROOT / "tests",
}
ALLOWED: dict[str, set[str]] = {
    "segmind_ltx_spec": set(),
    "segmind_ltx_api": set(),
    "segmind_ltx": {"segmind_ltx_api"},
    "segmind_ltx_sandbox": {"segmind_ltx_spec"},
    "segmind_ltx_conformance": {"segmind_ltx_spec"},
}
RUNTIME = {
    "segmind_ltx_api": {"attrs", "httpx"},
    "segmind_ltx": {"anyio", "attrs", "httpx"},
}
"""What the packages of the client may import of others' outside the command line; anyio comes with httpx."""
PRESENT = [name for name in HOMES if (HOMES[name] / name).is_dir()]


def modules_of(folder: Path) -> list[Path]:
    """The Python files below a folder."""
    return sorted(path for path in folder.rglob("*.py") if "node_modules" not in path.parts)


def imported_by(path: Path) -> Iterator[str]:
    """The top-level names that a file imports; its own package where the import is relative."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in {"import_module", "__import__"} and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value).split(".")[0]


def test_all_packages_are_where_they_belong() -> None:
    assert PRESENT[:4] == ["segmind_ltx_spec", "segmind_ltx_api", "segmind_ltx", "segmind_ltx_sandbox"]
    for home in set(HOMES.values()) - {ROOT / "tests"}:
        packages = {path.name for path in home.iterdir() if (path / "__init__.py").exists()}
        assert packages <= set(HOMES)


@pytest.mark.parametrize("package", PRESENT)
def test_a_package_imports_no_other_of_ours_than_it_may(package: str) -> None:
    found = {
        (path.name, name)
        for path in modules_of(HOMES[package] / package)
        for name in imported_by(path)
        if name in HOMES and name not in ALLOWED[package] | {package}
    }
    assert found == set()


@pytest.mark.parametrize("package", RUNTIME)
def test_the_client_needs_nothing_but_its_two_dependencies(package: str) -> None:
    found = {
        (path.name, name)
        for path in modules_of(HOMES[package] / package)
        if "cli" not in path.parts
        for name in imported_by(path)
        if name not in {*sys.stdlib_module_names, *HOMES, *RUNTIME[package], ""}
    }
    assert found == set()


def test_nothing_but_the_command_line_and_its_door_imports_the_command_line() -> None:
    users = {
        path.name
        for path in modules_of(HOMES["segmind_ltx"] / "segmind_ltx")
        if "cli" not in path.parts and re.search(r"segmind_ltx\.cli\b", path.read_text(encoding="utf-8"))
    }
    assert users <= {"__main__.py"}


def test_scripts_import_no_client_and_no_sandbox() -> None:
    found = {
        (path.name, name)
        for path in modules_of(ROOT / "scripts")
        for name in imported_by(path)
        if name in set(HOMES) - {"segmind_ltx_spec"} and path.parent.name == "scripts"
    }
    allowed = {("bench.py", "segmind_ltx"), ("compare.py", "segmind_ltx"), ("docs.py", "segmind_ltx")}
    assert found <= allowed


def test_this_reading_sees_every_form_of_an_import(tmp_path: Path) -> None:
    source = "import a.b\nfrom c import d\nfrom . import e\ndef f():\n    import g\nimport_module('h.i')\n"
    (tmp_path / "m.py").write_text(source)
    assert set(imported_by(tmp_path / "m.py")) == {"a", "c", "g", "h"}
