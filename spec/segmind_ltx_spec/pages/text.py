"""The text of a saved page: decoded, with one kind of line break and one kind of blank."""

from __future__ import annotations

import bisect
import codecs
import re
from pathlib import Path
from typing import Final

from attrs import field, frozen

_BLANKS: Final = re.compile("[\t\f\v\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_INVISIBLE: Final = re.compile("[\u200b-\u200d\u2060\ufeff]")


_QUOTED: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|[^"]+|"')
"""A quoted value, or what stands between two."""


def _cleaned(text: str) -> str:
    return _INVISIBLE.sub("", _BLANKS.sub(" ", text))


class PageError(Exception):
    """The page cannot be read at all; the message says why."""


@frozen
class PageText:
    """A page as text. Offsets refer to ``text``; lines are counted from 1, as in the saved file."""

    text: str
    _starts: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, raw: str) -> PageText:
        """Clean ``raw``: line breaks become ``\\n``, odd blanks become blanks, invisible characters go.

        A quoted value stays as it is: its blanks and joiners are part of it.
        """
        text = raw.replace("\r\n", "\n").replace("\r", "\n")
        text = _QUOTED.sub(lambda part: part[0] if part[0].startswith('"') else _cleaned(part[0]), text)
        # A blank at the end of a line says nothing, and every pattern would have to allow for it.
        text = "\n".join(line.rstrip(" ") for line in text.split("\n"))
        starts = (0, *(found.end() for found in re.finditer("\n", text)))
        return cls(text, starts)

    def without_last_line(self) -> PageText:
        """Return the page without its last line of text: in a copy that was cut, half of it may be missing."""
        return PageText.of(self.text.rstrip().rpartition("\n")[0])

    def line(self, offset: int) -> int:
        """Return the number of the line that holds ``offset``."""
        return bisect.bisect_right(self._starts, offset)

    def lines(self, start: int, end: int) -> list[tuple[int, str]]:
        """Return the non-empty lines between two offsets, each with its number."""
        first = self.line(start)
        numbered = enumerate(self.text[start:end].split("\n"), first)
        return [(number, line.strip()) for number, line in numbered if line.strip()]


def read_text(path: Path) -> PageText:
    """Read a saved page. Raises `PageError` if it is not text, or there is no such file."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PageError(f"{path}: {error.strerror or error}") from None
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise PageError(f"{path}: not text in UTF-8 (byte {error.start}); save the page as plain text") from None
    if "\x00" in text:
        raise PageError(f"{path}: not text, since it holds zero bytes; save the page as plain text")
    return PageText.of(text)
