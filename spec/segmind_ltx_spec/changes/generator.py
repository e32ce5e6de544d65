"""Generate the Python package of a contract in a temporary folder, with a generator in an environment of its own.

The generator wants an older typer than users of this project get. So unless the interpreter at hand has exactly what is
pinned, an environment is made once and kept in the user's cache.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any, Final

from segmind_ltx_spec.changes.document import Document, is_list, is_object
from segmind_ltx_spec.changes.sources import HERE

PINS: Final = ("jinja2==3.1.6", "openapi-python-client==0.29.1", "pyyaml>=6.0.2", "ruff==0.17.5")
"""What the generator needs; the same as the group ``generate`` in pyproject.toml, which a test compares."""
PACKAGE: Final = "segmind_ltx_api"
_BESIDE: Final = Path(__file__).parent
_LONGEST: Final = 300.0
"""Seconds for one step: making the environment needs a package index."""


class PythonMissingError(RuntimeError):
    """The Python packages cannot be compared here; the message says what is missing, and what to do."""


class GenerationRefusedError(RuntimeError):
    """The generator does not take this contract; the message is its own."""


def surface(document: Document) -> dict[str, Any]:
    """Return the names, constructors, TypedDicts and Literals of the package that a contract generates.

    Raises `PythonMissingError` if there is no generator, `GenerationRefusedError` if it does not take the contract.
    """
    scripts = scripts_folder()
    kept = cache_folder() / "surfaces" / f"{_digest(document, scripts)}.json"
    if kept.is_file():
        known: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return known
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _generate(document, folder, scripts)
        done = _run([sys.executable, str(_BESIDE / "_surface.py"), str(folder)], folder)
        if done.returncode:
            raise GenerationRefusedError(f"the generated package cannot be imported: {_last_words(done)}")
        found: dict[str, Any] = json.loads(done.stdout)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f"{kept.name}.{uuid.uuid4().hex}")
    partial.write_text(json.dumps(found), encoding="utf-8")
    partial.replace(kept)
    return found


def package(document: Document, folder: Path) -> Path:
    """Write the package that a contract generates into a folder. Raises as `surface` does."""
    folder.mkdir(parents=True, exist_ok=True)
    _generate(document, folder, scripts_folder())
    return folder / PACKAGE


def _generate(document: Document, folder: Path, scripts: Path) -> None:
    spec = folder / "openapi.json"
    spec.write_text(json.dumps(_without_sources(document.api), default=str), encoding="utf-8")
    # A copy of the loader alone: the folder that it is installed in may have other versions of what the generator uses.
    skipped = shutil.ignore_patterns("changes", "pages", "__pycache__")
    shutil.copytree(_BESIDE.parent, folder / "loader" / "segmind_ltx_spec", ignore=skipped)
    command = [str(interpreter()), str(_BESIDE / "_generate.py"), str(scripts), str(folder), str(spec), PACKAGE]
    done = _run(command, folder)
    if done.returncode:
        raise GenerationRefusedError(_last_words(done))


def _without_sources(node: Any) -> Any:
    """Return a document as the loader takes it, whatever form its sources have: no code is generated of them."""
    if is_list(node):
        return [_without_sources(one) for one in node]
    if not is_object(node):
        return node
    source = {"grade": "I", "note": "Left out."}
    kept = {key: source if key == "x-source" else _without_sources(one) for key, one in node.items()}
    return {key: {} if key == "x-documents" else one for key, one in kept.items()}


def scripts_folder() -> Path:
    """The folder with regenerate.py: in a checkout, or shipped beside this module."""
    for folder in (HERE / "scripts" / "generate", HERE / "scripts", _BESIDE / "generate"):
        if (folder / "regenerate.py").is_file():
            return folder
    raise PythonMissingError(
        "the scripts that generate the client are not here; run this in a checkout, or --no-python"
    )


def interpreter() -> Path:
    """A Python that has what is pinned."""
    if all(_installed(pin) for pin in PINS):
        # It may still not start: users get a newer typer than it knows.
        probe = _run([sys.executable, "-m", "openapi_python_client", "--version"], Path(tempfile.gettempdir()))
        if probe.returncode == 0:
            return Path(sys.executable)
    name = hashlib.sha256(json.dumps([PINS, sys.version_info[:3]]).encode()).hexdigest()[:16]
    home = cache_folder() / f"generator-{name}"
    python = Path("Scripts/python.exe") if os.name == "nt" else Path("bin/python")
    if (home / python).exists():
        return home / python
    fresh = home.with_name(f"{home.name}.{uuid.uuid4().hex}")
    try:
        fresh.parent.mkdir(parents=True, exist_ok=True)
        for command in (
            [sys.executable, "-m", "venv", str(fresh)],
            [str(fresh / python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS],
        ):
            done = _run(command, fresh.parent, isolated=False)
            if done.returncode:
                raise PythonMissingError(f"no environment for the generator could be made: {_last_words(done)}")
        try:
            fresh.rename(home)  # An environment is found by its own place, so it may be moved.
        except OSError:
            if not (home / python).exists():
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PythonMissingError(f"no environment for the generator could be made: {error}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return home / python


def _installed(pin: str) -> bool:
    name, exact, version = pin.partition("==")
    try:
        found = importlib.metadata.version(name.partition(">")[0])
    except importlib.metadata.PackageNotFoundError:
        return False
    return not exact or found == version


def cache_folder() -> Path:
    """The folder for this program in the user's cache."""
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]) / "segmind-ltx"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "segmind-ltx" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "segmind-ltx"
    return Path.home() / ".cache" / "segmind-ltx"


def _digest(document: Document, scripts: Path) -> str:
    parts = [json.dumps(_without_sources(document.api), default=str), json.dumps(PINS), str(sys.version_info[:2])]
    own = [_BESIDE / "_surface.py", _BESIDE / "_generate.py", _BESIDE.parent / "contract.py"]
    own += sorted(path for path in (scripts, scripts / "templates") for path in path.glob("*") if path.is_file())
    parts += [path.read_text(encoding="utf-8") for path in own if path.suffix in {".py", ".jinja"}]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _run(command: list[str], folder: Path, *, isolated: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not (isolated and key.startswith("PYTHON"))}
    environment["PYTHONUTF8"] = "1"
    try:
        return subprocess.run(  # noqa: S603 - our own scripts
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_LONGEST
        )
    except subprocess.TimeoutExpired:
        raise PythonMissingError(f"{Path(command[0]).name} did not end within {_LONGEST:.0f} s") from None
    except OSError as error:
        raise PythonMissingError(f"{command[0]} cannot be run: {error}") from None


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    return " ".join(lines[-3:])[-600:] or f"exit status {done.returncode}"
