"""The root of the commands: what is wrong with a command line is told in JSON too, where JSON is asked for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from segmind_ltx.cli._commands import Commands
from segmind_ltx.cli._output import emit_error


class App(Commands):
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
