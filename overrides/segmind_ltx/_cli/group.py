"""Commands that live in other packages, found by entry point and imported only where they are called.

The client imports neither the sandbox nor the conformance suite; without the extra that one of them needs, its
command says what to install.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any, Final

import typer
from typer.core import TyperGroup

from segmind_ltx._cli.output import USAGE, emit_error, print_err

GROUP: Final = "segmind_ltx.commands"
MISSING: Final = "Not installed; call it to see what it needs."


class _PluginGroup(TyperGroup):
    """The client's own commands, and those of the packages beside it."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all."""
        return [*super().list_commands(ctx), *sorted(entry.name for entry in entry_points(group=GROUP))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One of them, imported only now."""
        own = super().get_command(ctx, cmd_name)
        for entry in () if own else entry_points(group=GROUP, name=cmd_name):
            return _as_command(entry.name, _loaded(entry.name, entry.load))
        return own


def _as_command(name: str, found: Callable[..., Any] | typer.Typer) -> Any:
    if isinstance(found, typer.Typer):  # One with commands of its own.
        command = typer.main.get_command(found)
        command.name = name
        return command
    function, app = found, typer.Typer(add_completion=False)
    # The stub for a missing extra takes whatever was meant for the real command.
    lenient = {"ignore_unknown_options": True, "allow_extra_args": True} if function.__doc__ == MISSING else None
    app.command(name, context_settings=lenient)(function)
    return typer.main.get_command(app)


def _loaded(extra: str, load: Callable[[], Any]) -> Callable[..., Any] | typer.Typer:
    try:
        loaded: Callable[..., Any] | typer.Typer = load()
    except ImportError as error:
        return _missing(extra, error.name)
    return loaded


def _missing(extra: str, module: str | None) -> Callable[[], None]:
    def command() -> None:
        print_err(f"{extra} needs {module}: python -m pip install 'segmind-ltx[{extra}]'")
        raise typer.Exit(USAGE)

    command.__doc__ = MISSING
    return command


class RootGroup(_PluginGroup):
    """All commands."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read what stands before the command."""
        self._as_json = "--json" in args
        with self._told():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Read the rest, and run the command."""
        with self._told():
            return super().invoke(ctx)

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except Exception as error:
            # Typer's own exceptions have no public base; all have this, and it is for people to read.
            words = getattr(error, "format_message", None)
            if self._as_json and words is not None:
                emit_error("UsageError", words())
            raise
