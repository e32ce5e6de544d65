"""The reference of the command line, read from the commands themselves. Each command is an anchor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import typer

from docs.words import code, plain, table
from segmind_ltx._cli.commands import app

ROOT: Final = "segmind-ltx"


class Command(NamedTuple):
    """One command: its whole name, and typer's object for it, which has no public type."""

    name: str
    parent: str | None
    command: Any
    context: typer.Context

    @property
    def anchor(self) -> str:
        """Return the id of the command's heading."""
        return self.name.replace(" ", "-")


def all_commands() -> Iterator[Command]:
    """Yield every command, each group before its own; those of other packages are found by entry point."""
    root: Any = typer.main.get_command(app)
    yield from _below(ROOT, None, root, typer.Context(root, info_name=ROOT))


def _below(name: str, parent: str | None, command: Any, context: typer.Context) -> Iterator[Command]:
    yield Command(name, parent, command, context)
    for word in sorted(_subcommands(command, context)):
        below: Any = command.get_command(context, word)
        yield from _below(f"{name} {word}", name, below, typer.Context(below, info_name=word, parent=context))


def _subcommands(command: Any, context: typer.Context) -> list[str]:
    return command.list_commands(context) if hasattr(command, "list_commands") else []


def command_page() -> str:
    """Return the page of all commands."""
    commands = list(all_commands())
    return "\n\n".join(["# The command line", *(_section(one, commands) for one in commands)]) + "\n"


def _section(one: Command, commands: list[Command]) -> str:
    level = "##" if one.name.count(" ") < 2 else "###"
    usage = " ".join([one.name, *one.command.collect_usage_pieces(one.context)])
    parts = [
        f"{level} {code(one.name)} {{ #{one.anchor} }}",
        _prose(one.command.help or ""),
        f"```console\n{usage}\n```",
    ]
    if below := [each for each in commands if each.parent == one.name]:
        rows = [[f"[{code(each.name)}](#{each.anchor})", plain(_summary(each))] for each in below]
        parts.append(table(["command", "what it does"], rows))
    # What `--help` shows. It says more, but typer renames the rest from one release to the next.
    records = [param.get_help_record(one.context) for param in one.command.get_params(one.context)]
    if rows := [[code(name), plain(text)] for name, text in filter(None, records)]:
        parts.append(table(["argument or option", "what it is"], rows))
    if one.command.epilog:
        parts.append(_prose(one.command.epilog))
    return "\n\n".join(parts)


def _prose(text: str) -> str:
    """Return a help text as Markdown; a paragraph that is JSON, an example of a line, as a block of code."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(f"```json\n{one}\n```" if one.startswith("{") else plain(one) for one in paragraphs)


def _summary(one: Command) -> str:
    first: str = (one.command.help or "").strip().split("\n\n")[0]
    return " ".join(first.split())
