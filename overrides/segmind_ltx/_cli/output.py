"""What the command line prints, and with which status it ends."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.text import Text

from segmind_ltx import errors
from segmind_ltx._core.results import JobStatus
from segmind_ltx._files import PartialFile

USAGE: Final = 2
EXIT_FAILED: Final = 1
INTERRUPTED: Final = 130

FINAL_ERRORS: Final = (errors.JobFailedError, errors.NotFoundError, errors.ParameterError, errors.ConfigurationError)
"""After these there is nothing to take up again."""
WRONG_USAGE: Final = (errors.ParameterError, errors.ConfigurationError, errors.OutputExistsError)

# Where nobody looks at a terminal, tables are not squeezed into eighty columns.
# And what the service says is printed as it came: neither a bracket nor a colon in it means anything.
_PLAIN: Final[dict[str, Any]] = {"soft_wrap": True, "markup": False, "emoji": False, "highlight": False}
out: Final = Console(**_PLAIN, width=None if sys.stdout and sys.stdout.isatty() else 160)
err: Final = Console(**_PLAIN, stderr=True)


def print_err(text: str) -> None:
    """A line for people, on standard error, so that standard output is for results alone."""
    err.print(text)


def emit_json(value: Any) -> None:
    """A result for scripts, on standard output; a pipe gets it at once."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def emit_error(kind: str, message: str, **more: Any) -> None:
    """An error for scripts. ``kind`` is the name of its class."""
    emit_json({"error": {"type": kind, "message": message, **more}})


@contextmanager
def exit_on_error(as_json: bool, resume: list[str] | None = None) -> Generator[None]:
    """Turn our exceptions and Ctrl-C into messages and exit statuses.

    ``resume`` holds the command that takes the job up again, once there is one.
    """
    try:
        yield
    except errors.SegmindLtxError as error:
        err.print(Text.assemble(("error", "bold red"), f": {error}"))
        if as_json:
            more = {"problems": list(error.problems)} if isinstance(error, errors.ParameterError) else {}
            emit_error(type(error).__name__, str(error), request_id=error.request_id, status=error.status, **more)
        if not isinstance(error, FINAL_ERRORS):
            _say_resume(resume)
        raise typer.Exit(USAGE if isinstance(error, WRONG_USAGE) else EXIT_FAILED) from None
    except KeyboardInterrupt as error:
        notes: list[str] = getattr(error, "__notes__", [])
        print_err("\n".join(["interrupted", *notes]))
        if as_json:
            emit_error("Interrupted", "\n".join(notes), resume=resume or [])
        _say_resume(resume)
        raise typer.Exit(INTERRUPTED) from None
    except OSError as error:
        print_err(f"error: {error}")
        if as_json and not isinstance(error, BrokenPipeError):
            emit_error(type(error).__name__, str(error))
        _say_resume(resume)
        raise typer.Exit(EXIT_FAILED) from None


def _say_resume(resume: list[str] | None) -> None:
    for command in resume or ():
        print_err(f"The job is paid for. Take it up again, within its hour, with:\n  {command}")


def check_target(path: Path, force: bool) -> None:
    """See that the video can be written there, before it is paid for. Raises `OutputExistsError`, `ParameterError`."""
    try:
        if os.path.lexists(path) and not path.is_dir() and not force:
            raise errors.OutputExistsError(f"{path} exists and was left as it is; pass --force to replace it")
        # What would be done with the video, with nothing in it.
        with PartialFile(path, overwrite=force, request_id=None, url=None):
            pass
    except errors.OutputExistsError:
        raise
    except (errors.DownloadError, OSError) as error:
        raise errors.ParameterError(f"--out: {error}") from None


class _Estimate(ProgressColumn):
    """A bar that follows the model's usual duration, and stays short of the end until the job says so."""

    def render(self, task: Task) -> ProgressBar:
        usual, elapsed = float(task.fields["usual"] or 0), task.elapsed or 0.0
        if task.total != 1:  # That of many jobs, which counts them.
            return ProgressBar(total=task.total, completed=task.completed, width=30)
        if task.finished:
            return ProgressBar(total=1, completed=1, width=30)
        if not usual:
            return ProgressBar(total=None, width=30, pulse=True)
        return ProgressBar(total=usual, completed=min(elapsed, 0.97 * usual), width=30)


class JobProgress:
    """Progress of jobs: bars on a terminal, a line at each change elsewhere."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            _Estimate(),
            TimeElapsedColumn(),
            console=err,
        )

    @contextmanager
    def shown(self) -> Generator[None]:
        """Show the bars for as long as the block runs."""
        if err.is_terminal:
            with self._bars:
                yield
        else:
            yield

    def add(self, label: str, usual: float | None, total: int = 1) -> TaskID:
        """Start a bar for a job that usually takes ``usual`` seconds, or one that counts so many jobs."""
        return self._bars.add_task(label, total=total, usual=usual)

    def done(self, task: TaskID, label: str | None = None, count: int = 1) -> None:
        """Fill a bar, or that of many jobs so far."""
        self._bars.update(task, completed=count, description=label)

    def remove(self, task: TaskID) -> None:
        """Take a bar away."""
        self._bars.remove_task(task)

    def describe(self, task: TaskID, label: str) -> None:
        """Say something else beside a bar."""
        self._bars.update(task, description=label)

    def on_status(self, task: TaskID, label: str) -> Any:
        """A callback for ``wait(on_status=…)``."""

        def tell(status: JobStatus) -> None:
            self.describe(task, f"{label} {status.state.lower()}")
            if not err.is_terminal:
                print_err(f"{label} {status.request_id} is {status.state}")

        return tell
