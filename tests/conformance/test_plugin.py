"""Test the pytest plugin: each check is a test, and no untested clause is green."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.dom import minidom

import pytest

from segmind_ltx_conformance.checks import Check, Outcome
from segmind_ltx_conformance.plugin import ConformanceWarning, pytest_sessionfinish, show
from segmind_ltx_sandbox import VALID, Behaviour, ManualClock
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from segmind_ltx_spec import Contract, clauses_by_id
from support.made_up import run

CLAUSES = clauses_by_id()
Pytest = Callable[..., subprocess.CompletedProcess[str]]


class CountsRequests(Behaviour):
    """Counts every request to the API."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self.count = 0

    def intercept(self, request: ApiRequest) -> ApiResponse | None:
        """Count the request, and let it pass."""
        self.count += 1
        return super().intercept(request)


@pytest.fixture
def server() -> Generator[RunningSandbox]:
    """Yield a sandbox that counts its requests."""
    with running_sandbox(clock=ManualClock(), behaviour=CountsRequests) as sandbox:
        yield sandbox


def sent(server: RunningSandbox) -> int:
    """Return how many requests reached the API."""
    behaviour = server.state.behaviour
    assert isinstance(behaviour, CountsRequests)
    return behaviour.count


@pytest.fixture
def call(tmp_path: Path, server: RunningSandbox) -> Pytest:
    """Return a function that runs pytest in a folder with a profile of a sandbox."""
    profile = tmp_path / "target.toml"
    profile.write_text(f'base_url = "{server.base_url}"\n[keys]\nvalid = "{VALID}"\n[limits]\njob_timeout = 5\n')
    # A project may turn warnings into errors.
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

    def called(*arguments: str, suite: bool = True, all_plugins: bool = False) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        command += ["--pyargs", "segmind_ltx_conformance"] * suite
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        if not all_plugins:  # Loading those that happen to be installed takes longer than the test.
            clean["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            command += ["-p", "xdist.plugin"] * ("-n" in arguments)
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
        )

    return called


PLUGIN = ("-p", "segmind_ltx_conformance.plugin")
SMALL = ("--segmind-ltx-select", "status.unknown-model-is-404", "--segmind-ltx-select", "auth.messages-differ")
TARGET = (*PLUGIN, "--segmind-ltx-target", "target.toml", "--segmind-ltx-free", *SMALL)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_each_clause_is_a_test(call: Pytest, workers: list[str], tmp_path: Path) -> None:
    """Each clause is a pytest test, with one run for all workers, and no key is printed."""
    done = call(*TARGET, *workers, "--segmind-ltx-report", "out", "--junitxml", "pytest.xml", all_plugins=True)
    assert done.returncode == 0, done.stdout + done.stderr
    names = {
        case.getAttribute("name")
        for case in minidom.parse(str(tmp_path / "pytest.xml")).getElementsByTagName("testcase")  # noqa: S318  pytest's own
    }
    assert any(name.startswith("test_conformance[status.unknown-model-is-404") for name in names)
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"recording.har", "report.html"}
    assert "conforms: " in done.stdout
    assert VALID not in done.stdout + done.stderr


WITHOUT_A_RUN = {
    "fixtures": ["--fixtures", "--pyargs", "segmind_ltx_conformance"],
    "setup only": ["--setup-only", "--pyargs", "segmind_ltx_conformance"],
    "setup plan, two workers": ["--setup-plan", "--pyargs", "segmind_ltx_conformance", "-n", "2"],
    "nothing selected": ["-k", "nothing", "--pyargs", "segmind_ltx_conformance"],
    "collection": ["--collect-only", "--pyargs", "segmind_ltx_conformance"],
    "other tests, two workers": ["test_mine.py", "-n", "2"],
    "an error before": ["--maxfail=1", "test_broken.py", "--pyargs", "segmind_ltx_conformance"],
}


@pytest.mark.parametrize("kind", WITHOUT_A_RUN)
def test_options_in_addopts_send_nothing(call: Pytest, server: RunningSandbox, tmp_path: Path, kind: str) -> None:
    """With the plugin's options in ``addopts``, nothing is sent unless a conformance test really runs."""
    (tmp_path / "test_mine.py").write_text("def test_mine(): pass\n")
    (tmp_path / "test_broken.py").write_text("def test_broken(): assert False\n")
    options = " ".join([*PLUGIN, "--segmind-ltx-target", "target.toml"])
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {options}\n")
    done = call(*WITHOUT_A_RUN[kind], suite=False)
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert sent(server) == 0, done.stdout


def test_only_collected_clauses_are_tested(call: Pytest, server: RunningSandbox) -> None:
    """With ``-k`` only what the collected tests need is sent."""
    options = ("--segmind-ltx-target", "target.toml", "--segmind-ltx-free", "-k", "unknown-model-is-404")
    done = call(*PLUGIN, *options)
    assert done.returncode == 0, done.stdout
    assert 0 < sent(server) < 20
    assert list(server.state.jobs) == []


@pytest.mark.parametrize("arguments", [[], PLUGIN])
def test_missing_target_fails_with_a_hint(call: Pytest, arguments: list[str]) -> None:
    """Without the plugin or a target the single test fails and shows the command."""
    done = call(*arguments)
    assert (done.returncode, "--segmind-ltx-target target.toml" in done.stdout) == (1, True)


def test_pytest_exits_with_2_if_the_profile_is_missing(call: Pytest) -> None:
    """A missing profile ends pytest with 2 and without an internal error."""
    done = call(*PLUGIN, "--segmind-ltx-target", "none.toml")
    assert (done.returncode, "none.toml" in done.stdout + done.stderr) == (2, True)
    assert "INTERNALERROR" not in done.stdout


def test_unrequested_collection_is_skipped() -> None:
    """If pytest collects the package by chance, its test is skipped."""
    package = Path(str(sys.modules["segmind_ltx_conformance"].__file__)).parent
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",
        "-n",
        "0",
        "-rs",
        str(package / "test_conformance.py"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=package.parent)
    assert (done.returncode, "1 skipped" in done.stdout) == (0, True)


def _check(outcome: Outcome, clause: str = "job.final") -> Check:
    return Check(CLAUSES[clause], None, outcome, "because", (0,))


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.INCONCLUSIVE])
def test_failed_and_inconclusive_checks_fail(outcome: Outcome) -> None:
    """A failed or inconclusive check of grade D fails its test and shows a curl command."""
    with pytest.raises(pytest.fail.Exception, match="because") as caught:
        show([_check(outcome)], run())
    assert "curl" in str(caught.value)


@pytest.mark.parametrize(
    ("outcome", "clause"), [(Outcome.WARNED, "output.without-key"), (Outcome.INCONCLUSIVE, "auth.messages-differ")]
)
def test_checks_of_grade_p_give_warnings(outcome: Outcome, clause: str) -> None:
    """A broken or inconclusive check of grade P is a warning."""
    with pytest.warns(ConformanceWarning) as caught:
        show([_check(outcome, clause)], run())
    assert ["because" in str(warning.message) for warning in caught] == [True]


def test_unexercised_checks_are_skipped() -> None:
    """A check that was not exercised is skipped; passed and noted checks pass."""
    with pytest.raises(pytest.skip.Exception, match="because"):
        show([_check(Outcome.NOT_EXERCISED)], run())
    for outcome in (Outcome.PASSED, Outcome.NOTED):
        show([_check(outcome), _check(Outcome.NOT_EXERCISED)], run())


@pytest.mark.parametrize(("status", "ended"), [(0, 2), (1, 1)])
def test_inconclusive_run_is_not_green(status: int, ended: int) -> None:
    """An inconclusive run changes a green exit status of pytest to 2."""
    run_ = SimpleNamespace(judgement=SimpleNamespace(exit_status=2))

    def get(*_: object) -> object:
        return run_

    stash = SimpleNamespace(get=get)
    session: Any = SimpleNamespace(exitstatus=status, config=SimpleNamespace(stash=stash))
    pytest_sessionfinish(session)
    assert session.exitstatus == ended


def test_plugin_has_no_entry_point() -> None:
    """Without an entry point pytest loads the plugin only by name."""
    assert [warning for warning in entry_points(group="pytest11") if "segmind" in warning.value] == []
