"""The commands of ``segmind-ltx``. Exit statuses: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted."""

from __future__ import annotations

import logging
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import attrs
import typer

from segmind_ltx import DownloadError, Job, Video, __version__
from segmind_ltx._cli import options as options
from segmind_ltx._cli.batch.command import batch
from segmind_ltx._cli.demo import demo
from segmind_ltx._cli.fleet.worker import worker
from segmind_ltx._cli.group import RootGroup
from segmind_ltx._cli.jobs import jobs_app
from segmind_ltx._cli.models import models
from segmind_ltx._cli.output import (
    EXIT_FAILED,
    STANDARD_OUTPUT,
    JobProgress,
    check_target,
    emit_json,
    err,
    exit_on_error,
    fetch_command,
    for_people,
    out,
    print_err,
    write_bytes,
)
from segmind_ltx._cli.printing import SafeLogHandler, open_missing_streams
from segmind_ltx._cli.state import known_ids, open_client
from segmind_ltx._config import DEFAULT_TIMEOUT
from segmind_ltx._core.parameters import check_wait, prepare
from segmind_ltx_api.contract import MODELS

app: typer.Typer = typer.Typer(
    cls=RootGroup,
    no_args_is_help=True,
    rich_markup_mode=None,  # The tables of rich cut long option names off.
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,
    help="Make videos with the five LTX models that Segmind hosts. Independent; not made by Segmind.",
    epilog="The API key is read from SEGMIND_API_KEY, the base URL from SEGMIND_BASE_URL.",
)
generate_app: typer.Typer = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Make a video and save it. Costs money, except in the sandbox."
)
submit_app: typer.Typer = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Submit a job and print its request id. Costs money."
)
app.add_typer(generate_app, name="generate")
app.add_typer(submit_app, name="submit")
app.command("batch")(batch)
app.command("demo")(demo)
app.add_typer(jobs_app, name="jobs")
app.command("models")(models)
app.command("worker")(worker)


def main() -> None:
    """Run the command that the process was started with."""
    open_missing_streams()
    app()


def _print_version(requested: bool) -> None:
    if requested:
        out.print(f"segmind-ltx {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    logging.basicConfig(
        level=logging.WARNING,
        format="%(message)s",
        handlers=[SafeLogHandler(err, for_people)],
    )


def _generate(
    model: str,
    parameters: dict[str, Any],
    *,
    target: Path,
    force: bool,
    timeout: float,
    sync: bool,
    no_ledger: bool,
    upload: bool,
    as_json: bool,
) -> None:
    resume: list[str] = []
    with exit_on_error(as_json, resume):
        check_target(target, force, as_json=as_json)
        check_wait(timeout)
        prepare(model, parameters)  # Before the estimate: a request that is not sent costs nothing.
        with open_client(no_ledger) as client:
            _announce(model)
            end = time.monotonic() + timeout
            parameters = options.upload_images(client, model, parameters) if upload else parameters
            if sync:
                blocking: Any = client.generate_blocking
                video: Video = blocking(model, timeout=timeout, **parameters)
            else:
                job = client.submit_within(timeout, model, parameters)
                resume.append(fetch_command(job.id, target, force))
                print_err(f"submitted {job.id}")
                video = _wait(job, max(0.0, end - time.monotonic()))
            _save(video, target, force, as_json)


def _announce(model: str) -> None:
    """Say what a call costs, and how long it takes, before it is sent."""
    print_err(f"{model}: {options.describe_price(MODELS[model])}, usually {MODELS[model].seconds:.0f} s")


def _submit(model: str, parameters: dict[str, Any], *, no_ledger: bool, upload: bool, as_json: bool) -> None:
    with exit_on_error(as_json), open_client(no_ledger) as client:
        prepare(model, parameters)
        _announce(model)
        parameters = options.upload_images(client, model, parameters) if upload else parameters
        call: Any = client.submit
        job: Job = call(model, **parameters)
        # Standard error first: if standard output is broken, the id of a paid job is still shown.
        # contract: job.kept-one-hour
        print_err(f"The job is accepted, and billed. Fetch it within an hour:\n  {fetch_command(job.id)}")
        if as_json:
            emit_json({"request_id": job.id, "model": model})
        else:
            out.print(job.id)


_PAID: Final[dict[str, Any]] = {
    "no_ledger": (options.NoLedger, False),
    "upload": (options.Upload, False),
    "as_json": (options.Json, False),
}
options.add_model_commands(
    generate_app,
    _generate,
    target=(options.Out, options.REQUIRED),
    force=(options.Force, False),
    timeout=(options.Timeout, DEFAULT_TIMEOUT),
    sync=(options.Sync, False),
    **_PAID,
)
options.add_model_commands(submit_app, _submit, **_PAID)


def _complete_id(incomplete: str) -> list[str]:
    return [one for one in known_ids() if one.startswith(incomplete)]


RequestId = Annotated[
    str, typer.Argument(metavar="ID", help="The request id, as printed by submit.", autocompletion=_complete_id)
]


@app.command()
def status(request_id: RequestId, as_json: options.Json = False, verbose: options.Verbose = False) -> None:
    """Print the state of a job. The exit status is 1 if it is FAILED. Free."""
    options.listen(verbose)
    with exit_on_error(as_json), open_client() as client:
        job = client.job(request_id).status()
        if as_json:
            emit_json({"request_id": request_id, "state": job.state, "detail": job.detail, "answer": dict(job.raw)})
        else:
            out.print(job.state + (f": {job.detail}" if job.detail else ""))
        if job.state == "FAILED":
            raise typer.Exit(EXIT_FAILED)


@app.command()
def fetch(
    request_id: RequestId,
    target: options.Out,
    force: options.Force = False,
    timeout: options.Timeout = DEFAULT_TIMEOUT,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Wait for a job that was submitted earlier, and save its video. Free."""
    options.listen(verbose)
    with exit_on_error(as_json, [fetch_command(request_id, target, force)]):
        check_target(target, force, as_json=as_json)
        with open_client() as client:
            _save(_wait(client.job(request_id), timeout), target, force, as_json)


def _wait(job: Job, timeout: float) -> Video:
    progress = JobProgress()
    usual = MODELS[job.model].seconds if job.model else None
    with progress.shown():
        bar = progress.add(job.model or "job", usual)
        video = job.wait(timeout, on_status=progress.on_status(bar, job.model or "job"))
        progress.done(bar)
    return video


def _save(video: Video, target: Path, force: bool, as_json: bool) -> None:
    if target == STANDARD_OUTPUT:
        with tempfile.TemporaryDirectory(prefix="segmind-ltx-") as folder:
            write_bytes(video.save(Path(folder, "video")).read_bytes())
        return
    failure: DownloadError | None = None
    try:
        path = video.save(target, overwrite=force)
    except DownloadError as error:
        path, failure = _save_elsewhere(video, target, error), error
    if as_json:
        print_err(f"saved {path}")
        facts = attrs.asdict(video, recurse=False, filter=lambda a, _: a.name not in {"content", "raw", "_driver"})
        emit_json({**facts, "file": str(path)})
    else:
        cost = "" if video.cost is None else f", {video.cost:g} USD"
        out.print(f"{path} ({_size(path)}{cost})")
    if failure is not None:
        raise typer.Exit(EXIT_FAILED)


def _size(path: Path) -> str:
    with suppress(OSError):  # Somebody may have moved it already.
        return f"{path.stat().st_size} bytes"
    return "saved"


def _save_elsewhere(video: Video, target: Path, error: DownloadError) -> Path:
    """Save a video to a temporary folder if it is in memory only, since it is paid for; else raise ``error``."""
    if video.content is None:
        print_err(f"The video is paid for, and kept for seven days at {video.url}")  # contract: output.seven-days
        raise error
    try:
        path = video.save(Path(tempfile.mkdtemp(prefix="segmind-ltx-"), target.name))
    except (DownloadError, OSError) as second:
        print_err(f"it could not be saved elsewhere either: {second}")
        raise error from None
    print_err(f"error: {error}\nThe video is paid for, and was saved to {path}")
    return path
