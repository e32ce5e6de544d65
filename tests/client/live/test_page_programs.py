"""Run the programs of the five pages against the sandbox, if the pages are beside this checkout.

Only what a reader has to change is changed: the host, the key, the import, and JSON's ``true``, which one page pasted
into Python.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox

DOCUMENTS: Final = Path(__file__).parents[4] / "shared" / "documents"
PAGES: Final = ("000", "001", "002", "003", "004")
ONE_LINER: Final = re.compile(r"^# (result = segmind\.run\(.*\))$", re.MULTILINE)

pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the five pages are not beside this checkout")


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    """Yield a sandbox so fast that a job is done at its first poll, since the programs wait in real time."""
    with running_sandbox(speed=1e6) as running:
        yield running


def program_of(page: str) -> str:
    """Return the first program of a page, without the numbers of its lines."""
    lines = iter(next(DOCUMENTS.glob(f"{page}_*.txt")).read_text(encoding="utf-8").splitlines())
    found: list[str] = []
    for number in count(1):
        prefix = re.compile(rf" *{number}(?!\d)")
        line = next((line for line in lines if prefix.match(line)), None) if number == 1 else next(lines, "")
        if line is None or (match := prefix.match(line)) is None:
            return "\n".join(found) + "\n"
        code, end, _ = line[match.end() :].partition("print(response.text)")  # What follows it belongs to the page.
        found.append(code + end)
        if end:
            return "\n".join(found) + "\n"
    raise AssertionError("unreachable")


def adapted(program: str, server: RunningSandbox) -> str:
    """Return a program with the four changes."""
    program = program.replace("https://api.segmind.com", server.base_url).replace("YOUR_API_KEY", server.key)
    program = program.replace("from segmind import", "from segmind_ltx.compat import")
    return re.sub(r": true$", ": True", program, flags=re.MULTILINE)


def output_of(program: str, server: RunningSandbox) -> str:
    """Run a program and return what it printed; fail if it ended with an error or wrote one."""
    environment = {**os.environ, "SEGMIND_API_KEY": server.key, "SEGMIND_BASE_URL": server.base_url}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_program_of_page_runs(server: RunningSandbox, page: str) -> None:
    """The program of each page runs, and prints the location of a video of the sandbox."""
    printed = output_of(adapted(program_of(page), server), server)
    if page in {"000", "001", "002"}:
        assert json.loads(printed)["output"].startswith(f"{server.base_url}/outputs/")
    else:
        request_id, state, output = printed.split()
        assert request_id in {job.id for job in server.state.jobs}
        assert state == "COMPLETED"
        assert output.startswith(f"{server.base_url}/outputs/")


@pytest.mark.parametrize("page", ["003", "004"])
def test_one_liner_of_page_runs(server: RunningSandbox, page: str) -> None:
    """The one-liner that a page prints as a comment runs once its name is imported."""
    program, found = ONE_LINER.subn(r"\1", adapted(program_of(page), server))
    assert found == 1
    program = f"from segmind_ltx import compat as segmind\n{program}print(result['output'])\n"
    assert output_of(program, server).split()[-1].startswith(f"{server.base_url}/outputs/")
