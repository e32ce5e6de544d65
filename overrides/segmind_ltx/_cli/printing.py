"""Print on standard output and error so that printing decides nothing.

A broken pipe, a full disk, a closed stream or a code page without a character must not end a command that has paid for
a job. And no text of the service controls the terminal: neither by escape sequences nor by markup.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from logging import Handler, LogRecord
from typing import Any, Final

from rich.console import Console
from rich.text import Text

WIDE: Final = 1000
"""The width of a console that is no terminal."""


def printable(text: object) -> str:
    """Return a text in which every character that could control a terminal is escaped; lines and tabs stay."""
    return "".join(one if one.isprintable() or one in "\n\t" else _escaped(one) for one in str(text))


def _escaped(character: str) -> str:
    if character.isspace() and character > "\x7f":  # Such as a no-break space.
        return " "
    return character.encode("ascii", "backslashreplace").decode() if character > "\x7f" else f"\\x{ord(character):02x}"


class SafeStream:
    """Standard output or error, as it is now. If it fails, ``failure`` says how, and what follows is dropped."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._broken: object = None
        self.failure: OSError | None = None

    @property
    def _stream(self) -> Any:
        """The stream; None if it was closed before the program began, or has failed."""
        stream = getattr(sys, self._name)
        stream = getattr(stream, "rich_proxied_file", stream)  # While bars are shown, unless that is switched off.
        return None if stream is self._broken else stream

    @property
    def encoding(self) -> str:
        """Return the name of the stream's encoding."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        with suppress(ValueError):
            return self._stream is not None and bool(self._stream.isatty())
        return False

    def fileno(self) -> int:
        """Return the number of the stream's file."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        number: int = self._stream.fileno()
        return number

    def write(self, text: str) -> int:
        """Write a text; what the encoding lacks is escaped."""
        plain = text.encode(self.encoding, "backslashreplace").decode(self.encoding)
        self._try("write", plain)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        self._try("flush")

    def _try(self, method: str, *arguments: str) -> None:
        stream = self._stream
        if stream is None:
            return
        try:
            getattr(stream, method)(*arguments)
        except (OSError, ValueError) as error:  # ValueError: it is closed.
            self._broken = stream
            # Who closes a pipe wants no more of it; a full disk is a failure.
            wanted = isinstance(error, OSError) and error.errno not in {errno.EPIPE, errno.EBADF, errno.EINVAL}
            self.failure = error if wanted and isinstance(error, OSError) else None
            _discard(stream)


def _discard(stream: Any) -> None:
    """Let the rest go nowhere: Python writes it when it ends, and would fail again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class SafeConsole(Console):
    """A console for text of the service: without markup, and without characters that control the terminal."""

    def __init__(self, stream: SafeStream) -> None:
        self.stream: Final = stream
        # Without a terminal, tables get COLUMNS or the width that they need, so that no path is broken.
        columns = os.environ.get("COLUMNS", "")
        super().__init__(
            file=stream,  # type: ignore[arg-type] # a text stream, by its methods
            soft_wrap=True,
            markup=False,
            emoji=False,
            highlight=False,
            width=None if stream.isatty() else int(columns) if columns.isdecimal() and int(columns) else WIDE,
        )

    @property
    def interactive(self) -> bool:
        """Return whether a person is watching. FORCE_COLOR asks for colours, not for bars in a log."""
        return self.stream.isatty() and os.environ.get("TERM") != "dumb"

    def render_str(self, text: str, **options: Any) -> Text:
        """Turn a text into what is printed."""
        return super().render_str(printable(text), **options)


class SafeLogHandler(Handler):
    """Print log records, each on one line. The notes of an interrupt are left out: the command prints them itself."""

    def __init__(self, console: Console, words: Callable[[str], str]) -> None:
        """``words`` turns a message of the library into the words of the command line."""
        super().__init__()
        self._console, self._words = console, words
        self.addFilter(lambda record: not getattr(record, "segmind_noted", False))

    def emit(self, record: LogRecord) -> None:
        """Print a record."""
        try:
            self._console.print(f"{record.levelname:8} {self._words(self.format(record))}")
        except Exception:
            self.handleError(record)


def open_missing_streams() -> None:
    """Replace standard streams that were closed before the program began, for libraries that expect them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - until the program ends
    for stream in (sys.stdout, sys.stderr):
        # Also for what typer prints itself: help, and wrong usage.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
