"""Build the wheel, install it in clean environments and use it there. Run by ``nox -s package``."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = [
    "segmind_ltx_spec",
    "segmind_ltx_api",
    "segmind_ltx",
    "segmind_ltx_sandbox",
    "segmind_ltx_conformance",
]
NEEDED: Final = [
    *(f"{name}/py.typed" for name in PACKAGES),
    "segmind_ltx_spec/openapi.yaml",
    "segmind_ltx_spec/clauses.yaml",
    "segmind_ltx_spec/changes/schema.json",
    "segmind_ltx_spec/changes/generate/regenerate.py",
    "segmind_ltx_sandbox/README.md",
    "segmind_ltx_conformance/test_conformance.py",
    "segmind_ltx_conformance/report/report.schema.json",
    *(f"segmind_ltx_conformance/report/templates/report.{kind}" for kind in ("html.jinja", "css", "js")),
]
REPORTS: Final = ["junit.xml", "recording.har", "report.html", "report.json", "summary.svg"]
RENAMED: Final = "operationId: fetch_request\n"
TYPED_PAGES: Final = ("README.md", "docs/usage.md")
TYPES: Final[list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["types"]
NAMES: Final = "import json, segmind_ltx; print(json.dumps(segmind_ltx.__all__))"
CLIENT_BRINGS: Final = {"attrs", "httpx"}


class UnfitError(Exception):
    """The wheel lacks something, contains too much, or does not work."""


def main() -> int:
    """Return the exit status: 1, with the reason printed, if a check fails."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            wheel = _build(Path(scratch))
            _check_contents(wheel)
            alone = _check_client_alone(wheel, Path(scratch, "alone"))
            _check_types(alone, Path(scratch, "types"))
            everything = _check_everything(wheel, Path(scratch, "everything"))
            _check_conformance(wheel, Path(scratch, "conformance"), everything)
            _check_spec(wheel, Path(scratch, "spec"))
        except UnfitError as error:
            print(f"The wheel is unfit: {error}", file=sys.stderr)
            return 1
    print("The wheel installs alone, imports, has types, makes its videos, judges its sandbox, and compares contracts.")
    return 0


def _build(folder: Path) -> Path:
    _run([sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(ROOT)], cwd=folder)
    return next((folder / "dist").glob("*.whl"))


def _check_contents(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    if missing := [name for name in NEEDED if name not in names]:
        raise UnfitError(f"files are missing: {', '.join(missing)}")
    roots = {name.split("/")[0] for name in names if ".dist-info" not in name}
    if roots != set(PACKAGES):
        raise UnfitError(f"its top level has {sorted(roots)}, not {sorted(PACKAGES)}")


def _check_client_alone(wheel: Path, folder: Path) -> Path:
    """Install no extra. Only httpx, attrs and their dependencies may come; the command line must name its extra."""
    python = _environment(folder, str(wheel))
    installed = json.loads(_run([str(python), "-m", "pip", "list", "--format", "json"], cwd=folder))
    found = {_canonical(one["name"]) for one in installed} - {"pip", "setuptools", "wheel", "segmind-ltx"}
    expected = _closure(python, CLIENT_BRINGS, folder)
    if found != expected:
        raise UnfitError(f"the client alone installs {sorted(found)}, not {sorted(expected)}")
    _run([str(python), "-c", "import segmind_ltx, segmind_ltx_api, segmind_ltx.compat"], cwd=folder)
    output = _run([str(python.with_name("segmind-ltx")), "models"], cwd=folder, status=2)
    if "[cli]" not in output:
        raise UnfitError(f"without its extra the command line prints {output!r}, and does not name the extra cli")
    print(f"alone: {', '.join(sorted(found))}")
    return python


def _check_types(installed: Path, folder: Path) -> None:
    """Check the Python blocks of the pages with pyright and mypy, as an editor of a user sees the wheel."""
    folder.mkdir()
    for page in TYPED_PAGES:
        blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
        if not blocks:
            raise UnfitError(f"{page} has no Python block to check")
        for number, block in enumerate(blocks):
            (folder / f"{Path(page).stem.lower()}_{number}.py").write_text(block, encoding="utf-8")
    # Every public name, as an editor completes it: one that is not exported is an error there.
    names = json.loads(_run([str(installed), "-c", NAMES], cwd=folder))
    (folder / "names.py").write_text("".join(f"from segmind_ltx import {name} as {name}\n" for name in names), "utf-8")
    # The checkers are in an environment of their own: what they bring must not be found in the user's.
    pins = [pin for pin in TYPES if pin.startswith(("mypy==", "pyright=="))]
    checkers = _environment(folder / "checkers", *pins)
    _run(
        [str(checkers.with_name("pyright")), "--pythonpath", str(installed), str(folder), "--level", "warning"], folder
    )
    files = sorted(map(str, folder.glob("*.py")))
    _run([str(checkers.with_name("mypy")), "--strict", "--python-executable", str(installed), *files], folder)
    print(f"types: pyright and mypy take {len(files) - 1} blocks of {', '.join(TYPED_PAGES)}, and {len(names)} names")


def _check_everything(wheel: Path, folder: Path) -> Path:
    python = _environment(folder, f"{wheel}[all]")
    _run([str(python), "-c", f"import {', '.join(PACKAGES)}"], cwd=folder)
    print(_run([str(python.with_name("segmind-ltx")), "demo", "--out", "videos"], cwd=folder))
    if (count := len(list((folder / "videos").glob("*.mp4")))) != 5:
        raise UnfitError(f"the demo wrote {count} videos, not 5")
    return python


def _check_conformance(wheel: Path, folder: Path, everything: Path) -> None:
    """Install the suite alone, and run it against the sandbox of another environment."""
    python = _environment(folder, f"{wheel}[conformance]")
    command = [str(everything), "-m", "segmind_ltx_sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, env=_clean(), stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            url = str(sandbox.stdout.readline() if sandbox.stdout else "").split()[-1]
            profile = (ROOT / "docs" / "targets" / "sandbox.toml").read_text(encoding="utf-8")
            (folder / "target.toml").write_text(profile.replace("http://127.0.0.1:8900", url), encoding="utf-8")
            suite = [str(python.with_name("segmind-ltx")), "conformance"]
            output = _run([*suite, "--target", "target.toml", "--report", "out"], cwd=folder)
            test = [str(python), "-m", "pytest", "--pyargs", "segmind_ltx_conformance"]
            test += ["-p", "segmind_ltx_conformance.plugin", "--segmind-ltx-target", "target.toml"]
            _run([*test, "--segmind-ltx-free", "--segmind-ltx-model", "ltx-2-fast"], cwd=folder)
        finally:
            sandbox.terminate()
    if (found := sorted(path.name for path in (folder / "out").iterdir())) != REPORTS:
        raise UnfitError(f"the suite wrote {found}, not {REPORTS}")
    _run([*suite, "judge", "out/recording.har"], cwd=folder)
    print(next(line for line in output.splitlines() if line.startswith("conforms")))


def _check_spec(wheel: Path, folder: Path) -> None:
    """Install `spec` alone, and compare the contract with one that renames a parameter and one of its versions."""
    python = _environment(folder, f"{wheel}[spec]")
    command = [str(python.with_name("segmind-ltx")), "spec"]
    shipped = Path(_run([str(python), "-c", "import segmind_ltx_spec as s; print(s.OPENAPI_PATH)"], cwd=folder).strip())
    for name in ("openapi.yaml", "clauses.yaml"):
        text = shipped.with_name(name).read_text(encoding="utf-8")
        for side, changed in (("old", text), ("new", text.replace("operationId: get_request\n", RENAMED))):
            (folder / side).mkdir(exist_ok=True)
            (folder / side / name).write_text(changed, encoding="utf-8")
    _run([*command, "diff", "old", "old", "--no-python"], cwd=folder)
    said = _run([*command, "diff", "old", "new"], cwd=folder, status=1, XDG_CACHE_HOME=str(folder / "cache"))
    if "http none, python breaking" not in said:
        raise UnfitError(f"a renamed function breaks Python programs; `spec diff` says:\n{said}")
    # The facts that only the generated packages show: the generator was found, and ran.
    if not list((folder / "cache").glob("segmind-ltx/surfaces/*.json")):
        raise UnfitError("`spec diff` generated no package")
    (folder / "page.txt").write_text("no page", encoding="utf-8")
    _run([*command, "page", "read", "page.txt"], cwd=folder, status=2)
    print("spec diff: generates the packages of two contracts, from the wheel alone")


def _environment(folder: Path, *requirements: str) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = os.environ.get("UV") or shutil.which("uv")
    pip = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    _run([*pip, "--quiet", *requirements], cwd=folder)
    return python


def _closure(python: Path, names: set[str], folder: Path) -> set[str]:
    """Return the distributions that ``names`` depend on, without extras, by their own metadata."""
    script = "import importlib.metadata as m, json, sys; print(json.dumps(m.requires(sys.argv[1]) or []))"
    done: set[str] = set()
    todo = set(names)
    while todo:
        name = todo.pop()
        done.add(name)
        for line in json.loads(_run([str(python), "-c", script, name], cwd=folder)):
            requirement, _, marker = line.partition(";")
            if "extra" not in marker and _applies(python, marker, folder):
                todo |= {_canonical(re.split(r"[^A-Za-z0-9._-]", requirement.strip())[0])} - done
    return done


def _applies(python: Path, marker: str, folder: Path) -> bool:
    if not marker.strip():
        return True
    script = "import sys; from pip._vendor.packaging.markers import Marker; print(Marker(sys.argv[1]).evaluate())"
    return _run([str(python), "-c", script, marker.strip()], cwd=folder).strip() == "True"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _run(command: list[str], cwd: Path, status: int = 0, **more: str) -> str:
    """Run a command outside the checkout, so that it imports nothing from there. Return all that it printed."""
    merged = subprocess.run(
        command,
        cwd=cwd,
        env={**_clean(), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if merged.returncode != status:
        raise UnfitError(f"{' '.join(command)} ended with {merged.returncode}:\n{merged.stdout}")
    return merged.stdout


def _clean() -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SEGMIND_"))}
    clean["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"  # pip prints its notice among the output that is read.
    return clean


if __name__ == "__main__":
    sys.exit(main())
