"""Run the app, its tests and the respx example of docs/testing.md, as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
BLOCK = re.compile(r"```python\n# (\S+\.py)\n(.*?)```", re.DOTALL)


def files() -> dict[str, str]:
    """Return the files of the page by name."""
    return dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))


def run_tests(folder: Path, *arguments: str, all_plugins: bool = False) -> str:
    """Run pytest in a folder, with warnings as errors, and return its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "SEGMIND"))}
    if not all_plugins:  # Loading those that happen to be installed takes longer than the tests.
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), *sys.path])
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-W", "error"]
    command += ["--basetemp", str(folder / "base"), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("with_options", [False, True])
def test_app_of_the_page_passes_its_tests(tmp_path: Path, *, with_options: bool) -> None:
    """The five tests of the page pass with the plugin, also against what the documents leave open."""
    for name, text in files().items():
        if name in {"clips.py", "test_clips.py"} or (with_options and name == "conftest.py"):
            (tmp_path / name).write_text(text, encoding="utf-8")
    kept = ["-k", "saved or headline"] if with_options else []
    printed = run_tests(tmp_path, "-p", "segmind_ltx_sandbox.plugin", *kept, all_plugins=not with_options)
    assert f"{2 if with_options else 5} passed" in printed


def test_respx_example_of_the_page_passes(tmp_path: Path) -> None:
    """The example with respx passes as it stands, without the plugin."""
    (tmp_path / "test_respx.py").write_text(files()["test_respx.py"], encoding="utf-8")
    assert "1 passed" in run_tests(tmp_path, "-p", "respx.plugin")


def test_page_is_linked() -> None:
    """The README links to the page."""
    assert "docs/testing.md" in (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
