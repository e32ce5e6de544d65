"""The commands of ``segmind-ltx``. Exit statuses: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted."""

from __future__ import annotations

import logging
import shlex
import tempfile
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from rich.logging import RichHandler
from rich.table import Table

from segmind_ltx import Client, DownloadError, Job, Video, __version__
from segmind_ltx._cli import options as options
from segmind_ltx._cli.batch.command import batch
from segmind_ltx._cli.demo import demo
from segmind_ltx._cli.group import RootGroup
from segmind_ltx._cli.jobs import jobs
from segmind_ltx._cli.output import (
    EXIT_FAILED,
    JobProgress,
    check_target,
    emit_json,
    err,
    exit_on_error,
    out,
    print_err,
)
from segmind_ltx._config import DEFAULT_TIMEOUT
from segmind_ltx._core.parameters import check_wait
from segmind_ltx_api.contract import MODELS

app: typer.Typer = typer.Typer(
    cls=RootGroup,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Video with the five LTX models that Segmind hosts. Independent; not made by Segmind.",
    epilog="The key is read from SEGMIND_API_KEY, the host from SEGMIND_BASE_URL.",
)
generate_app: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Make a video and save it. Costs money, except in the sandbox."
)
submit_app: typer.Typer = typer.Typer(no_args_is_help=True, help="Submit a job and print its request id. Costs money.")
app.add_typer(generate_app, name="generate")
app.add_typer(submit_app, name="submit")
app.command("batch")(batch)
app.command("demo")(demo)
app.command("jobs")(jobs)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"segmind-ltx {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    logging.basicConfig(
        level=logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=err, show_time=False, show_path=False)],
    )


def _generate(
    model: str, parameters: dict[str, Any], *, target: Path, force: bool, timeout: float, sync: bool, as_json: bool
) -> None:
    resume: list[str] = []
    with exit_on_error(as_json, resume):
        check_target(target, force)
        check_wait(timeout)
        with Client() as client:
            call: Any = client.generate_blocking if sync else client.submit
            made = call(model, **parameters, **({"timeout": timeout} if sync else {}))
            if isinstance(made, Job):
                resume.append(_fetch_command(made.id, target, force))
                print_err(f"submitted {made.id}")
                made = _waited(made, timeout)
            _save(made, target, force, as_json)


def _submit(model: str, parameters: dict[str, Any], *, as_json: bool) -> None:
    with exit_on_error(as_json), Client() as client:
        call: Any = client.submit
        job: Job = call(model, **parameters)
        if as_json:
            emit_json({"request_id": job.id, "model": model})
        else:
            # First to where it is seen even if nobody reads the results.
            print_err(f"The job is accepted, and billed. Fetch it within its hour:\n  {_fetch_command(job.id)}")
            out.print(job.id)


options.per_model(
    generate_app,
    _generate,
    target=(options.Out, options.REQUIRED),
    force=(options.Force, False),
    timeout=(options.Timeout, DEFAULT_TIMEOUT),
    sync=(options.Sync, False),
    as_json=(options.Json, False),
)
options.per_model(submit_app, _submit, as_json=(options.Json, False))

RequestId = Annotated[str, typer.Argument(metavar="ID", help="The request id that a submit gave.")]


@app.command()
def status(request_id: RequestId, as_json: options.Json = False) -> None:
    """Print the state of a job; exit status 1 where it FAILED. Free."""
    with exit_on_error(as_json), Client() as client:
        seen = client.job(request_id).status()
        if as_json:
            emit_json({"request_id": request_id, "state": seen.state, "detail": seen.detail, "answer": dict(seen.raw)})
        else:
            out.print(seen.state + (f": {seen.detail}" if seen.detail else ""))
        if seen.state == "FAILED":
            raise typer.Exit(EXIT_FAILED)


@app.command()
def fetch(
    request_id: RequestId,
    target: options.Out,
    force: options.Force = False,
    timeout: options.Timeout = DEFAULT_TIMEOUT,
    as_json: options.Json = False,
) -> None:
    """Wait for a job that was submitted before, and save its video. Free."""
    with exit_on_error(as_json, [_fetch_command(request_id, target, force)]):
        check_target(target, force)
        with Client() as client:
            _save(_waited(client.job(request_id), timeout), target, force, as_json)


@app.command()
def models(as_json: options.Json = False) -> None:
    """List the models, and the parameters of each."""
    if as_json:
        emit_json({slug: [p._asdict() for p in model.parameters.values()] for slug, model in MODELS.items()})
        return
    for model in MODELS.values():
        table = Table(
            title=f"{model.slug}: {model.summary}", caption=f"usually {model.seconds:g} s, {options.price(model)}"
        )
        for heading in ("parameter", "type", "allowed", "default", "what it is"):
            table.add_column(heading)
        for p in model.parameters.values():
            table.add_row(p.name, " or ".join(p.types), options.allowed(p), options.default(p), p.description)
        out.print(table)


def _waited(job: Job, timeout: float) -> Video:
    waiting = JobProgress()
    usual = MODELS[job.model].seconds if job.model else None
    with waiting.shown():
        task = waiting.add(job.model or "job", usual)
        video = job.wait(timeout, on_status=waiting.on_status(task, job.model or "job"))
        waiting.done(task)
    return video


def _save(video: Video, target: Path, force: bool, as_json: bool) -> None:
    failure: DownloadError | None = None
    try:
        path = video.save(target, overwrite=force)
    except DownloadError as error:
        path, failure = _rescued(video, target, error), error
    if as_json:
        facts = attrs.asdict(video, recurse=False, filter=lambda a, _: a.name not in {"content", "raw", "_driver"})
        emit_json({**facts, "file": str(path)})
    else:
        cost = "" if video.cost is None else f", {video.cost:g} USD"
        out.print(f"{path} ({path.stat().st_size} bytes{cost})")
    if failure is not None:
        raise typer.Exit(EXIT_FAILED)


def _rescued(video: Video, target: Path, error: DownloadError) -> Path:
    """A video that was paid for and lies in memory alone is saved somewhere else where its place fails."""
    if video.content is None:
        print_err(f"The video is paid for, and lies for seven days at {video.url}")
        raise error
    try:
        path = video.save(Path(tempfile.mkdtemp(prefix="segmind-ltx-"), target.name))
    except (DownloadError, OSError) as another:
        print_err(f"it could not be saved elsewhere either: {another}")
        raise error from None
    print_err(f"error: {error}\nThe video is paid for, and was saved to {path}")
    return path


def _fetch_command(request_id: str, target: Path | None = None, force: bool = False) -> str:
    words = ["segmind-ltx", "fetch", request_id, "--out", str(target or "video.mp4"), *(["--force"] if force else [])]
    return shlex.join(words)
