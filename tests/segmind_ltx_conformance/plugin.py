"""Run each check as a pytest test. Load the plugin by name, so that it affects no other test run.

    pytest --pyargs segmind_ltx_conformance -p segmind_ltx_conformance.plugin --segmind-ltx-target target.toml

A test fails if a clause of grade D is broken or inconclusive. A broken clause of grade P is a warning, and a clause
that was not exercised is skipped.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any, Final

import pytest

from segmind_ltx_conformance.checks import Check, Outcome
from segmind_ltx_conformance.har import read_recording
from segmind_ltx_conformance.report import RECORDING, write_reports
from segmind_ltx_conformance.report.document import Run, headline
from segmind_ltx_conformance.report.junit import check_lines
from segmind_ltx_conformance.report.spending import spent
from segmind_ltx_conformance.session import (
    RefusedError,
    RunOptions,
    Session,
    check_folder,
    judge_selected,
    perform,
    prepare,
)

EXIT_INCONCLUSIVE: Final = 2
_RUN: Final = pytest.StashKey[Run]()
_FOLDER: Final = pytest.StashKey[Path]()
_INPUT: Final = "segmind_ltx_recording"


class ConformanceWarning(UserWarning):
    """A broken or inconclusive clause that the five documents do not state, but other sources do."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the command that apply to pytest."""
    group = parser.getgroup("segmind-ltx", "conformance of a server with the LTX video models")
    group.addoption("--segmind-ltx-target", metavar="TOML", help="the profile of the server")
    group.addoption("--segmind-ltx-report", metavar="FOLDER", help="folder for the reports; none by default")
    group.addoption("--segmind-ltx-select", metavar="GLOB", action="append", default=[], help="select clauses by id")
    group.addoption("--segmind-ltx-model", metavar="SLUG", action="append", default=[], help="select models")
    group.addoption("--segmind-ltx-free", action="store_true", help="send nothing that a conforming server would bill")
    group.addoption("--segmind-ltx-no-videos", action="store_true", help="download no video")
    group.addoption("--segmind-ltx-jobs", type=int, default=8, metavar="N", help="number of concurrent requests")
    group.addoption("--segmind-ltx-seed", type=int, default=0, metavar="N", help="same seed, same requests")


def pytest_configure(config: pytest.Config) -> None:
    """Keep our warnings as warnings even if the project turns warnings into errors."""
    config.addinivalue_line("filterwarnings", f"default::{__name__}.{ConformanceWarning.__name__}")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Run the suite before collection, because the tests to collect depend on its checks."""
    the_run(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Share one run among all pytest-xdist workers, since it may cost money; each worker judges its recording."""
    if the_run(node.config) is not None:
        node.workerinput[_INPUT] = str(_folder(node.config))


def the_run(config: pytest.Config) -> Run | None:
    """Return the run, performing it on first use; None if there is no target or pytest only collects."""
    profile: str | None = config.option.segmind_ltx_target
    if profile is None or config.option.collectonly:
        return None
    if _RUN not in config.stash:
        try:
            config.stash[_RUN] = _run_or_read(config, prepare(Path(profile), _run_options(config)))
        except (RefusedError, OSError) as error:
            pytest.exit(f"segmind-ltx: {error}", EXIT_INCONCLUSIVE)
    return config.stash[_RUN]


def _run_options(config: pytest.Config) -> RunOptions:
    return RunOptions(
        select=tuple(config.option.segmind_ltx_select),
        models=tuple(config.option.segmind_ltx_model),
        free=config.option.segmind_ltx_free,
        jobs=max(1, config.option.segmind_ltx_jobs),
        seed=config.option.segmind_ltx_seed,
        videos=not config.option.segmind_ltx_no_videos,
    )


def _run_or_read(config: pytest.Config, session: Session) -> Run:
    recorded_in: str | None = getattr(config, "workerinput", {}).get(_INPUT)
    if recorded_in is not None:
        recording = read_recording(Path(recorded_in, RECORDING))
        judgement = judge_selected(recording, session.contract, session.only, session.options.models)
        return Run(recording, judgement, spent(recording, session.contract), session.options.seed)
    folder = _folder(config)
    check_folder(folder)
    from segmind_ltx_conformance.prober import Interrupted

    try:
        run = perform(session, folder, _silent)
    except Interrupted as stopped:
        pytest.exit(
            f"segmind-ltx: {session.redact(str(stopped))}; recording so far: {folder / RECORDING}", EXIT_INCONCLUSIVE
        )
    if config.option.segmind_ltx_report:
        write_reports(folder, run)
    return run


def _folder(config: pytest.Config) -> Path:
    """Return the report folder, or a temporary one: a recording that was paid for is always kept."""
    if _FOLDER not in config.stash:
        given: str | None = config.option.segmind_ltx_report
        config.stash[_FOLDER] = Path(given or tempfile.mkdtemp(prefix="segmind-ltx-"))
    return config.stash[_FOLDER]


def _silent(*_: object) -> None:
    """Show no progress: pytest uses the terminal."""


def show(check: Check, run: Run) -> None:
    """End a test according to the outcome of its check."""
    text = "\n".join(check_lines(check, run.recording))
    match check.outcome:
        case Outcome.FAILED | Outcome.ERROR:
            pytest.fail(text, pytrace=False)
        case Outcome.INCONCLUSIVE if check.clause.grade == "D":
            pytest.fail(f"inconclusive\n{text}", pytrace=False)
        case Outcome.WARNED | Outcome.INCONCLUSIVE:
            warnings.warn(ConformanceWarning(f"{check.id}: {text}"), stacklevel=2)
        case Outcome.NOT_EXERCISED:
            pytest.skip(check.detail)
        case Outcome.NOTED | Outcome.PASSED:
            pass


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End with status 2 if the run is inconclusive."""
    run = session.config.stash.get(_RUN, None)
    if run is not None and session.exitstatus == pytest.ExitCode.OK and run.judgement.exit_status == EXIT_INCONCLUSIVE:
        session.exitstatus = EXIT_INCONCLUSIVE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the result in one line, and the path of the recording."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        terminalreporter.write_sep("-", "LTX conformance")
        terminalreporter.write_line(headline(run))
        terminalreporter.write_line(f"recording: {_folder(config) / RECORDING}")
