"""The house rules that can be read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HAND_WRITTEN = [
    path
    for folder in ("spec", "overrides", "scripts", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "node_modules" not in path.parts
]
OURS = [path for path in HAND_WRITTEN if "tests" not in path.relative_to(ROOT).parts]
TESTS = [path for path in HAND_WRITTEN if path.name.startswith("test_")]
CLIENT = [path for path in OURS if "segmind_ltx" in path.parts]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=_name)
def test_no_module_is_long(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") < 400


@pytest.mark.parametrize("path", CLIENT, ids=_name)
def test_every_module_of_the_client_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", CLIENT, ids=_name)
def test_the_client_prints_nothing_but_through_the_command_line(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"] == []


def test_the_key_is_revealed_where_it_is_used_and_nowhere_else() -> None:
    users = {path.name for path in CLIENT if ".reveal()" in path.read_text(encoding="utf-8")}
    assert users == {"driver.py", "failures.py", "reader.py", "_config.py"}


@pytest.mark.parametrize("path", TESTS, ids=_name)
def test_no_test_sleeps(path: Path) -> None:
    banned = {"time.sleep", "asyncio.sleep", "trio.sleep"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert banned & set(calls) == set()


@pytest.mark.parametrize("path", TESTS, ids=_name)
def test_every_test_asserts_something(path: Path) -> None:
    helpers = {f.name for f in _functions(path) if not f.name.startswith("test_") and _checks(f, set())}
    idle = [f.name for f in _functions(path) if f.name.startswith("test_") and not _checks(f, helpers)]
    assert idle == []


def _checks(function: ast.FunctionDef | ast.AsyncFunctionDef, helpers: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rsplit(".", 1)[-1]
            if called in {"raises", "raising", "fail", "call_and_validate", *helpers} or called.startswith("assert_"):
                return True
    return False
