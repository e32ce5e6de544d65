"""Define the commands ``segmind-ltx spec …``, for the Typer application that registers them.

Each passes its arguments on to the parser behind ``python -m segmind_ltx_spec …``, so both take the same ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

import typer

from segmind_ltx_spec.__main__ import clauses_parser, list_clauses
from segmind_ltx_spec.changes import cli as changes_cli
from segmind_ltx_spec.pages import cli as pages_cli

_Run = Callable[[Sequence[str]], int]

spec: typer.Typer = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Read the contract, compare two versions of it, or read a saved page of the vendor.",
)
page: typer.Typer = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Read, check or take over a page of the vendor that was saved as text.",
)
spec.add_typer(page, name="page")


def _register(app: typer.Typer, name: str, words: str, parser: argparse.ArgumentParser, run: _Run) -> None:
    """Add a command that passes its arguments on; ``--help`` is the parser's as well."""

    def command(context: typer.Context) -> None:
        raise typer.Exit(run(context.args))

    settings = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}
    epilog = "\n\n".join(_described(parser))
    app.command(name, help=words, epilog=epilog, add_help_option=False, context_settings=settings)(command)


def _described(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield a paragraph for each argument, and what stands below them, for the reference of the command line."""
    actions: list[argparse.Action] = parser._actions  # pyright: ignore[reportPrivateUsage]
    for action in actions:
        name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        values = f" ({', '.join(map(str, action.choices))})" if action.choices else ""
        yield f"{name}{values}: {action.help}."
    if parser.epilog:
        yield " ".join(parser.epilog.split())


def _of_page(name: str) -> _Run:
    return lambda arguments: pages_cli.main([name, *arguments])


_register(spec, "clauses", "Print the clauses of the contract.", clauses_parser(), list_clauses)
_register(
    spec,
    "diff",
    "Say what a change of the contract means, for whom, and what is left to do by hand.",
    changes_cli.parser(),
    changes_cli.main,
)
for _name, _parser in pages_cli.parsers().items():
    _register(page, _name, f"{_parser.description}", _parser, _of_page(_name))
