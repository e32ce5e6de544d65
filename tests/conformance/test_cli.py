"""Test the command: its exit statuses and files, and that no output contains a key."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from segmind_ltx_conformance import prober
from segmind_ltx_conformance.cli import conformance
from segmind_ltx_conformance.har import read_recording
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.session import RefusedError, RunOptions, prepare, selected
from segmind_ltx_sandbox import SCENARIOS, ManualClock
from segmind_ltx_sandbox.testing import running_sandbox
from segmind_ltx_spec import clauses
from support.made_up import BASE, exchange, recording

KEYS = {scenario.name: scenario.key for scenario in SCENARIOS}


def _profile(folder: Path, base_url: str = BASE, more: str = "") -> Path:
    keys = "\n".join(f'{name} = "{key}"' for name, key in KEYS.items())
    path = folder / "target.toml"
    path.write_text(f'base_url = "{base_url}"\n[keys]\n{keys}\n{more}')
    return path


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(conformance, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def _probing(monkeypatch: pytest.MonkeyPatch, probe: Callable[..., Recording]) -> None:
    monkeypatch.setattr(prober, "probe", probe)


def _sent(*_: Any) -> Recording:
    """Replace the prober: return a recording of a target that breaks clauses."""
    return recording()


def _said(result: Result, folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "target.toml"]
    return result.output + repr(result.exception) + "".join(path.read_text(encoding="utf-8") for path in files)


def test_exit_status_is_0_if_the_target_conforms(tmp_path: Path) -> None:
    """A conforming server gives exit status 0 and every report, none of them with a key."""
    with running_sandbox(clock=ManualClock()) as sandbox:
        profile = _profile(tmp_path, sandbox.base_url, '[clock]\nadvance = "/_control/advance"\n')
        done = _call("--target", profile, "--report", tmp_path / "out", "--free", "--model", "ltx-2-fast")
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "recording.har",
        "report.json",
        "junit.xml",
        "report.html",
        "summary.svg",
    }
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["summary"]["jobs"], report["summary"]["exit_status"]) == (0, 0)
    assert {check["model"] for check in report["checks"]} <= {None, "ltx-2-fast"}
    assert [key for key in KEYS.values() if key in _said(done, tmp_path)] == []


def test_exit_status_is_1_if_a_clause_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken clause of grade D gives exit status 1 and is named on the console."""
    _probing(monkeypatch, _sent)
    done = _call("--target", _profile(tmp_path), "--report", tmp_path / "out")
    assert done.exit_code == 1
    assert "ltx-2-pro.duration.enum" in done.stdout
    assert "does not conform" in done.stdout.splitlines()[-1]


REFUSED = {
    "no target": ["--report", "out"],
    "no profile": ["--target", "none.toml"],
    "a filter that matches nothing": ["--target", "target.toml", "--select", "nonesuch.*"],
    "no such model": ["--target", "target.toml", "--model", "ltx-3"],
    "no such visit": ["--target", "target.toml", "--visit", "end"],
    "no such option": ["--target", "target.toml", "--selects", "x"],
    "a report that is a file": ["--target", "target.toml", "--report", "target.toml"],
    "nothing to resume": ["--target", "target.toml", "--visit", "resume"],
    "no recording": ["judge", "none.har"],
    "a recording that is none": ["judge", "target.toml"],
}


@pytest.mark.parametrize("case", REFUSED)
def test_exit_status_is_2_if_the_run_cannot_start(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad options end with 2 and a message, before anything is sent."""

    def never(*_: Any) -> Recording:
        raise AssertionError("something was sent")

    _probing(monkeypatch, never)
    monkeypatch.chdir(tmp_path)
    _profile(tmp_path)
    done = _call(*REFUSED[case])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_exit_status_is_2_if_the_target_is_down(tmp_path: Path) -> None:
    """A target that refuses connections ends the run with 2."""
    profile = _profile(tmp_path, "http://127.0.0.1:9")
    done = _call("--target", profile, "--report", tmp_path / "out", "--free", "--select", "auth.missing-key")
    assert (done.exit_code, "127.0.0.1:9" in done.stderr) == (2, True)


def test_exit_status_is_2_if_the_budget_is_too_small(tmp_path: Path) -> None:
    """A budget below the cheapest job ends the run with 2 before anything is sent."""
    done = _call("--target", _profile(tmp_path, more="[limits]\nmax_cost = 0.01\n"), "--report", tmp_path / "out")
    assert (done.exit_code, "budget" in done.stderr) == (2, True)


def test_exit_status_is_2_if_a_report_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a report cannot be written, the run ends with 2 and the recording is kept."""

    def spoil(*_: Any) -> Recording:
        (tmp_path / "out" / "junit.xml").mkdir()
        return recording()

    _probing(monkeypatch, spoil)
    done = _call("--target", _profile(tmp_path), "--report", tmp_path / "out")
    assert (done.exit_code, "could not be written" in done.stderr) == (2, True)
    assert (tmp_path / "out" / "recording.har").exists()  # It may have been paid for.


@pytest.mark.parametrize(("cause", "status"), [(None, 130), (ValueError("x"), 2)])
def test_recording_is_saved_if_the_run_is_interrupted(
    cause: Exception | None, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C (130) or a failure (2) the recording so far is saved, without a key."""

    def end(*_: Any) -> Recording:
        raise prober.Interrupted(recording(), f"ended {KEYS['valid']}") from cause

    _probing(monkeypatch, end)
    done = _call("--target", _profile(tmp_path), "--report", tmp_path / "out")
    assert done.exit_code == status
    assert len(read_recording(tmp_path / "out" / "recording.har").exchanges) == len(recording().exchanges)
    assert KEYS["valid"] not in _said(done, tmp_path)


def test_traceback_has_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the suite itself fails, the run ends with 2 and the traceback contains no key."""

    def broken(*_: Any) -> Recording:
        raise LookupError(f"what is {KEYS['valid']}?")

    _probing(monkeypatch, broken)
    done = _call("--target", _profile(tmp_path), "--report", tmp_path / "out")
    assert (done.exit_code, "LookupError: what is [valid key]?" in done.stderr) == (2, True)
    assert KEYS["valid"] not in _said(done, tmp_path)


def test_dry_run_lists_only_selected_clauses(tmp_path: Path) -> None:
    """A dry run lists the selected clauses and the number of jobs."""
    done = _call("--target", _profile(tmp_path), "--dry-run", "--select", "ltx-2-pro.duration.*")
    assert done.exit_code == 0
    assert "ltx-2-pro.duration.enum: " in done.stdout
    assert "ltx-2-fast.duration.enum" not in done.stdout
    assert "accepted jobs" in done.stdout


def test_judge_repeats_the_checks_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging the recording of a run gives the same checks, without a seed or a duration."""
    _probing(monkeypatch, _sent)
    assert _call("--target", _profile(tmp_path), "--report", tmp_path / "out").exit_code == 1
    first = json.loads((tmp_path / "out" / "report.json").read_text())
    done = _call("judge", tmp_path / "out" / "recording.har", "--report", tmp_path / "again")
    again = json.loads((tmp_path / "again" / "report.json").read_text())
    assert done.exit_code == 1
    assert again["checks"] == first["checks"]
    assert (again["summary"]["seed"], again["summary"]["seconds"]) == (None, None)
    assert not (tmp_path / "again" / "recording.har").exists()


def test_second_visit_continues_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first visit is never overwritten; a second one appends to it, for the same target only."""
    _probing(monkeypatch, _sent)
    wanted = ("--target", _profile(tmp_path), "--report", tmp_path / "out", "--visit")
    first = _call(*wanted, "start")
    assert (first.exit_code, "--visit resume" in first.stderr) == (1, True)
    assert _call(*wanted, "start").exit_code == 2

    def resume(_target: Any, _contract: Any, ledger: Recording, _progress: Any) -> Recording:
        return Recording(ledger.base_url, (*ledger.exchanges, exchange("GET", "/v2/requests/a", 200)), ledger.started)

    monkeypatch.setattr(prober, "resume", resume)
    assert _call(*wanted, "resume").exit_code == 1
    assert len(read_recording(tmp_path / "out" / "recording.har").exchanges) == len(recording().exchanges) + 1
    _profile(tmp_path, "http://127.0.0.1:1")
    assert "the target is http://127.0.0.1:1" in _call(*wanted, "resume").stderr


def test_selection_by_glob_part_and_model() -> None:
    """Clauses are selected by a glob, a part of the id, or a model; no match is an error."""
    known = clauses()
    assert selected(known, (), ()) is None
    assert selected(known, ("ltx-2-pro.duration.*",), ()) == selected(known, ("ltx-2-pro.duration",), ())
    wanted = frozenset(
        clause.id for clause in known if clause.id.startswith("ltx-2-pro.") and clause.id.endswith(".enum")
    )
    assert selected(known, ("*.enum",), ("ltx-2-pro",)) == wanted
    with pytest.raises(RefusedError, match="nonesuch"):
        selected(known, ("auth", "nonesuch"), ())


def test_stages_follow_from_the_selection(tmp_path: Path) -> None:
    """Only the stages that test the selected clauses run."""
    session = prepare(_profile(tmp_path), RunOptions(select=("auth.messages-differ",)))
    assert session.prober_options.stages == {"missing-key", "wrong-key"}
    assert prepare(_profile(tmp_path), RunOptions()).prober_options.stages is None


def test_import_loads_no_heavy_package() -> None:
    """Importing the package loads none of its large dependencies."""
    script = (
        "import sys, segmind_ltx_conformance as a; print({'schemathesis', 'av', 'httpx', 'jinja2'} & {*sys.modules})"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "set()\n"
    )


@pytest.mark.parametrize("command", [["segmind_ltx"], ["segmind_ltx", "conformance"], ["segmind_ltx_conformance"]])
def test_command_runs_as_a_module(command: list[str], tmp_path: Path) -> None:
    """The command is available on its own and as a subcommand of the client."""
    words = ["--help"] if command == ["segmind_ltx"] else ["judge", str(tmp_path / "none.har")]
    done = subprocess.run(
        [sys.executable, "-m", *command, *words], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    output = done.stdout if command == ["segmind_ltx"] else done.stderr
    assert (done.returncode, "conformance" in output or "none.har" in output) == (0 if "--help" in words else 2, True)
