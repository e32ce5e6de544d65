"""``segmind-ltx demo``: make one video with each model in the sandbox, without key, network or cost."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.table import Table

from segmind_ltx import APIConnectionError, Client, Job, ParameterError, Video
from segmind_ltx._cli.output import JobProgress, exit_on_error, out, print_err
from segmind_ltx._cli.tables import Column, fitting_table
from segmind_ltx._install import install_command
from segmind_ltx_api.contract import MODELS, Model

SANDBOX_KEY: Final = "SG_0000000000000200"
"""The sandbox's key for the scenario without errors. No other server accepts it."""
PROMPT: Final = "A paper boat drifts down a rain gutter, camera low and close, soft grey light."
IMAGE: Final = "https://example.com/boat.png"


def demo(
    folder: Annotated[Path, typer.Option("--out", "-o", help="Folder for the videos.")] = Path("demo-videos"),
    speed: Annotated[float, typer.Option(min=0.1, help="How many times faster than the real models.")] = 60.0,
) -> None:
    """Start the sandbox on loopback and make one video with each model. Needs no key and no network."""
    with exit_on_error(as_json=False):
        if any(importlib.util.find_spec(name) is None for name in ("av", "starlette", "uvicorn", "jsonschema", "PIL")):
            raise ParameterError(f"the demo needs the sandbox: {install_command('cli,sandbox')}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ParameterError(f"--out {folder}: {error.strerror}") from None
        # Ignore proxy variables: the requests stay on this machine.
        direct = httpx.Client(trust_env=False)
        with sandbox(speed) as base_url, direct, Client(SANDBOX_KEY, base_url, http=direct) as client:
            print_err(f"sandbox at {base_url}; it runs no model, it draws test pictures instead")
            rows = _make_videos(client, folder)
        out.print(_table(rows, folder))


@contextmanager
def sandbox(speed: float) -> Generator[str]:
    """Start the sandbox in its own process, on a free loopback port. Yield its base URL."""
    command = [sys.executable, "-m", "segmind_ltx_sandbox", "--port", "0", "--speed", str(speed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        try:
            greeting = process.stdout.readline() if process.stdout else ""
            if "http://" not in greeting:
                raise APIConnectionError(f"the sandbox did not start: {greeting or 'see above'}")
            yield greeting.split()[-1]
        finally:
            process.terminate()


def _make_videos(client: Client, folder: Path) -> list[tuple[Video, float, Path | None]]:
    submit: Any = client.submit
    start = time.monotonic()
    jobs: list[Job] = [submit(model.slug, **_parameters(model)) for model in MODELS.values()]
    progress = JobProgress()
    rows: list[tuple[Video, float, Path | None]] = []
    with progress.shown():
        bars = [progress.add(job.id, None) for job in jobs]
        for job, bar in zip(jobs, bars, strict=True):
            video = job.wait(poll_interval=0.2, on_status=progress.on_status(bar, str(job.model)))
            rows.append((video, time.monotonic() - start, video.save(folder / f"{job.model}.mp4", overwrite=True)))
            progress.done(bar)
        bar = progress.add("ltx-video, blocking v1", None)
        start = time.monotonic()
        rows.append((client.generate_blocking("ltx-video", prompt=PROMPT), time.monotonic() - start, None))
        progress.done(bar)
    return rows


def _parameters(model: Model) -> dict[str, str]:
    """Return the parameters that the model requires."""
    return {p.name: IMAGE if p.uri else PROMPT for p in model.parameters.values() if p.required}


def _table(rows: list[tuple[Video, float, Path | None]], folder: Path) -> Table:
    columns = [
        Column("model", 0),
        Column("request id", 4),
        Column("size", 2),
        Column("duration", 3),
        Column("cost", 2),
        Column("time", 5),
        Column("file", 1),
    ]
    cells: list[tuple[str, ...]] = []
    for video, seconds, path in rows:
        size, duration = _size_and_duration(path) if path else ("(in memory)", "")
        cost = "" if video.cost is None else f"{video.cost:.3f} USD"
        file = path.name if path else "not saved"
        cells.append((video.model or "", video.request_id or "", size, duration, cost, f"{seconds:.1f} s", file))
    title = f"One video with each model, in {folder}, and one with the blocking v1 call"
    return fitting_table(title, columns, cells, out.width)


def _size_and_duration(path: Path) -> tuple[str, str]:
    """Read size and duration from the file, so the table shows what was made, not what was requested."""
    import av  # An extra that only the demo needs.

    with av.open(path) as container:
        stream = container.streams.video[0]
        sound = "with sound" if container.streams.audio else "silent"
        seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        return f"{stream.width}x{stream.height}", f"{seconds:.2f} s, {sound}"
