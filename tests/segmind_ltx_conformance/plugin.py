"""Run the suite from pytest, with a test for each clause. Load the plugin by name, so that it affects no other run.

    pytest --pyargs segmind_ltx_conformance -p segmind_ltx_conformance.plugin --segmind-ltx-target target.toml

A test fails if a clause of grade D is broken or inconclusive. A broken clause of grade P is a warning, and a clause
that was not exercised is skipped. Nothing is sent before the first of these tests runs, so the options may stand in
``addopts``; only the clauses of collected tests are tested.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from segmind_ltx_conformance.checks import Check, Outcome
from segmind_ltx_conformance.har import read_recording
from segmind_ltx_conformance.report import RECORDING, write_reports
from segmind_ltx_conformance.report.document import Run, headline
from segmind_ltx_conformance.report.junit import check_lines
from segmind_ltx_conformance.report.text import one_line
from segmind_ltx_conformance.session import (
    RefusedError,
    RunOptions,
    Session,
    check_folder,
    judged,
    perform,
    prepare,
)
from segmind_ltx_spec import clauses

EXIT_INCONCLUSIVE: Final = 2
_RUN: Final = pytest.StashKey[Run]()
_FOLDER: Final = pytest.StashKey[Path]()
_INPUT: Final = "segmind_ltx_recording"
_NODE_ID: Final = re.compile(r"(?:^|/)test_conformance\.py::test_conformance\[(.+)\]$")


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
    group.addoption(
        "--segmind-ltx-require", metavar="NAME=VALUE", action="append", default=[], help="as --require of the command"
    )
    group.addoption("--segmind-ltx-known", metavar="TOML", help="list of known failures")
    group.addoption("--segmind-ltx-jobs", type=int, default=8, metavar="N", help="number of concurrent requests")
    group.addoption("--segmind-ltx-seed", type=int, default=0, metavar="N", help="same seed, same requests")


def pytest_configure(config: pytest.Config) -> None:
    """Keep our warnings as warnings even if the project turns warnings into errors."""
    config.addinivalue_line("filterwarnings", f"default::{__name__}.{ConformanceWarning.__name__}")


def clause_ids(config: pytest.Config) -> list[str]:
    """Return the ids of the selected clauses; none if there is no target. Sends nothing."""
    if config.option.segmind_ltx_target is None:
        return []
    session = _prepared(config, config.option.segmind_ltx_select)
    return [clause.id for clause in clauses(session.contract) if session.only is None or clause.id in session.only]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each pytest-xdist worker where the recording of the run will be."""
    if node.config.option.segmind_ltx_target is not None:
        node.workerinput[_INPUT] = str(_folder(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Perform the one run for all workers, since it may cost money. Each worker judges its recording."""
    if node.config.option.segmind_ltx_target is None or node.config.option.setuponly:
        return
    named = {match[1] for node_id in ids if (match := _NODE_ID.search(node_id))}
    if named:
        # A project may have a test of the same name; only its parameters tell them apart.
        collected = [clause for clause in clause_ids(node.config) if clause in named]
        if collected:
            the_run(node.config, collected)


def the_run(config: pytest.Config, collected: Collection[str]) -> Run:
    """Return the run, performing it on first use, for the clauses whose tests were collected.

    Call it only when a test runs: it may cost money.
    """
    if _RUN not in config.stash:
        every = len(collected) == len(clause_ids(config))
        session = _prepared(config, config.option.segmind_ltx_select if every else collected)
        try:
            config.stash[_RUN] = _run_or_read(config, session)
        except (RefusedError, OSError) as error:
            pytest.exit(f"segmind-ltx: {one_line(str(error), 2000)}", EXIT_INCONCLUSIVE)
    return config.stash[_RUN]


def _prepared(config: pytest.Config, select: Collection[str]) -> Session:
    try:
        return prepare(Path(config.option.segmind_ltx_target), _run_options(config, select))
    except (RefusedError, OSError) as error:
        pytest.exit(f"segmind-ltx: {error}", EXIT_INCONCLUSIVE)


def _run_options(config: pytest.Config, select: Collection[str]) -> RunOptions:
    return RunOptions(
        select=tuple(select),
        models=tuple(config.option.segmind_ltx_model),
        free=config.option.segmind_ltx_free,
        jobs=max(1, config.option.segmind_ltx_jobs),
        seed=config.option.segmind_ltx_seed,
        videos=not config.option.segmind_ltx_no_videos,
        require=tuple(config.option.segmind_ltx_require),
        known=Path(config.option.segmind_ltx_known) if config.option.segmind_ltx_known else None,
    )


def _run_or_read(config: pytest.Config, session: Session) -> Run:
    recorded_in: str | None = getattr(config, "workerinput", {}).get(_INPUT)
    if recorded_in is not None:
        recording = read_recording(Path(recorded_in, RECORDING))
        return judged(session, recording)
    folder = _folder(config)
    check_folder(folder)
    from segmind_ltx_conformance.prober import Interrupted

    try:
        run = perform(session, folder, _silent)
    except Interrupted as stopped:
        pytest.exit(
            f"segmind-ltx: {one_line(session.redact(str(stopped)), 2000)}; recording so far: {folder / RECORDING}",
            EXIT_INCONCLUSIVE,
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


def show(checks: Sequence[Check], run: Run) -> None:
    """End a test according to the outcomes of its checks: those of one clause, with each model."""
    failures: list[str] = []
    for check in checks:
        text = "\n".join(check_lines(check, run.recording))
        match check.outcome:
            case Outcome.FAILED | Outcome.ERROR:
                failures.append(f"{check.id}: {text}")
            case Outcome.INCONCLUSIVE if check.grade == "D":
                failures.append(f"{check.id}: inconclusive\n{text}")
            case Outcome.WARNED | Outcome.INCONCLUSIVE:
                warnings.warn(ConformanceWarning(f"{check.id}: {text}"), stacklevel=2)
            case Outcome.NOT_EXERCISED | Outcome.NOTED | Outcome.PASSED | Outcome.KNOWN:
                pass
    if failures:
        pytest.fail("\n\n".join(failures), pytrace=False)
    if listed := [check.detail for check in checks if check.outcome is Outcome.KNOWN]:
        pytest.xfail(one_line(listed[0], 2000))
    if all(check.outcome is Outcome.NOT_EXERCISED for check in checks):
        why = one_line(checks[0].detail, 2000) if checks else "the selected models do not exercise it"
        pytest.skip(f"not exercised: {why}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End with status 2 if the run is inconclusive, and with 1 if the list of known failures is stale."""
    run = session.config.stash.get(_RUN, None)
    if run is not None and session.exitstatus == pytest.ExitCode.OK and run.judgement.exit_status:
        session.exitstatus = run.judgement.exit_status


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the result in one line, and the path of the recording."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        terminalreporter.write_sep("-", "LTX conformance")
        terminalreporter.write_line(one_line(headline(run)))
        for sentence in (*run.judgement.unmet, *run.judgement.stale):
            terminalreporter.write_line(one_line(sentence, 600))
        terminalreporter.write_line(f"recording: {_folder(config) / RECORDING}")
