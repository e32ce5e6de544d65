"""``segmind-ltx jobs settle`` and ``doubt``: say what only a person can find out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from segmind_ltx._cli.fleet.extra import ledger_url, load_fleet
from segmind_ltx._cli.fleet.worker import LedgerUrl
from segmind_ltx._cli.output import exit_on_error, out
from segmind_ltx.errors import ParameterError


def settle(
    number: Annotated[int, typer.Argument(help="Number of the row, as segmind-ltx jobs lists it.")],
    exists: Annotated[
        str | None, typer.Option("--exists", metavar="ID", help="Its job exists: this is its request id.")
    ] = None,
    never_existed: Annotated[
        bool, typer.Option("--never-existed", help="No job was made, as your account shows; submit it again.")
    ] = False,
    ledger: LedgerUrl = None,
) -> None:
    """Settle a row whose submit had no response: with its job's id it is fetched, else submitted again."""
    with exit_on_error(as_json=False):
        if (exists is None) == (not never_existed):
            raise ParameterError("say either --exists ID or --never-existed")
        out.print(f"row {number}: {load_fleet().settle_row(ledger_url(ledger), number, exists)}")


def doubt(
    since: Annotated[
        datetime, typer.Option("--since", help="The last moment (UTC) of which the ledger knows everything.")
    ],
    ledger: LedgerUrl = None,
) -> None:
    """After a restore from a backup: stop the submitting, and doubt every row that may have been submitted since."""
    with exit_on_error(as_json=False):
        count = load_fleet().doubt_rows(ledger_url(ledger), since.replace(tzinfo=UTC).timestamp())
        out.print(
            f"{count} rows are uncertain now, and nothing is submitted; settle them, then: segmind-ltx jobs --resume"
        )
