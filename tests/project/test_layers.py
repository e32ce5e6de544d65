"""Read every import in the sources, and compare them with the layers of ARCHITECTURE.md.

More than 250 lines, since the table of layers stands beside what checks it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
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
"""The packages of ours that a package may import."""
LAYERS: dict[str, list[set[str]]] = {
    "segmind_ltx_spec": [
        {"yaml_text"},
        {"contract", "limits"},
        {"wording", "video", "parameter_names"},
        {"clauses"},
        {"documents"},
        {"__init__"},
        {"pages", "changes"},
        {"__main__"},
        {"commands"},
    ],
    "segmind_ltx": [
        {"errors", "_clock", "_install"},
        {"_core"},
        {"_ledger"},
        {"_config", "ledger", "_files"},
        {"_postgres"},
        {"_http"},
        {"_many", "video"},
        {"client", "async_client"},
        {"__init__", "compat", "_fleet"},
        {"_cli"},
        {"__main__"},
    ],
    "segmind_ltx_sandbox": [
        {"messages", "video"},
        {"service"},
        {"http"},
        {"__init__", "deviations", "testing"},
        {"options", "plugin"},
        {"__main__"},
        {"cli"},
    ],
    "segmind_ltx_conformance": [
        {"masking"},
        {"recording", "media", "payloads", "checks", "target", "bodies"},
        {"coverage", "har", "requirements", "known"},
        {"judge", "prober"},
        {"report"},
        {"session", "earlier"},
        {"__init__", "cli", "plugin"},
        {"__main__", "test_conformance"},
    ],
}
"""The folders and modules of each package, lowest first. A unit may import itself and what lies below it."""
RUNTIME = {"segmind_ltx_api": {"attrs", "httpx"}, "segmind_ltx": {"anyio", "attrs", "httpx"}}
"""The other projects that the client may import, apart from the command line and the fleet. anyio comes with httpx."""
PURE = {"httpx", "anyio", "threading", "socket", "sqlite3", "asyncio", "subprocess"}
"""Imports that `segmind_ltx._core` must not have: it decides, and does no I/O."""


def modules_of(folder: Path) -> list[Path]:
    """Return the Python files below a folder."""
    return sorted(path for path in folder.rglob("*.py") if "node_modules" not in path.parts)


def imports_of(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything a file imports, at its top or elsewhere; ``.`` for a relative import."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from ("." if node.level else f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in {"import_module", "__import__"} and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def unit_of(dotted: str, package: str) -> str:
    """Return the part of a package that a dotted name is in: a folder, a module, or ``__init__``."""
    parts = dotted.split(".")
    home = HOMES[package] / package
    exists = len(parts) > 1 and ((home / parts[1]).is_dir() or (home / f"{parts[1]}.py").is_file())
    return parts[1] if exists else "__init__"


def edges_of(package: str) -> dict[tuple[str, str], str]:
    """Return each pair (unit, imported unit) of a package, with a module in which it stands."""
    home = HOMES[package] / package
    found: dict[tuple[str, str], str] = {}
    for path in modules_of(home):
        inside = path.relative_to(home).with_suffix("").parts
        for name in imports_of(path):
            if name.split(".")[0] == package:
                found.setdefault((inside[0], unit_of(name, package)), path.relative_to(ROOT).as_posix())
    return found


def upward(edges: Mapping[tuple[str, str], str], layers: Sequence[set[str]]) -> list[str]:
    """Return a line for each import that does not go down."""
    height = {unit: number for number, layer in enumerate(layers) for unit in layer}
    return [
        f"{place}: {user} imports {used}"
        for (user, used), place in sorted(edges.items())
        if user != used and height[used] >= height[user]
    ]


@pytest.mark.parametrize("package", LAYERS)
def test_layers_import_downwards_only(package: str) -> None:
    """No folder or module imports one of its own layer or of a higher one."""
    assert upward(edges_of(package), LAYERS[package]) == []


@pytest.mark.parametrize("package", LAYERS)
def test_layers_name_every_module(package: str) -> None:
    """A new file at the top of a package needs a layer."""
    home = HOMES[package] / package
    units = {path.relative_to(home).with_suffix("").parts[0] for path in modules_of(home)}
    assert units - set().union(*LAYERS[package]) == set()


@pytest.mark.parametrize("package", LAYERS)
def test_modules_import_no_circle(package: str) -> None:
    """The modules of a package can be put in an order in which each imports only earlier ones."""
    home = HOMES[package]
    names = {
        ".".join(path.relative_to(home).with_suffix("").parts).removesuffix(".__init__"): path
        for path in modules_of(home / package)
    }
    graph = {
        name: {
            used
            for wanted in imports_of(path)
            for used in (wanted, wanted.rpartition(".")[0])
            if used in names and used != name and not (used == package and wanted in names)
        }
        for name, path in names.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_layers_notice_upward_import() -> None:
    """The reading fails for an import of the same layer and for one of a higher layer."""
    layers = [{"low", "beside"}, {"high"}]
    assert upward({("high", "low"): "h.py", ("low", "low"): "l.py"}, layers) == []
    assert upward({("low", "high"): "l.py", ("low", "beside"): "l.py"}, layers) == [
        "l.py: low imports beside",
        "l.py: low imports high",
    ]


@pytest.mark.parametrize("package", HOMES)
def test_packages_import_only_what_they_may(package: str) -> None:
    """The product does not know the proof, and neither changes the contract."""
    found = {
        (path.name, name.split(".")[0])
        for path in modules_of(HOMES[package] / package)
        for name in imports_of(path)
        if name.split(".")[0] in HOMES and name.split(".")[0] not in ALLOWED[package] | {package}
    }
    assert found == set()


@pytest.mark.parametrize("package", RUNTIME)
def test_client_imports_two_dependencies(package: str) -> None:
    """Outside the command line and the fleet the client imports httpx, attrs, and anyio, which httpx brings."""
    found = {
        (path.name, name.split(".")[0])
        for path in modules_of(HOMES[package] / package)
        if not {"_cli", "_fleet", "_postgres"} & set(path.parts)
        for name in imports_of(path)
        if name.split(".")[0] not in {*sys.stdlib_module_names, *HOMES, *RUNTIME[package], ""}
    }
    assert found == set()


def test_top_of_the_client_is_small() -> None:
    """At most 12 modules lie at the top of the client; the others have a folder that says what they are for."""
    assert len(list((HOMES["segmind_ltx"] / "segmind_ltx").glob("*.py"))) <= 12


def test_long_modules_have_a_reason() -> None:
    """A module of more than 250 lines says why in its docstring; none has more than 400."""
    found: dict[str, int] = {}
    for folder in ("overrides", "spec", "tests", "scripts"):
        for path in modules_of(ROOT / folder):
            text = path.read_text(encoding="utf-8")
            lines = len(text.splitlines())
            reason = "More than 250 lines, since" in (ast.get_docstring(ast.parse(text)) or "")
            if lines > 400 or (lines > 250) != reason:
                found[path.relative_to(ROOT).as_posix()] = lines
    assert found == {}


def test_core_does_no_io() -> None:
    """Flows and decisions import neither HTTP nor threads nor databases."""
    found = {
        (path.name, name)
        for path in modules_of(HOMES["segmind_ltx"] / "segmind_ltx" / "_core")
        for name in imports_of(path)
        if name.split(".")[0] in PURE
    }
    assert found == set()


def test_client_has_few_late_imports() -> None:
    """An import inside a function of the client has a reason, beside it, and there are at most 8."""
    late: list[str] = []
    for path in modules_of(HOMES["segmind_ltx"] / "segmind_ltx"):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        place = f"{path.name}:{node.lineno}"
                        assert "#" in lines[node.lineno - 1] or "#" in lines[node.lineno - 2], place
                        late.append(place)
    assert len(set(late)) <= 8, late


def test_scripts_keep_apart() -> None:
    """A folder of scripts imports no other; the two that serve the contract know nothing but it."""
    folder = ROOT / "scripts"
    units = {path.relative_to(folder).with_suffix("").parts[0] for path in modules_of(folder)}
    for path in modules_of(folder):
        own = path.relative_to(folder).with_suffix("").parts[0]
        used = {name.split(".")[0] for name in imports_of(path)}
        assert used & units <= {own, "_page", "_npm"}, path
        if own in {"generate", "check_spec"}:
            assert used & set(HOMES) <= {"segmind_ltx_spec"}, path


def test_nothing_imports_scripts() -> None:
    """What ships does not depend on what measures it."""
    units = {path.relative_to(ROOT / "scripts").parts[0] for path in modules_of(ROOT / "scripts")}
    for package, home in HOMES.items():
        for path in modules_of(home / package):
            assert {name.split(".")[0] for name in imports_of(path)} & units == set(), path


def test_imports_are_read_in_every_form(tmp_path: Path) -> None:
    """Imports at the top, inside functions, under TYPE_CHECKING and by name are all seen."""
    source = (
        "import a.b\nfrom c import d\nfrom . import e\nif TYPE_CHECKING:\n    import f\n"
        "def f():\n    import g\nimport_module('h.i')\n"
    )
    (tmp_path / "m.py").write_text(source)
    assert set(imports_of(tmp_path / "m.py")) == {"a.b", "c.d", ".", "f", "g", "h.i"}
