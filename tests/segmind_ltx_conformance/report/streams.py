"""Print to streams that may be closed, full, or of a code page without the characters.

What a run found stands in its files and its exit status. A stream that cannot be written to changes neither.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Any, Final

from rich.console import Console

WIDTH: Final = 160
"""Characters of a line if the output is no terminal, so that tables are not squeezed into eighty columns."""


class PatientConsole(Console):
    """A console that goes silent if its stream fails, where rich's own ends the process with status 1."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, unless the stream has failed."""
        try:
            super().print(*objects, **options)
        except (OSError, ValueError):  # ValueError: closed, or a character that the code page lacks.
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Go silent."""
        self.quiet = True
        stream = sys.stderr if self.stderr else sys.stdout
        # Python flushes the stream when it ends, and would end with status 120 if that fails.
        with suppress(AttributeError, OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def consoles() -> tuple[Console, Console]:
    """Return a console for results and one for messages, made now so that they use the current streams."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    out = PatientConsole()
    return out if out.is_terminal else PatientConsole(width=WIDTH), PatientConsole(stderr=True, soft_wrap=True)
