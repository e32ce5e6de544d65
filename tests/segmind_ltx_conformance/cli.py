"""``segmind-ltx conformance``.

Exit statuses: 0 conforms, 1 does not, 2 could not run or could not tell, 130 interrupted.
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
    """Tell, clause by clause, whether a server keeps what the documents say."""
    if context.invoked_subcommand is not None:
        return
    out, err = _consoles()
    redact: list[Callable[[str], str]] = []
    with _ending(err, redact):
        if target is None:
            raise RefusedError("--target is missing: the profile of the server, a TOML file (docs/conformance.md)")
        wish = RunOptions(
            select=tuple(select or ()),
            models=tuple(model or ()),
            free=free,
            fail_fast=fail_fast,
            jobs=jobs,
            seed=seed,
            videos=not no_videos,
            visit=visit,
        )
        session = prepare(target, wish)
        redact.append(session.redact)
        if dry_run:
            _tell_plan(out, session)
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
    from segmind_ltx_conformance.report.console import tell

    out, err = _consoles()
    with _ending(err, []):
        if report is not None:
            check_folder(report)
        judged = judge_file(trace, base_url)
        tell(out, judged)
        if report is not None:
            write_reports(report, judged)
        raise typer.Exit(judged.judgement.exit_status)


def _tell_plan(out: Console, session: Session) -> None:
    from segmind_ltx_conformance.prober import CannotRunError, plan
    from segmind_ltx_conformance.report.dry_run import tell_plan
    from segmind_ltx_spec import clauses

    try:
        planned = plan(session.target, session.contract, session.options)
    except CannotRunError as error:
        raise RefusedError(str(error)) from None
    known = clauses(session.contract)
    tell_plan(out, planned, session.contract, [one for one in known if session.only is None or one.id in session.only])


def _report(session: Session, folder: Path, out: Console, err: Console) -> None:
    from segmind_ltx_conformance.prober import Interrupted
    from segmind_ltx_conformance.report import RECORDING, write_reports
    from segmind_ltx_conformance.report.console import tell

    try:
        with _progress(err) as progress:
            done = perform(session, folder, progress)
    except Interrupted as stopped:
        # The prober's own name for Ctrl-C has no cause; one that broke has.
        broke = stopped.__cause__ is not None
        saved = f"what was recorded so far is in {folder / RECORDING}"
        _say(err, f"{session.redact(str(stopped))}; {saved}, for segmind-ltx conformance judge")
        raise typer.Exit(CANNOT_TELL if broke else INTERRUPTED) from None
    tell(out, done)
    write_reports(folder, done)
    _say(err, f"report: {folder / 'report.html'}")
    if session.wish.visit == "start":
        _say(err, "come back with --visit resume, 50 and then 61 minutes after the jobs have ended")
    raise typer.Exit(done.judgement.exit_status)


@contextmanager
def _progress(err: Console) -> Generator[Callable[[str, int, int], None]]:
    """A bar on a terminal, and nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        task = bars.add_task("", total=None)

        def told(what: str, done: int, total: int) -> None:
            # The first word is the stage; of the same width, so that the bar stays where it is.
            bars.update(task, description=f"{what.partition(' ')[0]:<14.14}", completed=done, total=total)

        yield told


@contextmanager
def _ending(err: Console, redact: list[Callable[[str], str]]) -> Generator[None]:
    """Turn whatever ends a run into words without a key, and an exit status."""
    try:
        yield
    except typer.Exit:
        raise
    except RefusedError as error:
        _say(err, f"error: {_clean(str(error), redact)}")
        raise typer.Exit(CANNOT_TELL) from None
    except KeyboardInterrupt:
        _say(err, "interrupted")
        raise typer.Exit(INTERRUPTED) from None
    except OSError as error:
        _say(err, f"error: the report could not be written: {_clean(str(error), redact)}")
        raise typer.Exit(CANNOT_TELL) from None
    except Exception:
        _say(err, f"{_clean(traceback.format_exc(), redact)}error: the suite itself broke; this is no verdict")
        raise typer.Exit(CANNOT_TELL) from None


def _clean(text: str, redact: list[Callable[[str], str]]) -> str:
    for one in redact:
        text = one(text)
    return text


def _consoles() -> tuple[Console, Console]:
    """For results and for the rest; made here, so that they write to where the process writes now."""
    out = Console()
    # Where nobody looks at a terminal, tables are not squeezed into eighty columns.
    return out if out.is_terminal else Console(width=160), Console(stderr=True, soft_wrap=True)


def _say(err: Console, text: str) -> None:
    from segmind_ltx_conformance.report.text import plain

    err.print(plain(text), highlight=False, markup=False, soft_wrap=True)
