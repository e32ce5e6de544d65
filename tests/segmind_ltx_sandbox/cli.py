"""Define the command ``segmind-ltx sandbox``, for the Typer application that registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from segmind_ltx_sandbox.__main__ import listed_deviations, run
from segmind_ltx_sandbox.http.app import SPEED
from segmind_ltx_sandbox.service.scenarios import SCENARIOS


def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.")] = 8900,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    speed: Annotated[float, typer.Option(help="How many times faster than usual jobs run; 1 is real time.")] = SPEED,
    keys: Annotated[bool, typer.Option("--keys", help="List the keys and what they do, then exit.")] = False,
    v1_bytes: Annotated[bool, typer.Option("--v1-bytes", help="Return bytes from blocking calls, not JSON.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Print a line for each request to stderr.")] = False,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the requests to a HAR file, for `conformance judge`.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Choose what the documents leave open; --options lists the choices."),
    ] = None,
    options: Annotated[bool, typer.Option("--options", help="List what can be chosen, then exit.")] = False,
    deviation: Annotated[
        str | None, typer.Option(metavar="NAME", help="Serve this deviation from the documents.")
    ] = None,
    deviations: Annotated[bool, typer.Option("--deviations", help="List all deviations, then exit.")] = False,
) -> None:
    """Serve an emulator of the API. It runs no model and needs no key from the vendor."""
    if keys:
        Console().print(key_table())
        return
    if options:
        # Imported late, as in `run`.
        from segmind_ltx_sandbox.options import listed_options

        for line in listed_options():
            typer.echo(line)
        return
    if deviations:
        for line in listed_deviations():
            typer.echo(line)
        return
    raise typer.Exit(
        run(
            host=host,
            port=port,
            speed=speed,
            v1_bytes=v1_bytes,
            deviation=deviation,
            choices=option or (),
            log=log,
            record=record,
        )
    )


def key_table() -> Table:
    """Return the scenario keys as a table."""
    table = Table(title="Keys of the sandbox")
    for column in ("key", "name", "what happens"):
        widest = max(len(getattr(scenario, column)) for scenario in SCENARIOS) if column != "what happens" else None
        table.add_column(column, min_width=widest, overflow="fold")
    for scenario in SCENARIOS:
        table.add_row(scenario.key, scenario.name, scenario.summary)
    return table
