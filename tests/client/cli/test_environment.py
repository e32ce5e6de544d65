"""The command line in odd environments: what was done decides, not what could be said about it.

The outcomes are the rows of ``docs/environment.md``; ``SEGMIND_LTX_ENVIRONMENT_TABLE`` names the file that gets them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from support.cli import Cli

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the environments are made with Linux")

SMALL = ("ltx-2-19b-t2v", "--prompt", "a prompt with 世界", "--width", "256", "--height", "256", "--num-frames", "4")
SUBMIT = ("submit", *SMALL)
GENERATE = ("generate", *SMALL, "--out", "a ☃.mp4")
NO_THREADS = """
import threading
def start(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = start
from segmind_ltx.__main__ import main
main()
"""
NO_TYPES = """
import mimetypes
mimetypes.knownfiles.clear()
mimetypes.types_map.clear()
mimetypes.guess_type = lambda *_: (None, None)
from segmind_ltx.__main__ import main
main()
"""


class Environment(NamedTuple):
    """A shell command around ``"$@"``, variables, and a program in place of ``-m segmind_ltx``."""

    shell: str = '"$@"'
    variables: dict[str, str] = {}  # noqa: RUF012 - nothing changes it
    program: str | None = None


ENVIRONMENTS: dict[str, Environment] = {
    "standard output closed": Environment('"$@" >&-'),
    "standard output full": Environment('"$@" >/dev/full'),
    "standard output a broken pipe": Environment('exec 3>&1; { "$@"; echo $? >&3; } | true; read -r s <&3 || exit 0'),
    "standard error closed": Environment('"$@" 2>&-'),
    "standard error full": Environment('"$@" 2>/dev/full'),
    "standard input closed": Environment('"$@" <&-'),
    "all streams closed": Environment('"$@" <&- >&- 2>&-'),
    "ASCII streams": Environment(variables={"PYTHONIOENCODING": "ascii"}),
    "strict code page 1252": Environment(variables={"PYTHONIOENCODING": "cp1252:strict"}),
    "locale C without UTF-8 mode": Environment(
        variables={"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ),
    "no home": Environment('unset HOME; "$@"'),
    "home that does not exist": Environment(variables={"HOME": "/nonexistent"}),
    "no threads": Environment(program=NO_THREADS),
    "no table of media types": Environment(program=NO_TYPES),
    "forced colours": Environment(variables={"FORCE_COLOR": "1"}),
    "no file of certificates": Environment(
        variables={"SSL_CERT_FILE": "/nonexistent.pem", "SSL_CERT_DIR": "/nonexistent"}
    ),
    "a proxy that refuses": Environment(variables={"ALL_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}),
    "a proxy of an unknown kind": Environment(variables={"ALL_PROXY": "socks://127.0.0.1:9", "NO_PROXY": ""}),
    "a SOCKS proxy": Environment(variables={"ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": ""}),
    "a proxy with a bad port": Environment(variables={"HTTP_PROXY": "http://127.0.0.1:port", "NO_PROXY": ""}),
    "an odd NO_PROXY": Environment(variables={"NO_PROXY": "[::1],*.,,::,http://x y"}),
    "state folder that cannot be written": Environment(variables={"XDG_STATE_HOME": "/proc"}),
    "state folder that is full": Environment(variables={"XDG_STATE_HOME": "/dev/full"}),
    "ledger that cannot be written": Environment(variables={"SEGMIND_LEDGER": "/proc/jobs.sqlite"}),
    "temporary folder that does not exist": Environment(variables={"TMPDIR": "/nonexistent"}),
    "unknown locale": Environment(variables={"LANG": "xx_YY.UTF-8", "LC_ALL": "xx_YY.UTF-8"}),
    "unknown terminal": Environment(variables={"TERM": "no-such-terminal", "COLUMNS": "0"}),
    "nonsense in COLUMNS": Environment(variables={"COLUMNS": "wide"}),
}
# What comes of submit and of generate: the exit status, and if a job was paid for.
DONE = {"submit": (0, True), "generate": (0, True)}
OUTCOMES: dict[str, dict[str, tuple[int, bool]]] = {
    "standard output full": {"submit": (1, True), "generate": (1, True)},
    "no threads": {"submit": (1, False), "generate": (1, False)},
    "ledger that cannot be written": {"submit": (2, False), "generate": (2, False)},
}


@pytest.fixture(scope="module")
def fast_sandbox() -> Generator[RunningSandbox]:
    with running_sandbox(speed=1000) as sandbox:
        yield sandbox


@pytest.fixture
def cli(fast_sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run commands in processes of their own, which have no clock but the system's."""
    monkeypatch.chdir(tmp_path)
    return Cli(fast_sandbox, tmp_path)


WHOLE = "SEGMIND_LTX_ENVIRONMENT_TABLE" in os.environ
"""Whether every call runs in every environment; otherwise the calls take turns."""
PRINTING = [name for name in ENVIRONMENTS if name.startswith(("standard output", "ASCII", "strict", "all"))]
PAID = [
    *(
        (name, command, as_json)
        for number, name in enumerate(ENVIRONMENTS)
        for turn, (command, as_json) in enumerate((("submit", False), ("generate", True)))
        if WHOLE or number % 2 == turn
    ),
    *((name, "submit", True) for name in PRINTING),
]


@pytest.mark.parametrize(("name", "command", "as_json"), PAID)
def test_paid_command_in_environment(cli: Cli, name: str, command: str, as_json: bool) -> None:
    """The job is made, its id is said and its video is saved; or nothing is paid for. Never a traceback."""
    environment = ENVIRONMENTS[name]
    known = {job.id for job in cli.sandbox.state.jobs}
    done = _run(cli, environment, *(GENERATE if command == "generate" else SUBMIT), *(["--json"] if as_json else []))
    status, paid = OUTCOMES.get(name, DONE)[command]
    jobs = [job.id for job in cli.sandbox.state.jobs if job.id not in known]
    _report(name, command, status, paid)
    assert (done.returncode, len(jobs)) == (status, int(paid)), done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "\x1b[?25l" not in done.stderr  # Bars hide the cursor.
    if jobs and "standard error" not in name and "all streams" not in name:
        assert jobs[0] in done.stderr
    elif jobs and "all streams" not in name:
        assert jobs[0] in done.stdout
    if paid and command == "generate":
        assert (cli.folder / "a ☃.mp4").read_bytes()[4:8] == b"ftyp"


SUITE = ("conformance", "--target", "target.toml", "--free", "--select", "auth.missing-key", "--report", "out")
FREE: dict[str, tuple[str, ...]] = {"models": ("models",), "help": ("--help",), "models as JSON": ("models", "--json")}


READ = [
    (name, command)
    for number, name in enumerate(ENVIRONMENTS)
    for turn, command in enumerate(FREE)
    if name != "standard output full" and (WHOLE or number % (2 * len(FREE)) == turn)
]


@pytest.mark.parametrize(("name", "command"), READ)
def test_free_command_in_environment(cli: Cli, name: str, command: str) -> None:
    """A command that only prints ends without a traceback."""
    done = _run(cli, ENVIRONMENTS[name], *FREE[command])
    _report(name, command, done.returncode, paid=False)
    assert done.returncode in ({0} if command != "help" else {0, 1}), done.stderr
    assert "Traceback" not in done.stderr


JUDGED = [name for number, name in enumerate(ENVIRONMENTS) if WHOLE or number % 8 == 0]


@pytest.mark.parametrize("name", JUDGED)
def test_suite_in_environment(cli: Cli, name: str) -> None:
    """The suite writes its report first: the exit status and the verdict are those of the server."""
    (cli.folder / "target.toml").write_text(
        f'base_url = "{cli.sandbox.base_url}"\n[keys]\nvalid = "{cli.sandbox.key}"\n'
    )
    known = len(cli.sandbox.state.jobs)
    done = _run(cli, ENVIRONMENTS[name], *SUITE)
    _report(name, "conformance", done.returncode, paid=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert len(cli.sandbox.state.jobs) == known
    report = json.loads((cli.folder / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["summary"]["verdict"] == "conforms"


def test_first_line_is_enough(cli: Cli) -> None:
    """A reader that takes one line of many does not change the exit status."""
    shell = 'set -o pipefail; "$@" | head -n 1'
    done = _run(cli, Environment(shell), "models")
    assert (done.returncode, done.stderr) == (0, "")


def test_read_only_folder(cli: Cli) -> None:
    """A folder that cannot be written is found before anything is paid for."""
    if os.geteuid() == 0:
        target = "/proc/a.mp4"  # Root may write to every other folder.
    else:
        (cli.folder / "closed").mkdir(mode=0o500)
        target = "closed/a.mp4"
    before = cli.posts
    done = cli("generate", *SMALL, "--out", target)
    assert (done.exit_code, cli.posts) == (2, before)
    assert "--out" in done.stderr


def test_file_size_limit(cli: Cli) -> None:
    """If the disk takes no more, the job's id and the video's address are said."""

    # In the program itself: code that runs between fork and exec can hang in a process with threads.
    limit = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)); "
    program = f"{limit}runpy.run_module('segmind_ltx', run_name='__main__')"
    # Coverage writes a file at exit, which this limit stops too.
    limited = Environment('unset COVERAGE_PROCESS_CONFIG COVERAGE_PROCESS_START; "$@"', program=program)
    done = _run(cli, limited, *GENERATE)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "segmind-ltx fetch" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in cli.folder.iterdir()] == []


def _run(cli: Cli, environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = ["-m", "segmind_ltx"] if environment.program is None else ["-c", environment.program]
    variables: dict[str, Any] = {**os.environ, **cli.env, "COLUMNS": "200", **environment.variables}
    return subprocess.run(
        ["bash", "-c", environment.shell, "bash", sys.executable, *program, *arguments],
        cwd=cli.folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        check=False,
    )


def _report(name: str, command: str, status: int, paid: bool) -> None:
    path = os.environ.get("SEGMIND_LTX_ENVIRONMENT_TABLE")
    if path:
        row = {"environment": name, "call": f"`{command}`", "status": status, "paid": paid}
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
