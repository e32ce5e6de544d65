"""Test requirements, known failures, repeating what failed, and the comparison of two reports, through the command."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from segmind_ltx_conformance import prober
from segmind_ltx_conformance.cli import conformance
from segmind_ltx_conformance.prober import Options
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_sandbox import SCENARIOS, ManualClock
from segmind_ltx_sandbox.testing import running_sandbox
from support.made_up import BASE, recording

KEYS = {scenario.name: scenario.key for scenario in SCENARIOS}


def _profile(folder: Path, base_url: str = BASE, keys: tuple[str, ...] = tuple(KEYS), more: str = "") -> Path:
    path = folder / "target.toml"
    path.write_text(f'base_url = "{base_url}"\n{more}\n[keys]\n' + "".join(f'{k} = "{KEYS[k]}"\n' for k in keys))
    return path


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(conformance, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recording]:
    """Replace the prober by a recording of a server that breaks clauses."""

    def sent(*_: Any) -> Recording:
        return recording()

    monkeypatch.setattr(prober, "probe", sent)
    return sent


@pytest.mark.parametrize("command", [(), ("--require", "none"), ("--require", "min_exercised=0.5")])
def test_run_without_a_key(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A run without a key is inconclusive and says what to set, unless nothing is required."""
    with running_sandbox(clock=ManualClock()) as sandbox:
        done = _call("--target", _profile(tmp_path, sandbox.base_url, ()), "--report", tmp_path / "out", *command)
    summary = json.loads((tmp_path / "out" / "report.json").read_text())["summary"]
    assert f"{summary['tried']} of {summary['checks']} checks tried" in done.output
    if "none" in command:
        assert (done.exit_code, summary["unmet"]) == (0, [])
    else:
        assert (done.exit_code, summary["verdict"]) == (2, "inconclusive")
        assert "SEGMIND_LTX_KEY_VALID" in done.output
        assert len(summary["unmet"]) == len(command) // 2 + 1


@pytest.mark.parametrize("free", [("--free",), ()])
def test_run_with_a_wrong_key(tmp_path: Path, free: tuple[str, ...]) -> None:
    """A key that the server refuses is named as one that does not work; it blames no clause, and the run ends soon."""
    with running_sandbox(clock=ManualClock()) as sandbox:
        profile = _profile(tmp_path, sandbox.base_url, ())
        profile.write_text(profile.read_text() + 'valid = "SG_9999999999999999"\n')
        done = _call("--target", profile, "--report", tmp_path / "out", *free, "--model", "ltx-2-pro")
        assert len(sandbox.requests) < (200 if free else 40)
    assert done.exit_code == 2
    assert "the key for valid does not work: the responses were 401" in done.output
    assert "SG_9999999999999999" not in done.output
    outcomes = {check["outcome"] for check in json.loads((tmp_path / "out" / "report.json").read_text())["checks"]}
    assert outcomes <= {"passed", "inconclusive", "not exercised"}


def test_clause_of_a_weaker_grade_alone(tmp_path: Path) -> None:
    """If only a clause of a weaker grade was selected, it conforms by that, and the verdict says so."""
    with running_sandbox(clock=ManualClock()) as sandbox:
        profile = _profile(tmp_path, sandbox.base_url, ("valid",), '[clock]\nadvance = "/_control/advance"')
        done = _call("--target", profile, "--report", tmp_path / "out", "--select", "ltx-2-pro.video.frames")
    assert done.exit_code == 0, done.output
    assert "conforms: 1 of 1 checks tried, none of grade D" in done.output


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("keys=nobody", "no key is called nobody"),
        ("clauses=no.such", "no clause matches no.such"),
        ("min_exercised=2", "a share from 0 to 1"),
        ("min_exercised=much", "a share from 0 to 1"),
        ("share=0.5", "give keys=NAME"),
        ("keys", "give keys=NAME"),
    ],
)
def test_wrong_requirement_is_refused(tmp_path: Path, option: str, said: str) -> None:
    """A requirement that cannot be met by any run is refused before anything is sent."""
    done = _call("--target", _profile(tmp_path), "--dry-run", "--require", option)
    assert (done.exit_code, said in done.output) == (2, True)


@pytest.mark.parametrize(
    ("table", "said"),
    [("share = 1", "unknown: share"), ("keys = 1", "list of texts"), ("clauses = ['no.such']", "no.such")],
)
def test_wrong_table_is_refused(tmp_path: Path, table: str, said: str) -> None:
    """The table of a profile is checked like the option."""
    profile = _profile(tmp_path)
    profile.write_text(f"{profile.read_text()}\n[require]\n{table}\n")
    done = _call("--target", profile, "--dry-run")
    assert (done.exit_code, said in done.output) == (2, True)


@pytest.mark.usefixtures("broken")
def test_required_clause_has_to_be_tried(tmp_path: Path) -> None:
    """A required clause that was not exercised is named."""
    done = _call("--target", _profile(tmp_path), "--report", tmp_path / "out", "--require", "clauses=billing.*")
    assert "the required clause billing." in done.output


@pytest.mark.usefixtures("broken")
def test_known_failures_do_not_fail_the_run(tmp_path: Path) -> None:
    """A list that a run wrote makes the next run pass, until an entry ends, passes again, or matches nothing."""
    profile, known, out = _profile(tmp_path), tmp_path / "known.toml", tmp_path / "out"
    assert _call("--target", profile, "--report", out, "--write-known", known, "--require", "none").exit_code == 1
    entries = tomllib.loads(known.read_text())["known"]
    assert all(entry["reason"].startswith("to be explained") for entry in entries)
    done = _call("--target", profile, "--report", out, "--known", known, "--require", "none")
    summary = json.loads((out / "report.json").read_text())["summary"]
    assert (summary["failed"], summary["stale"]) == (0, [])
    assert summary["known"] >= len(entries) > 0
    assert (done.exit_code, "Known: listed failures" in done.output) == (0, True)
    for more, said in [
        ("until = 2020-01-01", "counted until 2020-01-01, and it still fails"),
        ("model = 'ltx-video'", "matches no check"),
    ]:
        first = f"[[known]]\nclause = '{entries[0]['clause']}'\nreason = 'x'\n{more}\n"
        rest = "".join(f"[[known]]\nclause = '{entry['clause']}'\nreason = 'y'\n" for entry in entries[1:])
        known.write_text(first + rest)
        done = _call("--target", profile, "--report", out, "--known", known, "--require", "none")
        assert done.exit_code == 1
        assert said in done.output


@pytest.mark.usefixtures("broken")
def test_mended_failure_fails_the_run(tmp_path: Path) -> None:
    """An entry whose clause passes has to be deleted."""
    profile, out = _profile(tmp_path), tmp_path / "out"
    _call("--target", profile, "--report", out, "--require", "none")
    report = json.loads((out / "report.json").read_text())
    passed = next(check["clause"] for check in report["checks"] if check["outcome"] == "passed")
    (tmp_path / "known.toml").write_text(f"[[known]]\nclause = '{passed}'\nreason = 'x'\n")
    done = _call("--target", profile, "--report", out, "--known", tmp_path / "known.toml", "--require", "none")
    assert f"the known failure {passed} passes: delete its entry" in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[known]]\nclause = 'no.such'\nreason = 'x'", "no clause matches no.such"),
        ("[[known]]\nclause = 'job.ends'", "reason is missing"),
        ("[[known]]\nclause = 'job.ends'\nreason = ' '", "reason is missing"),
        ("[[known]]\nclause = 'job.ends'\nreason = 'x'\nmodel = 'no'", "no model is called no"),
        ("[[known]]\nclause = 'job.ends'\nreason = 'x'\nuntil = 'soon'", "must be a day"),
        ("[[known]]\nclause = 'job.ends'\nreason = 'x'\nticket = 1", "unknown: ticket"),
        ("known = 1", "as a table"),
        ("[[known", "not TOML"),
    ],
)
def test_wrong_list_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A list of known failures with a mistake is refused before anything is sent, and the mistake is named."""
    (tmp_path / "known.toml").write_text(text)
    done = _call("--target", _profile(tmp_path), "--dry-run", "--known", tmp_path / "known.toml")
    assert (done.exit_code, said in done.output) == (2, True)


def test_failed_checks_are_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed in a report is selected, by its clauses, on every version."""
    seen: list[Options] = []

    def sent(_target: Any, _contract: Any, options: Options, *_: Any) -> Recording:
        seen.append(options)
        return recording()

    monkeypatch.setattr(prober, "probe", sent)
    profile, out = _profile(tmp_path), tmp_path / "out"
    _call("--target", profile, "--report", out, "--require", "none")
    report = out / "report.json"
    failed = {check["clause"] for check in json.loads(report.read_text())["checks"] if check["outcome"] == "failed"}
    done = _call("--target", profile, "--report", tmp_path / "again", "--failed", report, "--require", "none")
    assert done.exit_code == 1
    assert seen[1].clauses is not None
    assert failed <= seen[1].clauses
    assert seen[1].every_version


@pytest.mark.parametrize(("content", "said"), [("{}", "no report.json"), ("x", "not JSON"), (None, "No such file")])
def test_report_that_cannot_be_read(tmp_path: Path, content: str | None, said: str) -> None:
    """A file that is no report of this version is refused by both commands that read one."""
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content)
    for arguments in (("--target", _profile(tmp_path), "--failed", path), ("diff", path, path)):
        done = _call(*arguments)
        assert (done.exit_code, said in done.output) == (2, True), done.output


def test_reports_are_compared(tmp_path: Path) -> None:
    """The comparison names what broke, what was mended, and what was no longer tried."""
    outcomes = {
        "a": ("passed", "failed"),
        "b": ("failed", "passed"),
        "c": ("passed", "not exercised"),
        "d": ("noted", "noted"),
        "e": ("passed", "warned"),
        "f": ("warned", "passed"),
    }
    for place, name in enumerate(("old", "new")):
        checks = [
            {"id": i, "clause": i, "outcome": both[place], "detail": f"{i} {name}"} for i, both in outcomes.items()
        ]
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(json.dumps({"version": 2, "checks": checks}))
    done = _call("diff", tmp_path / "old", tmp_path / "new", "--json")
    assert done.exit_code == 1
    assert json.loads(done.output) == {
        "broken": ["a"],
        "warned": ["e"],
        "mended": ["b", "f"],
        "no_longer_tried": ["c"],
        "newly_tried": [],
    }
    assert "Newly broken (1)\n  a: a new" in _call("diff", tmp_path / "old", tmp_path / "new").output
    same = _call("diff", tmp_path / "old", tmp_path / "old")
    assert (same.exit_code, same.output.strip()) == (0, "no difference")
