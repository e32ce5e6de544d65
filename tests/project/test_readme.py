"""Run what the README and the guides show: their Python blocks, their commands, their links."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

import pytest

from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/usage.md", "docs/money.md")
ONLY_CHECKED = {"sandbox", "demo", "conformance"}
"""Commands that serve or take long. The test adds `--help`; they refuse unknown options all the same."""


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    number: int
    language: str
    text: str


def blocks_of(page: str, text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(page, number, language, body) for number, (language, body) in enumerate(found)]


BLOCKS = [block for page in PAGES for block in blocks_of(page, (ROOT / page).read_text(encoding="utf-8"))]
PYTHON = [block for block in BLOCKS if block.language == "python"]
SHELL = [block for block in BLOCKS if block.language == "sh"]


def _name(block: Block) -> str:
    return f"{block.page}-{block.number}"


@pytest.fixture(scope="module")
def sandbox() -> Generator[RunningSandbox]:
    """A sandbox in which a job takes a tenth of a second."""
    with running_sandbox(speed=600) as running:
        yield running


def run(arguments: list[str], folder: Path, sandbox: RunningSandbox) -> str:
    """Run a program against the sandbox and return what it writes to standard output."""
    variables = {"SEGMIND_API_KEY": sandbox.key, "SEGMIND_BASE_URL": sandbox.base_url}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def run_python(code: str, folder: Path, sandbox: RunningSandbox) -> None:
    """Run a Python block. Fail if it saves no video although it contains a ``save``."""
    run(["-c", code], folder, sandbox)
    assert ".save(" not in code or list(folder.glob("*.mp4")), "the block saved no video"


def run_command(line: str, request_id: str, folder: Path, sandbox: RunningSandbox) -> str:
    """Run one line of a shell block, or check it if it installs something, serves or takes long."""
    match shlex.split(line.removesuffix(" &").replace("REQUEST_ID", request_id), comments=True):
        case ["python", "-m", "pip", "install", "nox"]:
            return ""
        case ["python", "-m", "pip", "install", requirement]:
            assert_extras(requirement)
            return ""
        case ["python", "-m", "nox", "-s", *sessions]:
            assert_sessions(sessions)
            return ""
        case ["uvx", "--from", requirement, "segmind-ltx", command, *rest]:
            assert_extras(requirement)
        case ["segmind-ltx", command, *rest]:
            pass
        case _:
            pytest.fail(f"the test has no rule for this command: {line}")
    help_ = ["--help"] if command in ONLY_CHECKED else []
    return run(["-m", "segmind_ltx", command, *rest, *help_], folder, sandbox)


def assert_sessions(names: list[str]) -> None:
    """Fail if noxfile.py does not define one of the sessions."""
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    assert set(names) <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, names


def assert_extras(requirement: str) -> None:
    """Fail if pyproject.toml does not define one of the extras of ``.[a,b]``."""
    found = re.fullmatch(r"\.(?:\[(.*)\])?", requirement)
    assert found is not None, requirement
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set((found[1] or "").split(",")) - {""} <= set(project["optional-dependencies"]), requirement


def assert_shell_runs(block: str, folder: Path, sandbox: RunningSandbox) -> None:
    """Run the lines of a block in turn. ``REQUEST_ID`` stands for the id that ``submit`` printed."""
    (example,) = {block.text for block in BLOCKS if block.language == "json"}
    (folder / "jobs.jsonl").write_text(example, encoding="utf-8")
    request_id = ""
    for line in block.splitlines():
        output = run_command(line, request_id, folder, sandbox)
        request_id = output.strip() if " submit " in line else request_id


@pytest.mark.parametrize("block", PYTHON, ids=_name)
def test_python_block_runs(block: Block, tmp_path: Path, sandbox: RunningSandbox) -> None:
    """Each Python block is a whole program that works against the sandbox."""
    run_python(block.text, tmp_path, sandbox)


@pytest.mark.parametrize("block", SHELL, ids=_name)
def test_shell_block_runs(block: Block, tmp_path: Path, sandbox: RunningSandbox) -> None:
    """Each command works against the sandbox, or exists with the options shown."""
    assert_shell_runs(block.text, tmp_path, sandbox)


@pytest.mark.parametrize(
    "broken",
    [
        "from segmind_ltx import Klient",
        "from segmind_ltx import Client\nClient().submit('ltx-2-pro', prompt='x', duraton=6)",
        "video = None\nif video:\n    video.save('a.mp4')",
    ],
)
def test_python_block_broken_fails(broken: str, tmp_path: Path, sandbox: RunningSandbox) -> None:
    """A name, a parameter or a result that is no longer there fails the test above."""
    with pytest.raises(AssertionError):
        run_python(broken, tmp_path, sandbox)


@pytest.mark.parametrize(
    "broken",
    [
        "segmind-ltx modells",
        "segmind-ltx conformance --taget docs/targets/sandbox.toml",
        "python -m nox -s dmo",
        "python -m pip install '.[al]'",
        "uvx --from '.[cli,sandbox]' segmind-ltx dem",
        "make demo",
    ],
)
def test_shell_block_broken_fails(broken: str, tmp_path: Path, sandbox: RunningSandbox) -> None:
    """A command, an option, a session or an extra that does not exist fails the test above."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        assert_shell_runs(broken, tmp_path, sandbox)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Each relative link and picture is a file of the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if not ((ROOT / page).parent / link).is_file()] == []


def test_readme_is_short_and_in_order() -> None:
    """The README has at most 700 words: what it is, then try, use, money, suite, how."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) <= 700
    assert re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE) == [
        *("segmind-ltx", "Try", "Use", "Money", "Suite", "How")
    ]


def test_readme_says_what_was_never_tried() -> None:
    """The README says that the project is independent and was never run against the live service."""
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").replace(">", " ").split())
    assert "**Independent.** Neither Segmind nor Lightricks made, endorses or supports this project." in text
    assert "**Nothing in it was ever run against the live service**" in text
