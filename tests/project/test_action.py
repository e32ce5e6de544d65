"""Test the GitHub action: its step gives the suite what was asked for, and the exit status comes through."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_spec.yaml_text import parse_yaml

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Python is a shell script")

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = parse_yaml((ROOT / "action.yml").read_text(encoding="utf-8"))
STEP: dict[str, Any] = ACTION["runs"]["steps"][1]
# Stands for Python: makes an environment that holds itself, and writes down every other call.
STAND_IN = """#!/bin/sh
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit; fi
printf '%s\\n' "$@" "key=${SEGMIND_LTX_KEY_VALID-unset}" >> "$CALLS"
case "$2" in segmind_ltx) exit 1 ;; esac
"""


def call(tmp_path: Path, **inputs: str) -> tuple[int, list[str]]:
    """Run the step as a runner does. Return its exit status and the arguments of the suite."""
    python = tmp_path / "python"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    defaults = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
    given = {f"INPUT_{name.upper()}": value for name, value in (defaults | inputs).items()}
    calls = tmp_path / "calls"
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHON": str(python),
        "RUNNER_TEMP": str(tmp_path / "with space"),
        "HOME_OF_ACTION": str(ROOT),
        "CALLS": str(calls),
        "SEGMIND_LTX_KEY_VALID": inputs.get("key", ""),
        **given,
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEP["run"]]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    lines = calls.read_text().splitlines()
    return done.returncode, lines[lines.index("segmind_ltx") + 1 :]


def test_action_gives_the_least(tmp_path: Path) -> None:
    """Without options only the profile and the folder are named, no key is set, and a failed run fails the step."""
    status, arguments = call(tmp_path, target="a target.toml")
    assert arguments == ["conformance", "--target", "a target.toml", "--report", "conformance-report", "key=unset"]
    assert status == 1


def test_action_gives_every_input(tmp_path: Path) -> None:
    """Each input reaches the suite as it stands, and requirements are one a line."""
    more = {
        "known": "k.toml",
        "free": "true",
        "require": "keys=valid\nmin_exercised=0.9\n",
        "report": "$(x)",
        "key": "K",
    }
    arguments = call(tmp_path, target="t.toml", **more)[1]
    assert arguments[3:] == ["--report", "$(x)", "--known", "k.toml", "--free", *_required(), "key=K"]


def _required() -> list[str]:
    return ["--require", "keys=valid", "--require", "min_exercised=0.9"]


def test_action_reads_every_input() -> None:
    """Each input is handed over as a variable, never as text of the script, which could be a command."""
    used = " ".join([*STEP["env"].values(), str(ACTION["runs"]["steps"][0])])
    assert [name for name in ACTION["inputs"] if f"inputs.{name} " not in used] == []
    assert "${{" not in STEP["run"]
