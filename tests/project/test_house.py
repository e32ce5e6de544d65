"""Check the house rules that the sources alone can show. Every file is read once."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
MAX_NAME = 50
SLEEPS = {"time.sleep", "asyncio.sleep", "trio.sleep"}
CHECKS = {"raises", "raising", "fail", "call_and_validate", "assert_type"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Source(NamedTuple):
    """A Python file of ours: its path from the root, its text and its tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def client(self) -> bool:
        """True if the file belongs to the client."""
        return self.name.startswith("overrides/segmind_ltx/")

    @property
    def test(self) -> bool:
        """True if the file holds tests."""
        return self.name.rpartition("/")[2].startswith("test_")

    def functions(self) -> Iterator[Function]:
        """Yield every function, at any depth."""
        yield from (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def calls(self) -> Iterator[ast.Call]:
        """Yield every call."""
        yield from (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


def source(name: str, text: str) -> Source:
    """Parse a file."""
    return Source(name, text, ast.parse(text))


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    """Read all files that are written by hand."""
    return [
        source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for folder in ("spec", "overrides", "scripts", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in path.parts
    ]


def sleeping(file: Source) -> bool:
    """Return True if the file sleeps on the wall clock."""
    return bool(SLEEPS & {ast.unparse(call.func) for call in file.calls()})


def printing(file: Source) -> bool:
    """Return True if the file calls print."""
    return any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in file.calls())


def idle(file: Source) -> list[str]:
    """Return the tests that assert nothing, neither themselves nor in a helper of the file."""
    helpers = {f.name for f in file.functions() if not f.name.startswith("test_") and _checks(f, set())}
    return [f.name for f in file.functions() if f.name.startswith("test_") and not _checks(f, helpers)]


def _checks(function: Function, helpers: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rsplit(".", 1)[-1]
            if called in CHECKS | helpers or called.startswith("assert_"):
                return True
    return False


def unclear(file: Source) -> list[str]:
    """Return the tests with a long name, or without a docstring of whole sentences."""
    return [
        f.name
        for f in file.functions()
        if f.name.startswith("test_")
        and (len(f.name) > MAX_NAME or not re.fullmatch(r"(?s)[^a-z\s].*\.", ast.get_docstring(f) or ""))
    ]


def test_modules_are_short(sources: list[Source]) -> None:
    """No module has 400 lines or more."""
    assert [file.name for file in sources if file.text.count("\n") >= MAX_LINES] == []


def test_client_modules_have_docstrings(sources: list[Source]) -> None:
    """Every module of the client says what it is for."""
    assert [file.name for file in sources if file.client and not ast.get_docstring(file.tree)] == []


def test_client_prints_nothing(sources: list[Source]) -> None:
    """The client never calls print; its command line writes through rich."""
    assert [file.name for file in sources if file.client and printing(file)] == []


def test_key_revealed_in_few_modules(sources: list[Source]) -> None:
    """Only five modules read the value of the key."""
    users = {file.name.rpartition("/")[2] for file in sources if file.client and ".reveal()" in file.text}
    assert users == {"base_driver.py", "failures.py", "hidden.py", "reader.py", "_config.py"}


def test_tests_do_not_sleep(sources: list[Source]) -> None:
    """No test sleeps on the wall clock."""
    assert [file.name for file in sources if file.test and sleeping(file)] == []


def test_tests_assert_something(sources: list[Source]) -> None:
    """Every test asserts something."""
    assert {file.name: found for file in sources if file.test and (found := idle(file))} == {}


def test_tests_state_their_claim(sources: list[Source]) -> None:
    """Every test has a name of at most 50 characters, and a docstring of one sentence."""
    found = {file.name: unclear(file) for file in sources if file.test}
    assert {name: tests for name, tests in found.items() if tests} == {}


def test_typing_contract_is_strict(sources: list[Source]) -> None:
    """Both checkers report an ignore comment of the typing contract that hides no error."""
    (contract,) = [file for file in sources if file.name == "tests/project/typing_contract.py"]
    assert "# pyright: reportUnnecessaryTypeIgnoreComment=true" in contract.text
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert settings["mypy"]["strict"] is True
    assert "tests" in settings["mypy"]["files"]
    assert "tests" in settings["pyright"]["include"]


def test_rules_notice_violations() -> None:
    """Each rule above fails for a file that breaks it, and passes one that does not."""
    good = source("tests/test_x.py", 'def test_a() -> None:\n    """A claim."""\n    assert clock.sleep(1) is None\n')
    bad = source("tests/test_x.py", f"def test_{'a' * 50}() -> None:\n    time.sleep(1)\n    print()\n")
    for rule in (sleeping, printing, idle, unclear):
        assert not rule(good)
        assert rule(bad)
    assert unclear(source("tests/test_x.py", 'def test_a() -> None:\n    """a claim without an end"""\n'))
    helped = "def check() -> None:\n    assert x\ndef test_a() -> None:\n    check()\n"
    assert not idle(source("tests/test_x.py", helped))
