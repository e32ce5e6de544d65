"""The group of all commands, with those of other packages, which are found by entry point and imported on use.

The client imports neither the sandbox nor the conformance suite. If the extra of one of them is missing, its command
says what to install.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any, Final

import typer
from typer.core import TyperGroup

from segmind_ltx._cli.output import INTERRUPTED, USAGE, emit_error, given, print_err
from segmind_ltx._install import install_command

ENTRY_POINTS: Final = "segmind_ltx.commands"
NOT_INSTALLED: Final = "Not installed; run it to see what it needs."


class _PluginGroup(TyperGroup):
    """Add the commands of other packages to those of the client."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return [*super().list_commands(ctx), *sorted(entry.name for entry in entry_points(group=ENTRY_POINTS))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; import it now if it is in another package."""
        command = super().get_command(ctx, cmd_name)
        for entry in () if command else entry_points(group=ENTRY_POINTS, name=cmd_name):
            return _as_command(entry.name, _load(entry.name, entry.load))
        return command


def _as_command(name: str, target: Callable[..., Any] | typer.Typer) -> Any:
    if isinstance(target, typer.Typer):  # A group with subcommands.
        command = typer.main.get_command(target)
        command.name = name
        return command
    function, app = target, typer.Typer(add_completion=False, rich_markup_mode=None)
    # The stand-in for a missing extra accepts all options of the real command.
    lenient = {"ignore_unknown_options": True, "allow_extra_args": True} if function.__doc__ == NOT_INSTALLED else None
    app.command(name, context_settings=lenient)(function)
    return typer.main.get_command(app)


def _load(extra: str, load: Callable[[], Any]) -> Callable[..., Any] | typer.Typer:
    try:
        target: Callable[..., Any] | typer.Typer = load()
    except ImportError as error:
        return _not_installed(extra, error.name)
    return target


def _not_installed(extra: str, module: str | None) -> Callable[[], None]:
    def command() -> None:
        print_err(f"{extra} needs {module}: {install_command(extra)}")
        raise typer.Exit(USAGE)

    command.__doc__ = NOT_INSTALLED
    return command


class RootGroup(_PluginGroup):
    """Run the commands. With --json, wrong usage is one JSON object as well."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse the options before the command."""
        self._as_json = "--json" in args
        given[:] = args
        with self._usage_errors_as_json():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Parse the command's own options, and run it."""
        with self._usage_errors_as_json():
            return super().invoke(ctx)

    @contextmanager
    def _usage_errors_as_json(self) -> Generator[None]:
        try:
            yield
        except KeyboardInterrupt:  # Outside of what a command does: nothing was sent.
            print_err("interrupted")
            if self._as_json:
                emit_error("Interrupted", "interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            # Typer's exceptions have no public base class, but all of them have this method.
            format_message = getattr(error, "format_message", None)
            if self._as_json and format_message is not None:
                emit_error("UsageError", format_message())
            raise
