"""Print results, errors and progress, and set the exit status."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import typer
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.text import Text

from segmind_ltx import errors
from segmind_ltx._cli.printing import SafeConsole, SafeStream, printable
from segmind_ltx._core.journal import NOTE_PREFIX, paid_job
from segmind_ltx._core.results import JobStatus
from segmind_ltx._files import PartialFile

STANDARD_OUTPUT: Final = Path("-")
"""What ``--out`` names to get the video on standard output."""
USAGE: Final = 2
EXIT_FAILED: Final = 1
INTERRUPTED: Final = 130

FINAL_ERRORS: Final = (errors.JobFailedError, errors.NotFoundError, errors.ParameterError, errors.ConfigurationError)
"""After these errors there is no job to fetch."""
WRONG_USAGE: Final = (errors.ParameterError, errors.ConfigurationError, errors.OutputExistsError)

out: Final = SafeConsole(SafeStream("stdout"))
err: Final = SafeConsole(SafeStream("stderr"))


_RESUME: Final = re.compile(r"client\.job\('([^']+)'\)\.(?:wait|result)\(\)")
_PYTHON: Final = (
    (re.compile(r"pathlib\.Path for a file on this machine"), "the name of a file on this machine"),
    (re.compile(r" \(in a program, or pass api_key=\)"), ""),
)
"""What the library's messages tell a program, and what the command line tells a person instead."""


def for_people(error: object, resume: str | None = None) -> str:
    """Return a message of the library in the words of the command line; ``resume`` is said for how to fetch a job."""
    text = _RESUME.sub(lambda found: resume or fetch_command(found[1]), str(error))
    for pattern, words in _PYTHON:
        text = pattern.sub(words, text)
    return text


given: Final[list[str]] = []
"""The arguments that the command line was given."""


def given_command() -> str:
    """Return the command that is running, to run it again."""
    return shlex.join(["segmind-ltx", *given])


def fetch_command(request_id: str, target: Path | None = None, force: bool = False) -> str:
    """Return the command that fetches the video of a job."""
    command = ["segmind-ltx", "fetch", request_id, "--out", str(target or "video.mp4")]
    return shlex.join([*command, "--force"] if force else command)


def print_err(text: str) -> None:
    """Print a message for people on standard error. Standard output is for results only."""
    err.print(text)


def emit_json(value: Any) -> None:
    """Print a result for scripts on standard output, and flush it, so that a pipe gets it at once."""
    out.stream.write(json.dumps(value) + "\n")
    out.stream.flush()


def emit_error(kind: str, message: str, **more: Any) -> None:
    """Print an error for scripts. ``kind`` is the name of its class."""
    emit_json({"error": {"type": kind, "message": message, **more}})


@contextmanager
def exit_on_error(as_json: bool, resume: list[str] | None = None) -> Generator[None]:
    """Turn our exceptions and Ctrl-C into messages and exit statuses.

    The caller appends the command that fetches the job to ``resume`` as soon as the id is known.
    """
    out.stream.failure = None
    try:
        yield
        out.stream.flush()
        if out.stream.failure is not None:
            print_err(f"error: standard output cannot be written: {out.stream.failure.strerror}")
            raise typer.Exit(EXIT_FAILED)
    except errors.SegmindLtxError as error:
        named = _RESUME.search(str(error))
        resume = resume or ([fetch_command(named[1])] if named else None)
        message = for_people(error, "the command below")
        err.print(Text.assemble(("error", "bold red"), f": {printable(message)}"))
        if as_json:
            more = {"problems": list(error.problems)} if isinstance(error, errors.ParameterError) else {}
            emit_error(
                type(error).__name__, for_people(error), request_id=error.request_id, status=error.status, **more
            )
        if not isinstance(error, FINAL_ERRORS):
            _print_resume(resume)
        raise typer.Exit(USAGE if isinstance(error, WRONG_USAGE) else EXIT_FAILED) from None
    except KeyboardInterrupt as error:
        message = _interrupted(error, resume)
        print_err(message)
        if as_json:
            emit_error("Interrupted", message, resume=resume or [])
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:
        raise
    except Exception as error:
        # Whatever it is: a traceback must not take the place of the command that fetches the job.
        print_err(f"error: {type(error).__name__}: {error}")
        if as_json:
            emit_error(type(error).__name__, str(error))
        _print_resume(resume)
        raise typer.Exit(EXIT_FAILED) from None


def _interrupted(error: KeyboardInterrupt, resume: list[str] | None) -> str:
    """Return one message: what was interrupted, and how to go on."""
    if not resume and (request_id := paid_job(error)) is not None:
        resume = [fetch_command(request_id)]
    if resume:
        # contract: job.kept-one-hour
        return "interrupted. The job goes on, and is paid for. Fetch it within an hour with:\n  " + "\n  ".join(resume)
    notes = [note.removeprefix(NOTE_PREFIX) for note in getattr(error, "__notes__", ())]
    return for_people("; ".join(["interrupted", *notes]))


def _print_resume(resume: list[str] | None) -> None:
    for command in resume or ():
        # contract: job.kept-one-hour
        print_err(f"The job is paid for. Fetch it within an hour with:\n  {command}")


def write_bytes(content: bytes) -> None:
    """Write a video to standard output."""
    out.stream.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def check_target(path: Path, force: bool, *, as_json: bool = False) -> None:
    """Check that the video can be written there, before it is paid for.

    Raises `OutputExistsError` or `ParameterError`.
    """
    if path == STANDARD_OUTPUT:
        if as_json:
            raise errors.ParameterError("--out - and --json both write to standard output; give a file to --out")
        if sys.stdout is None or sys.stdout.isatty():
            raise errors.ParameterError(
                "--out -: standard output is a terminal or closed; redirect it to a file or a program"
            )
        return
    try:
        if os.path.lexists(path) and not path.is_dir() and not force:
            raise errors.OutputExistsError(f"{path} exists and was not changed; pass --force to replace it")
        # The same as for a video, but without content.
        with PartialFile(path, overwrite=force, request_id=None, url=None):
            pass
    except errors.OutputExistsError:
        raise
    except (errors.DownloadError, OSError) as error:
        raise errors.ParameterError(f"--out: {error}") from None


class _Estimate(ProgressColumn):
    """Draw a bar by the model's usual duration, which is full only after the job has ended."""

    def render(self, task: Task) -> ProgressBar:
        usual, elapsed = float(task.fields["usual"] or 0), task.elapsed or 0.0
        if task.total != 1:  # The bar that counts many jobs.
            return ProgressBar(total=task.total, completed=task.completed, width=30)
        if task.finished:
            return ProgressBar(total=1, completed=1, width=30)
        if not usual:
            return ProgressBar(total=None, width=30, pulse=True)
        return ProgressBar(total=usual, completed=min(elapsed, 0.97 * usual), width=30)


class JobProgress:
    """Show the progress of jobs: bars on a terminal, a line for each change elsewhere."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            _Estimate(),
            TimeElapsedColumn(),
            console=err,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    @contextmanager
    def shown(self) -> Generator[None]:
        """Show the bars for as long as the block runs."""
        if err.interactive:
            with self._bars:
                yield
        else:
            yield

    def add(self, label: str, usual: float | None, total: int = 1) -> TaskID:
        """Start a bar for a job that usually takes ``usual`` seconds, or a bar that counts ``total`` jobs."""
        return self._bars.add_task(printable(label), total=total, usual=usual)

    def done(self, task: TaskID, label: str | None = None, count: int = 1) -> None:
        """Fill the bar of a job, or set the bar that counts jobs to ``count``."""
        self._bars.update(task, completed=count, description=label if label is None else printable(label))

    def remove(self, task: TaskID) -> None:
        """Remove a bar."""
        self._bars.remove_task(task)

    def describe(self, task: TaskID, label: str) -> None:
        """Change the text beside a bar."""
        self._bars.update(task, description=printable(label))

    def on_status(self, task: TaskID, label: str) -> Any:
        """Return a callback for ``wait(on_status=…)``."""

        def show(status: JobStatus) -> None:
            self.describe(task, f"{label} {status.state.lower()}")
            if not err.interactive:
                print_err(f"{label} {status.request_id} is {status.state}")

        return show
