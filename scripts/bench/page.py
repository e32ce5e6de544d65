"""The page: the table first, then what its rows mean."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from textwrap import fill
from typing import Final

from bench.harness import Row, Section

HEAD: Final = """\
# Benchmarks

Written by `nox -s bench`, from one run on one machine: {machine}. All that is not simulated is against a server
on the same machine that does nothing but answer, so it is about the clients alone. A figure says little by itself on
another machine; the ratios, each within this one run, are what is claimed. A row without a bound is told for
comparison.
"""
REPEAT: Final = """\
## How to repeat it

    python -m nox -s bench

takes about {minutes} minutes, writes this page, and ends with 1 where a bound is not held. `-- --only NAME`
measures one of {names} and prints it; `-- --quick` does less of each, and prints: small runs of many jobs are
not judged. Leave the machine alone meanwhile.
"""
NOT_MEASURED: Final = """\
## What was not measured

The live service, TLS, lines that lose packets, downloads, other operating systems and Pythons than those above,
clients other than segmind's and httpx, and segmind in several processes. No job fails here, and no answer is
lost by the server.
"""


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| row | ours | the other | ratio | bound | held |", "|---|---|---|---|---|---|"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
        held = {True: "yes", False: "**no**", None: ""}[row.held]
        lines.append(f"| {row.what} | {row.ours} | {row.other} | {ratio} | {row.bound} | {held} |")
    return "\n".join(lines) + "\n"


def page(sections: Sequence[Section], names: Iterable[str], minutes: float) -> str:
    """The whole page."""
    parts = [flowing(HEAD.format(machine=machine())), table(row for section in sections for row in section.rows)]
    for section in sections:
        parts.append(f"## {section.title}\n\n{flowing(section.text)}")
        if section.plot:
            parts.append(f"![{section.plot.about}](benchmarks/{section.plot.name}.svg)\n")
    repeat = REPEAT.format(minutes=max(1, round(minutes)), names=", ".join(f"`{name}`" for name in names))
    return "\n".join([*parts, flowing(NOT_MEASURED), flowing(repeat)])


def flowing(text: str) -> str:
    """The text with its paragraphs broken anew, since what was put into it is of any length."""
    return (
        "\n\n".join(
            block if block.startswith(("#", "    ")) else fill(block, 118, break_on_hyphens=False)
            for block in text.strip("\n").split("\n\n")
        )
        + "\n"
    )


def machine() -> str:
    """What the figures depend on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    clients = ", ".join(f"{name} {version(name)}" for name in ("segmind", "httpx", "httpx-aiohttp", "aiohttp"))
    return f"{python}, {os.cpu_count()} cores, {platform.system()} on {platform.machine()}, {clients}"


def write(text: str, path: Path) -> None:
    """The page is there whole or not at all."""
    partial = path.with_suffix(".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
