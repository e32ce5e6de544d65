"""``segmind-ltx spec …``: the commands pass their arguments and exit statuses on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from segmind_ltx_spec import OPENAPI_PATH
from segmind_ltx_spec.changes import cli as changes_cli
from segmind_ltx_spec.commands import spec
from segmind_ltx_spec.pages import cli as pages_cli

from .pages.printing import MadeUpModel, page

SAME = str(Path(OPENAPI_PATH).parent)
BLOCKED = """
import sys
for name in ("griffe", "ruamel", "ruamel.yaml", "rich", "typer"):
    sys.modules[name] = None
from segmind_ltx_spec.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(spec, list(arguments), catch_exceptions=False)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["diff", SAME, SAME, "--no-python"], 0, "say the same"),
        (["diff", "--no-python", "--format", "json", SAME, SAME], 0, '"version": 1'),
        (["diff", "/no/such/folder", SAME, "--no-python"], 2, "Cannot compare"),
        (["diff", SAME], 2, "required: NEW"),
        (["diff", SAME, SAME, "--no-such-option"], 2, "--no-such-option"),
        (["page", "read", "/no/such/page", "--json"], 2, "unreadable"),
        (["clauses", "--grade", "D", "--model", "ltx-2-pro"], 0, "clauses"),
        (["clauses", "--model", "no-such"], 1, "0 clauses"),
    ],
)
def test_command_passes_on(arguments: list[str], status: int, words: str) -> None:
    """Arguments, in their order, and exit statuses pass through."""
    ended, output = run(*arguments)
    assert (ended, words in output) == (status, True), output


def test_command_page_check_differs(tmp_path: Path) -> None:
    """A page that differs from the contract ends with 1."""
    saved = tmp_path / "page.txt"
    saved.write_text(page(MadeUpModel(slug="ltx-video"), "line", "B"), encoding="utf-8")
    assert run("page", "check", str(saved))[0] == 1


@pytest.mark.parametrize("command", [["diff"], ["clauses"], *(["page", name] for name in pages_cli.parsers())])
def test_command_help_is_the_parsers(command: list[str]) -> None:
    """--help shows the arguments that the command passes on."""
    status, output = run(*command, "--help")
    assert status == 0
    assert f"usage: segmind-ltx spec {' '.join(command)}" in output


def test_command_reference_has_each_option() -> None:
    """The reference of the command line names each option of a command that passes them on."""
    group: Any = get_command(spec)
    told = str(group.commands["diff"].epilog)
    options = [word for word in changes_cli.parser().format_help().split() if word.startswith("--")]
    assert len(options) > 5
    assert [word for word in options if word.strip(",") not in told] == []


def test_module_needs_no_extra() -> None:
    """``python -m segmind_ltx_spec`` lists clauses and compares versions with PyYAML alone."""
    for arguments in (["--grade", "I"], ["diff", SAME, SAME, "--no-python"]):
        command = [sys.executable, "-c", BLOCKED, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
