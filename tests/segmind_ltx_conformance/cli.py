"""Provide the command ``segmind-ltx conformance``.

Exit status: 0 if the target conforms, 1 if it does not, 2 if the run failed or is inconclusive, 130 if interrupted.
"""

from __future__ import annotations

import importlib.util
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from segmind_ltx_conformance.session import (
    RefusedError,
    RunOptions,
    Session,
    check_folder,
    judge_file,
    perform,
    prepare,
)

# Said at once rather than in the middle of a run that costs money.
for _name in ("av", "httpx", "jinja2", "jsonschema", "schemathesis", "yaml"):
    if importlib.util.find_spec(_name) is None:
        raise ImportError(f"no module named {_name}", name=_name)

CANNOT_TELL: Final = 2
INTERRUPTED: Final = 130

conformance: typer.Typer = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tell, clause by clause, whether a server keeps what the documents say. Costs money on a server that bills.",
    epilog="Exit status 0: conforms; 1: does not; 2: could not run or could not tell; 130: interrupted.",
)


@conformance.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    target: Annotated[Path | None, typer.Option(help="The profile of the server, a TOML file.")] = None,
    report: Annotated[Path, typer.Option(help="Folder for the recording and the reports.")] = Path(
        "conformance-report"
    ),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List checks, requests and cost; send nothing.")] = False,
    free: Annotated[bool, typer.Option("--free", help="Submit nothing that a conforming server would bill.")] = False,
    select: Annotated[list[str] | None, typer.Option(help="Clauses, by a glob or a part of the id.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Models, by their slug.")] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first answer that breaks a rule.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Requests under way at once.")] = 8,
    seed: Annotated[int, typer.Option(help="The same seed gives the same requests.")] = 0,
    no_videos: Annotated[bool, typer.Option("--no-videos", help="Download no video.")] = False,
    visit: Annotated[
        str | None,
        typer.Option(metavar="start|resume", help="Two visits, for retention where no clock can be moved."),
    ] = None,
) -> None:
    """Check a server against the documents, clause by clause."""
    if context.invoked_subcommand is not None:
        return
    out, err = _consoles()
    redact: list[Callable[[str], str]] = []
    with _exit_on_error(err, redact):
        if target is None:
            raise RefusedError("--target is missing: the profile of the server, a TOML file (docs/conformance.md)")
        options = RunOptions(
            select=tuple(select or ()),
            models=tuple(model or ()),
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
        _report(session, report, out, err)


@conformance.command("judge")
def judge_trace(
    trace: Annotated[Path, typer.Argument(help="A HAR file: a recording of ours, or of anybody's traffic.")],
    base_url: Annotated[str | None, typer.Option(help="Where the API is, if the file does not say.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for the reports; without it none is written.")] = None,
) -> None:
    """Judge a recording. Nothing is sent."""
    from segmind_ltx_conformance.report import write_reports
    from segmind_ltx_conformance.report.console import print_report

    out, err = _consoles()
    with _exit_on_error(err, []):
        if report is not None:
            check_folder(report)
        judged = judge_file(trace, base_url)
        print_report(out, judged)
        if report is not None:
            write_reports(report, judged)
        raise typer.Exit(judged.judgement.exit_status)


def _print_plan(out: Console, session: Session) -> None:
    from segmind_ltx_conformance.prober import CannotRunError, plan
    from segmind_ltx_conformance.report.dry_run import print_plan
    from segmind_ltx_spec import clauses

    try:
        run_plan = plan(session.target, session.contract, session.prober_options)
    except CannotRunError as error:
        raise RefusedError(str(error)) from None
    clauses_known = clauses(session.contract)
    print_plan(
        out,
        run_plan,
        session.contract,
        [clause for clause in clauses_known if session.only is None or clause.id in session.only],
    )


def _report(session: Session, folder: Path, out: Console, err: Console) -> None:
    from segmind_ltx_conformance.prober import Interrupted
    from segmind_ltx_conformance.report import RECORDING, write_reports
    from segmind_ltx_conformance.report.console import print_report

    try:
        with _progress(err) as progress:
            done = perform(session, folder, progress)
    except Interrupted as stopped:
        # The prober's own name for Ctrl-C has no cause; one that broke has.
        broke = stopped.__cause__ is not None
        saved = f"what was recorded so far is in {folder / RECORDING}"
        _print_err(err, f"{session.redact(str(stopped))}; {saved}, for segmind-ltx conformance judge")
        raise typer.Exit(CANNOT_TELL if broke else INTERRUPTED) from None
    print_report(out, done)
    write_reports(folder, done)
    _print_err(err, f"report: {folder / 'report.html'}")
    if session.options.visit == "start":
        _print_err(err, "come back with --visit resume, 50 and then 61 minutes after the jobs have ended")
    raise typer.Exit(done.judgement.exit_status)


@contextmanager
def _progress(err: Console) -> Generator[Callable[[str, int, int], None]]:
    """Show a progress bar if the error stream is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        task = bars.add_task("", total=None)

        def show(label: str, done: int, total: int) -> None:
            # The first word is the stage; of the same width, so that the bar stays where it is.
            bars.update(task, description=f"{label.partition(' ')[0]:<14.14}", completed=done, total=total)

        yield show


@contextmanager
def _exit_on_error(err: Console, redact: list[Callable[[str], str]]) -> Generator[None]:
    """Turn every exception into a message without a key and an exit status."""
    try:
        yield
    except typer.Exit:
        raise
    except RefusedError as error:
        _print_err(err, f"error: {_redacted(str(error), redact)}")
        raise typer.Exit(CANNOT_TELL) from None
    except KeyboardInterrupt:
        _print_err(err, "interrupted")
        raise typer.Exit(INTERRUPTED) from None
    except OSError as error:
        _print_err(err, f"error: the report could not be written: {_redacted(str(error), redact)}")
        raise typer.Exit(CANNOT_TELL) from None
    except Exception:
        _print_err(err, f"{_redacted(traceback.format_exc(), redact)}error: the suite itself broke; this is no verdict")
        raise typer.Exit(CANNOT_TELL) from None


def _redacted(text: str, redact: list[Callable[[str], str]]) -> str:
    for redact_text in redact:
        text = redact_text(text)
    return text


def _consoles() -> tuple[Console, Console]:
    """Return a console for results and one for messages, made now so that they use the current streams."""
    out = Console()
    # Where nobody looks at a terminal, tables are not squeezed into eighty columns.
    return out if out.is_terminal else Console(width=160), Console(stderr=True, soft_wrap=True)


def _print_err(err: Console, text: str) -> None:
    from segmind_ltx_conformance.report.text import printable

    err.print(printable(text), highlight=False, markup=False, soft_wrap=True)
