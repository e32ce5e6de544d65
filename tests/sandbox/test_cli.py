"""Run the command, registered as the client registers it."""

from __future__ import annotations

import socket

import typer
from typer.testing import CliRunner

from segmind_ltx_sandbox import SCENARIOS
from segmind_ltx_sandbox.cli import sandbox

app = typer.Typer()
app.command("sandbox")(sandbox)


@app.callback()
def group() -> None:
    """Make `sandbox` a subcommand, as in the client."""


def test_keys_option_prints_table() -> None:
    """``--keys`` prints the key and the name of every scenario."""
    result = CliRunner().invoke(app, ["sandbox", "--keys"], env={"COLUMNS": "120"})
    assert result.exit_code == 0
    for scenario in SCENARIOS:
        assert scenario.key in result.output
        assert scenario.name in result.output


def test_port_in_use_exits_2() -> None:
    """If the port is in use, the command exits with 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(app, ["sandbox", "--port", str(taken.getsockname()[1])])
    assert result.exit_code == 2


def test_help_names_every_option() -> None:
    """``--help`` names every option."""
    result = CliRunner().invoke(app, ["sandbox", "--help"], env={"COLUMNS": "120", "TERM": "dumb", "NO_COLOR": "1"})
    assert result.exit_code == 0
    for option in ("--port", "--host", "--speed", "--keys", "--v1-bytes"):
        assert option in result.output
