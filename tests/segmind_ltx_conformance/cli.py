"""Provide the command ``segmind-ltx conformance``.

Exit status: 0 if the target conforms, 1 if it does not, 2 if the run failed or is inconclusive, 130 if interrupted.

More than 250 lines, since each option is declared with its help.
"""

from __future__ import annotations

import importlib.util
import json
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from segmind_ltx_conformance.checks import Outcome
from segmind_ltx_conformance.earlier import ReportError, compare, failed_in, read_report
from segmind_ltx_conformance.known import written
from segmind_ltx_conformance.report.document import Run
from segmind_ltx_conformance.report.files import write_atomically
from segmind_ltx_conformance.report.streams import consoles
from segmind_ltx_conformance.session import (
    RefusedError,
    RunOptions,
    Session,
    check_folder,
    judge_file,
    perform,
    prepare,
)

# Check for missing packages now rather than in the middle of a run that costs money.
for _name in ("av", "httpx", "jinja2", "jsonschema", "schemathesis", "yaml"):
    if importlib.util.find_spec(_name) is None:
        raise ImportError(f"no module named {_name}", name=_name)

EXIT_INCONCLUSIVE: Final = 2
EXIT_INTERRUPTED: Final = 130

conformance: typer.Typer = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Check a server against the documents, clause by clause. Costs money if the server bills.",
    epilog="Exit status: 0 if every documented clause that was tested holds, 1 if one is broken, 2 if the run failed "
    "or is inconclusive, 130 if interrupted.",
)


@conformance.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    target: Annotated[Path | None, typer.Option(help="Profile of the server, a TOML file.")] = None,
    report: Annotated[Path, typer.Option(help="Folder for the recording and the reports.")] = Path(
        "conformance-report"
    ),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List checks, requests and cost; send nothing.")] = False,
    free: Annotated[bool, typer.Option("--free", help="Send nothing that a conforming server would bill.")] = False,
    select: Annotated[list[str] | None, typer.Option(help="Select clauses by a glob or a part of the id.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Select models by slug.")] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop after the first stage with an unexpected response.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Number of concurrent requests.")] = 8,
    seed: Annotated[int, typer.Option(help="The same seed gives the same requests.")] = 0,
    no_videos: Annotated[bool, typer.Option("--no-videos", help="Download no video.")] = False,
    require: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="keys=NAME, clauses=GLOB, min_exercised=SHARE, or none; repeatable."),
    ] = None,
    known: Annotated[
        Path | None, typer.Option(help="List of known failures, a TOML file; they do not fail the run.")
    ] = None,
    write_known: Annotated[
        Path | None, typer.Option("--write-known", help="Write the failures of this run as a list for --known.")
    ] = None,
    failed: Annotated[
        Path | None, typer.Option("--failed", help="Select the clauses and models that failed in this report.json.")
    ] = None,
    visit: Annotated[
        str | None,
        typer.Option(metavar="start|resume", help="Test retention in two visits if the target has no clock control."),
    ] = None,
) -> None:
    """Check a server against the documents, clause by clause."""
    if context.invoked_subcommand is not None:
        return
    out, err = consoles()
    redact: list[Callable[[str], str]] = []
    with _exit_on_error(err, redact):
        if target is None:
            raise RefusedError(
                "--target is missing: name the profile of the server, a TOML file; see docs/conformance.md"
            )
        again = failed_in(failed) if failed is not None else None
        if again is not None and (select or model):
            raise RefusedError("--failed selects the clauses itself: leave out --select and --model")
        options = RunOptions(
            select=tuple(again.clauses if again else select or ()),
            models=tuple(again.models if again else model or ()),
            every_version=again is not None,
            require=tuple(require or ()),
            known=known,
            free=free,
            fail_fast=fail_fast,
            jobs=jobs,
            seed=seed,
            videos=not no_videos,
            visit=visit,
        )
        session = prepare(target, options)
        redact.append(session.redact)
        if dry_run:
            _print_plan(out, session)
            return
        check_folder(report, visit)
        if write_known is not None:
            check_folder(write_known.parent)
        _report(session, report, out, err, write_known)


@conformance.command("judge")
def judge_trace(
    trace: Annotated[Path, typer.Argument(help="A HAR file: recording.har of a run, or recorded traffic.")],
    base_url: Annotated[str | None, typer.Option(help="Base URL of the API, if the file does not name it.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for the reports; without it none is written.")] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="keys=NAME, clauses=GLOB or min_exercised=SHARE; repeatable."),
    ] = None,
    known: Annotated[
        Path | None, typer.Option(help="List of known failures, a TOML file; they do not fail the run.")
    ] = None,
) -> None:
    """Judge a recording. Nothing is sent."""
    from segmind_ltx_conformance.report import write_reports
    from segmind_ltx_conformance.report.console import print_report

    out, err = consoles()
    with _exit_on_error(err, []):
        if report is not None:
            check_folder(report)
        judged = judge_file(trace, base_url, require or (), known)
        # Write first: the reader of the output may be gone.
        if report is not None:
            write_reports(report, judged)
        print_report(out, judged)
        _tell_github(judged, out)
        raise typer.Exit(judged.judgement.exit_status)


@conformance.command("diff")
def diff_reports(
    old: Annotated[Path, typer.Argument(help="report.json of the earlier run.")],
    new: Annotated[Path, typer.Argument(help="report.json of the later run.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compare two reports: what broke, what was mended, and what was no longer tried.

    Exit status: 0 if nothing broke and everything was tried again, 1 otherwise, 2 if a report cannot be read.
    """
    out, err = consoles()
    with _exit_on_error(err, []):
        difference = compare(read_report(old), read_report(new))
        for line in [json.dumps(difference.as_data())] if as_json else difference.lines():
            out.print(line, soft_wrap=True, highlight=False, markup=False)
        raise typer.Exit(difference.exit_status)


def _print_plan(out: Console, session: Session) -> None:
    from segmind_ltx_conformance.prober import CannotRunError, plan
    from segmind_ltx_conformance.report.dry_run import print_plan
    from segmind_ltx_spec import clauses

    try:
        run_plan = plan(session.target, session.contract, session.prober_options)
    except CannotRunError as error:
        raise RefusedError(str(error)) from None
    every_clause = clauses(session.contract)
    print_plan(
        out,
        run_plan,
        session.contract,
        [clause for clause in every_clause if session.only is None or clause.id in session.only],
    )


def _report(session: Session, folder: Path, out: Console, err: Console, write_known: Path | None) -> None:
    from segmind_ltx_conformance.prober import Interrupted
    from segmind_ltx_conformance.report import RECORDING, write_reports
    from segmind_ltx_conformance.report.console import print_report

    try:
        with _progress(err) as progress:
            done = perform(session, folder, progress)
    except Interrupted as stopped:
        # If the prober failed, the exception has a cause; after Ctrl-C it has none.
        failed = stopped.__cause__ is not None
        saved = f"the recording so far is {folder / RECORDING}; judge it with: segmind-ltx conformance judge"
        _print_err(err, f"{session.redact(str(stopped))}; {saved}")
        raise typer.Exit(EXIT_INCONCLUSIVE if failed else EXIT_INTERRUPTED) from None
    # Write first: the reader of the output may be gone.
    write_reports(folder, done)
    print_report(out, done)
    _tell_github(done, out)
    _print_err(err, f"report: {folder / 'report.html'}")
    if write_known is not None:
        text = written(done.judgement, done.recording.base_url, date.today(), session.known)
        write_atomically(write_known, text)
        count = len(done.judgement.having(Outcome.FAILED, Outcome.KNOWN))
        advice = f"{count} listed; give each a reason, then: --known {write_known}" if count else "nothing failed"
        _print_err(err, f"known failures: {write_known}: {advice}")
    if session.options.visit == "start":
        _print_err(err, "run again with --visit resume, 50 and then 61 minutes after the jobs ended")
    raise typer.Exit(done.judgement.exit_status)


def _tell_github(done: Run, out: Console) -> None:
    """Print annotations and append the step's summary, if this is a step of a GitHub workflow."""
    from segmind_ltx_conformance.report.github import tell_github

    for line in tell_github(done):
        out.print(line, soft_wrap=True, highlight=False, markup=False)


@contextmanager
def _progress(err: Console) -> Generator[Callable[[str, int, int], None]]:
    """Show a progress bar if the error stream is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        task = bars.add_task("", total=None)

        def show(label: str, done: int, total: int) -> None:
            # The first word is the stage. A fixed width keeps the bar in place.
            bars.update(task, description=f"{label.partition(' ')[0]:<14.14}", completed=done, total=total)

        yield show


@contextmanager
def _exit_on_error(err: Console, redact: list[Callable[[str], str]]) -> Generator[None]:
    """Turn every exception into a message without a key and an exit status."""
    try:
        yield
    except typer.Exit:
        raise
    except (RefusedError, ReportError) as error:
        _print_err(err, f"error: {_redacted(str(error), redact)}")
        raise typer.Exit(EXIT_INCONCLUSIVE) from None
    except KeyboardInterrupt:
        _print_err(err, "interrupted")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except OSError as error:
        _print_err(err, f"error: the report could not be written: {_redacted(str(error), redact)}")
        raise typer.Exit(EXIT_INCONCLUSIVE) from None
    except Exception:
        _print_err(
            err, f"{_redacted(traceback.format_exc(), redact)}error: the suite failed; the target was not judged"
        )
        raise typer.Exit(EXIT_INCONCLUSIVE) from None


def _redacted(text: str, redact: list[Callable[[str], str]]) -> str:
    for redact_text in redact:
        text = redact_text(text)
    return text


def _print_err(err: Console, text: str) -> None:
    from segmind_ltx_conformance.report.text import printable

    err.print(printable(text), highlight=False, markup=False, soft_wrap=True)
