"""The pytest plugin: each check is a test, and nothing is green that was not tried."""

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
from segmind_ltx_sandbox import VALID, ManualClock
from segmind_ltx_sandbox.testing import running_sandbox
from segmind_ltx_spec import clauses_by_id
from support.made_up import run

CLAUSES = clauses_by_id()
Pytest = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(tmp_path: Path) -> Generator[Pytest]:
    """Runs pytest in a folder of its own, where a profile of the sandbox is."""
    with running_sandbox(clock=ManualClock()) as sandbox:
        profile = tmp_path / "target.toml"
        profile.write_text(f'base_url = "{sandbox.base_url}"\n[keys]\nvalid = "{VALID}"\n[limits]\njob_timeout = 5\n')
        # Whatever a project says of warnings, of its plugins and of how many workers it likes.
        (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

        def called(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pyargs", "segmind_ltx_conformance"]
            clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
            return subprocess.run(
                [*command, *arguments], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
            )

        yield called


PLUGIN = ("-p", "segmind_ltx_conformance.plugin")
SMALL = ("--segmind-ltx-select", "status.unknown-model-is-404", "--segmind-ltx-select", "auth.messages-differ")
TARGET = (*PLUGIN, "--segmind-ltx-target", "target.toml", "--segmind-ltx-free", *SMALL)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_each_check_is_a_test_and_the_run_is_one(call: Pytest, workers: list[str], tmp_path: Path) -> None:
    done = call(*TARGET, *workers, "--segmind-ltx-report", "out", "--junitxml", "pytest.xml")
    assert done.returncode == 0, done.stdout + done.stderr
    names = {
        case.getAttribute("name")
        for case in minidom.parse(str(tmp_path / "pytest.xml")).getElementsByTagName("testcase")  # noqa: S318  pytest's own
    }
    assert any(name.startswith("test_conformance[status.unknown-model-is-404") for name in names)
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"recording.har", "report.html"}
    assert "conforms: " in done.stdout
    assert VALID not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [[], PLUGIN])
def test_without_plugin_or_target_it_says_what_to_do_and_is_not_green(call: Pytest, arguments: list[str]) -> None:
    done = call(*arguments)
    assert (done.returncode, "--segmind-ltx-target target.toml" in done.stdout) == (1, True)


def test_what_cannot_run_is_2(call: Pytest) -> None:
    done = call(*PLUGIN, "--segmind-ltx-target", "none.toml")
    assert (done.returncode, "none.toml" in done.stdout + done.stderr) == (2, True)
    assert "INTERNALERROR" not in done.stdout


def test_a_folder_that_is_collected_by_the_way_is_skipped() -> None:
    package = Path(str(sys.modules["segmind_ltx_conformance"].__file__)).parent
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", str(package / "test_conformance.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=package.parent)
    assert (done.returncode, "1 skipped" in done.stdout) == (0, True)


def _check(outcome: Outcome, clause: str = "job.ends") -> Check:
    return Check(CLAUSES[clause], None, outcome, "because", (0,))


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.INCONCLUSIVE])
def test_what_is_broken_or_not_to_be_told_fails(outcome: Outcome) -> None:
    with pytest.raises(pytest.fail.Exception, match="because") as caught:
        show(_check(outcome), run())
    assert "curl" in str(caught.value)


@pytest.mark.parametrize(
    ("outcome", "clause"), [(Outcome.WARNED, "job.ends"), (Outcome.INCONCLUSIVE, "auth.messages-differ")]
)
def test_what_only_others_promise_is_a_warning(outcome: Outcome, clause: str) -> None:
    with pytest.warns(ConformanceWarning) as caught:
        show(_check(outcome, clause), run())
    assert ["because" in str(one.message) for one in caught] == [True]


def test_what_was_not_exercised_is_skipped_and_the_rest_passes() -> None:
    with pytest.raises(pytest.skip.Exception, match="because"):
        show(_check(Outcome.NOT_EXERCISED), run())
    for outcome in (Outcome.PASSED, Outcome.NOTED):
        show(_check(outcome), run())


@pytest.mark.parametrize(("status", "ended"), [(0, 2), (1, 1)])
def test_a_run_that_could_not_tell_is_not_green(status: int, ended: int) -> None:
    told = SimpleNamespace(judgement=SimpleNamespace(exit_status=2))

    def get(*_: object) -> object:
        return told

    stash = SimpleNamespace(get=get)
    session: Any = SimpleNamespace(exitstatus=status, config=SimpleNamespace(stash=stash))
    pytest_sessionfinish(session)
    assert session.exitstatus == ended


def test_it_loads_in_nobody_elses_runs() -> None:
    assert [one for one in entry_points(group="pytest11") if "segmind" in one.value] == []
