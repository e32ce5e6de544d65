"""The Python side: generation of another contract, what programs see of it, and what is missing if it cannot be."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_spec.__main__ import main
from segmind_ltx_spec.changes import Document, compare, generator
from segmind_ltx_spec.changes.collect import Change
from segmind_ltx_spec.changes.generator import PINS, PythonMissingError, cache_folder
from segmind_ltx_spec.changes.python_side import add_python
from segmind_ltx_spec.changes.sources import HERE, Source
from segmind_ltx_spec.changes.surfaces import broken
from segmind_ltx_spec.changes.verdicts import Verdict

SURFACE: dict[str, Any] = {
    "modules": [],
    "models": ["one"],
    "requests": ["Request"],
    "classes": {
        "Request": {"arguments": [{"name": "a", "type": "int", "keyword": False, "default": False}], "names": ["a"]},
        "Answer": {
            "arguments": [{"name": "b", "type": "int | None", "keyword": False, "default": True}],
            "names": ["b"],
        },
    },
    "literals": {"RequestSize": [1, 2], "AnswerKind": ["x"]},
    "typed": {"Params": {"a": {"type": "int", "values": None, "required": False}}},
    "functions": {"api.v1.f.sync": {"arguments": [], "returns": "Answer | None"}},
}


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this module's own, so that the contract at hand is generated once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def surface(**parts: Any) -> dict[str, Any]:
    return {**SURFACE, **parts}


def _side(sides: dict[int, dict[str, Any]], document: Document) -> dict[str, Any]:
    return sides[id(document)]


def _never(_: str) -> bool:
    return False


def request(*arguments: tuple[str, str, bool]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [{"name": n, "type": t, "keyword": False, "default": d} for n, t, d in arguments]
    return {**SURFACE["classes"], "Request": {"arguments": rows, "names": [n for n, _, _ in arguments]}}


SURFACES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, set()),
    ({"classes": request(("a", "int", False), ("c", "int", True))}, set()),
    ({"classes": request(("a", "float", False))}, set()),
    ({"classes": request(("a", "str", False))}, {"python-type-changed"}),
    ({"classes": request(("c", "int", True), ("a", "int", True))}, {"python-argument-order"}),
    ({"classes": request(("a", "int", False), ("c", "int", False))}, {"python-argument-required"}),
    ({"classes": {"Request": SURFACE["classes"]["Request"]}}, {"python-class-removed"}),
    ({"models": []}, {"python-model-removed"}),
    ({"literals": {"RequestSize": [1, 2, 3], "AnswerKind": ["x"]}}, set()),
    ({"literals": {"RequestSize": [1], "AnswerKind": ["x"]}}, {"python-literal-changed"}),
    ({"literals": {"RequestSize": [1, 2], "AnswerKind": ["x", "y"]}}, {"python-literal-changed"}),
    ({"typed": {"Params": {}}}, {"python-key-removed"}),
    ({"typed": {"Params": {"a": {"type": "int", "values": None, "required": True}}}}, {"python-key-required"}),
    ({"typed": {"Params": {"a": {"type": "int", "values": [1], "required": False}}}}, {"python-type-changed"}),
    ({"functions": {}}, {"python-function-removed"}),
    (
        {"functions": {"api.v1.f.sync": {"arguments": [], "returns": "Answer | str | None"}}},
        {"python-return-changed"},
    ),
]


@pytest.mark.parametrize(("parts", "rules"), SURFACES)
def test_surface_difference_is_named(parts: dict[str, Any], rules: set[str]) -> None:
    """What no longer imports, runs or type-checks is named; what only became possible is not."""
    assert {fact.rule for fact in broken(SURFACE, surface(**parts))} == rules


def test_generator_pins_are_those_of_pyproject() -> None:
    """What the generator's own environment gets is what `nox -s regenerate` gets."""
    groups = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert sorted(PINS) == sorted(groups["generate"])


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("Response[A | B | C]", "Response[A | B]", True),
        ("Response[A | B]", "Response[A | B | C]", False),
        ("A | B | None", "A | None", True),
        ("A", "B", False),
        ("Response[A]", "Other[A]", False),
        ("dict[str, A | B]", "dict[str, A | B]", True),
    ],
)
def test_return_type_with_fewer_members_breaks_nothing(old: str, new: str, same: bool) -> None:
    """A function may return less than before, also within a `Response`; more is new to its callers."""
    before, after = (surface(functions={"api.v1.f.sync": {"arguments": [], "returns": one}}) for one in (old, new))
    assert [fact.rule for fact in broken(before, after)] == ([] if same else ["python-return-changed"])


def test_generated_difference_without_a_rule(contract: Document, edit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only the generated packages show is a change of its own, or makes the closest change worse."""
    new = edit(["set", "#/components/schemas/VideoFile/description", "A file."])
    sides = {id(contract): SURFACE, id(new): surface(models=[], classes=request(("a", "int", False)))}
    monkeypatch.setattr("segmind_ltx_spec.changes.python_side.surface", partial(_side, sides))
    found = add_python(compare(contract, new), Source(contract), Source(new))
    assert [change.rule for change in found.changes] == ["python-model-removed", "description-changed"]
    sides[id(new)] = surface(classes={**SURFACE["classes"], "VideoFile": SURFACE["classes"]["Answer"]})
    sides[id(contract)] = surface(classes={**SURFACE["classes"], "VideoFile": SURFACE["classes"]["Request"]})
    (change,) = add_python(compare(contract, new), Source(contract), Source(new)).changes
    assert isinstance(change, Change)
    assert (change.rule, change.verdicts.python) == ("description-changed", Verdict.BREAKING)


def test_missing_generator_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a generator the Python verdict is missing, and the exit status is 2, unless it was not asked for."""

    def missing(*_: object) -> None:
        raise PythonMissingError("no network")

    monkeypatch.setattr("segmind_ltx_spec.changes.cli.add_python", missing)
    folder = str(Path(generator.__file__).parents[1])
    assert main(["diff", folder, folder]) == 2
    assert "The Python verdict is missing: no network" in capsys.readouterr().err
    assert main(["diff", folder, folder, "--no-python"]) == 0


def test_environment_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If pip fails, the reason is said, and nothing half-made is left for the next run."""

    def run(command: list[str], *_: object, **__: object) -> subprocess.CompletedProcess[str]:
        if "venv" in command:
            Path(command[-1]).mkdir()
        return subprocess.CompletedProcess(command, int("pip" in command), "", "no network")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(generator, "_installed", _never)
    monkeypatch.setattr(generator, "_run", run)
    with pytest.raises(PythonMissingError, match="no environment for the generator could be made: no network"):
        generator.interpreter()
    assert list(cache_folder().iterdir()) == []


def test_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is made with what is pinned, kept in the user's cache, and found there the next time."""
    commands: list[list[str]] = []

    def run(command: list[str], *_: object, **__: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        if "venv" in command:
            for name in ("bin/python", "Scripts/python.exe"):
                python = Path(command[-1], name)
                python.parent.mkdir(parents=True)
                python.touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(generator, "_installed", _never)
    monkeypatch.setattr(generator, "_run", run)
    first = generator.interpreter()
    assert first.is_relative_to(cache_folder())
    assert commands[1][-len(PINS) :] == list(PINS)
    assert generator.interpreter() == first
    assert len(commands) == 2
