"""The command: its exit statuses, what it writes, and that it gives no key away."""

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
from segmind_ltx_conformance.recording import Recording, read_recording
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
    return CliRunner().invoke(conformance, [str(one) for one in arguments], env={"COLUMNS": "200"})


def _probing(monkeypatch: pytest.MonkeyPatch, probe: Callable[..., Recording]) -> None:
    monkeypatch.setattr(prober, "probe", probe)


def _sent(*_: Any) -> Recording:
    """Instead of the prober: a recording of a target that breaks what the documents say."""
    return recording()


def _said(result: Result, folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "target.toml"]
    return result.output + repr(result.exception) + "".join(path.read_text(encoding="utf-8") for path in files)


def test_a_server_that_keeps_the_documents_is_0_and_every_report_is_written(tmp_path: Path) -> None:
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


def test_a_server_that_does_not_is_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_what_cannot_run_is_2_says_why_and_sends_nothing(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Recording:
        raise AssertionError("something was sent")

    _probing(monkeypatch, never)
    monkeypatch.chdir(tmp_path)
    _profile(tmp_path)
    done = _call(*REFUSED[case])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_a_target_that_is_not_there_is_2(tmp_path: Path) -> None:
    profile = _profile(tmp_path, "http://127.0.0.1:9")
    done = _call("--target", profile, "--report", tmp_path / "out", "--free", "--select", "auth.missing-key")
    assert (done.exit_code, "does not answer" in done.stderr) == (2, True)


def test_a_budget_that_is_too_small_is_2(tmp_path: Path) -> None:
    done = _call("--target", _profile(tmp_path, more="[limits]\nmax_cost = 0.01\n"), "--report", tmp_path / "out")
    assert (done.exit_code, "budget" in done.stderr) == (2, True)


def test_a_report_that_cannot_be_written_at_the_end_is_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(*_: Any) -> Recording:
        (tmp_path / "out" / "junit.xml").mkdir()
        return recording()

    _probing(monkeypatch, spoil)
    done = _call("--target", _profile(tmp_path), "--report", tmp_path / "out")
    assert (done.exit_code, "could not be written" in done.stderr) == (2, True)
    assert (tmp_path / "out" / "recording.har").exists()  # It was paid for.


@pytest.mark.parametrize(("cause", "status"), [(None, 130), (ValueError("x"), 2)])
def test_whatever_ends_a_run_what_was_recorded_is_saved(
    cause: Exception | None, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: Any) -> Recording:
        raise prober.Interrupted(recording(), f"ended {KEYS['valid']}") from cause

    _probing(monkeypatch, end)
    done = _call("--target", _profile(tmp_path), "--report", tmp_path / "out")
    assert done.exit_code == status
    assert len(read_recording(tmp_path / "out" / "recording.har").exchanges) == len(recording().exchanges)
    assert KEYS["valid"] not in _said(done, tmp_path)


def test_a_suite_that_breaks_is_2_and_shows_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Recording:
        raise LookupError(f"what is {KEYS['valid']}?")

    _probing(monkeypatch, broken)
    done = _call("--target", _profile(tmp_path), "--report", tmp_path / "out")
    assert (done.exit_code, "LookupError: what is [valid key]?" in done.stderr) == (2, True)
    assert KEYS["valid"] not in _said(done, tmp_path)


def test_a_dry_run_lists_and_sends_nothing(tmp_path: Path) -> None:
    done = _call("--target", _profile(tmp_path), "--dry-run", "--select", "ltx-2-pro.duration.*")
    assert done.exit_code == 0
    assert "ltx-2-pro.duration.enum: " in done.stdout
    assert "ltx-2-fast.duration.enum" not in done.stdout
    assert "accepted jobs" in done.stdout


def test_a_recording_is_judged_again_without_a_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _probing(monkeypatch, _sent)
    assert _call("--target", _profile(tmp_path), "--report", tmp_path / "out").exit_code == 1
    first = json.loads((tmp_path / "out" / "report.json").read_text())
    done = _call("judge", tmp_path / "out" / "recording.har", "--report", tmp_path / "again")
    again = json.loads((tmp_path / "again" / "report.json").read_text())
    assert done.exit_code == 1
    assert again["checks"] == first["checks"]
    assert (again["summary"]["seed"], again["summary"]["seconds"]) == (None, None)
    assert not (tmp_path / "again" / "recording.har").exists()


def test_a_first_visit_leaves_a_ledger_that_no_other_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_clauses_are_selected_by_glob_part_and_model() -> None:
    known = clauses()
    assert selected(known, (), ()) is None
    assert selected(known, ("ltx-2-pro.duration.*",), ()) == selected(known, ("ltx-2-pro.duration",), ())
    wanted = frozenset(one.id for one in known if one.id.startswith("ltx-2-pro.") and one.id.endswith(".enum"))
    assert selected(known, ("*.enum",), ("ltx-2-pro",)) == wanted
    with pytest.raises(RefusedError, match="nonesuch"):
        selected(known, ("auth", "nonesuch"), ())


def test_the_stages_follow_from_the_selection(tmp_path: Path) -> None:
    session = prepare(_profile(tmp_path), RunOptions(select=("auth.messages-differ",)))
    assert session.prober_options.stages == {"missing-key", "wrong-key"}
    assert prepare(_profile(tmp_path), RunOptions()).prober_options.stages is None


def test_importing_the_package_is_light() -> None:
    script = (
        "import sys, segmind_ltx_conformance as a; print({'schemathesis', 'av', 'httpx', 'jinja2'} & {*sys.modules})"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "set()\n"
    )


@pytest.mark.parametrize("command", [["segmind_ltx"], ["segmind_ltx", "conformance"], ["segmind_ltx_conformance"]])
def test_it_is_a_command_of_both(command: list[str], tmp_path: Path) -> None:
    words = ["--help"] if command == ["segmind_ltx"] else ["judge", str(tmp_path / "none.har")]
    done = subprocess.run(
        [sys.executable, "-m", *command, *words], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    told = done.stdout if command == ["segmind_ltx"] else done.stderr
    assert (done.returncode, "conformance" in told or "none.har" in told) == (0 if "--help" in words else 2, True)
