"""``segmind-ltx worker``: make the videos of the batches in a ledger, beside other workers."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated

import typer

from segmind_ltx._cli.fleet.extra import ledger_url, load_fleet
from segmind_ltx._cli.output import exit_on_error
from segmind_ltx._config import check_options, read_api_key, read_base_url
from segmind_ltx.ledger import LEDGER_VARIABLE

LedgerUrl = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="URL",
        help=f"Address of the ledger, postgresql://…. Default: {LEDGER_VARIABLE}.",
        show_default=False,
    ),
]


def worker(
    ledger: LedgerUrl = None,
    concurrency: Annotated[int, typer.Option(min=1, max=10_000, help="Most jobs in flight at once.")] = 500,
    give_up_after: Annotated[
        float,
        typer.Option(min=2, metavar="SECONDS", help="Take over the jobs of a worker that gave no sign for so long."),
    ] = 30.0,
    until_done: Annotated[
        bool, typer.Option("--until-done", help="End when no row is left that can be worked on.")
    ] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="SEGMIND_API_KEY is a new key of the ledger's account.")
    ] = False,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="[HOST]:PORT", help="Serve metrics for Prometheus there.", show_default=False),
    ] = None,
) -> None:
    """Submit and fetch the jobs of a ledger. Costs money, except in the sandbox.

    Run it on as many machines as you like.

    SIGTERM: it submits nothing more, hands its jobs over within 10 s, and ends. A second one ends it at once.
    """
    with exit_on_error(as_json=False):
        fleet = load_fleet()
        logging.getLogger("segmind_ltx").setLevel(logging.WARNING)
        url, key = ledger_url(ledger), read_api_key(None)
        client = check_options(
            read_base_url(None),
            key,
            headers=None,
            timeout=None,
            max_retries=4,
            max_submit_retries=0,
            resend_on=(),
            clock=None,
            logger=None,
        )
        options = fleet.WorkerOptions(concurrency, give_up_after, until_done, new_key, metrics)
        asyncio.run(fleet.Worker(url, client, key, options).run())
