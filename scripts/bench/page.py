"""Compose the page: first the table, then the explanation of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import _page
from bench.harness import Row, Section

HEAD: Final = """\
# Benchmarks

Written by `nox -s bench`, from one run on one machine: {machine}. Unless it is simulated, a measurement uses a
server on the same machine that only sends prepared responses, so it compares the clients alone. On another machine
the figures differ; the ratios, each from this one run, are the result. A row without a bound is there for
comparison.
"""
REPEAT: Final = """\
## How to repeat it

    python -m nox -s bench

takes about {minutes} minutes and writes this page. The exit status is 1 if a figure is out of bounds. `-- --only NAME`
measures one of {names} and prints its rows. `-- --quick` measures less and prints all rows; it does not judge
the runs of many jobs. Use the machine for nothing else meanwhile.
"""
NOT_MEASURED: Final = """\
## What was not measured

The live service, TLS, connections that lose packets, downloads, operating systems and Pythons other than those
above, clients other than segmind's and httpx, and segmind in several processes. No job fails here, and the
server loses no response.
"""


def table(rows: Iterable[Row]) -> str:
    """Return the rows as Markdown."""
    held = {True: "yes", False: "**no**", None: ""}
    head = ("row", "ours", "the other", "ratio", "bound", "held")
    return _page.table(
        head,
        (
            (row.what, row.ours, row.other, "" if row.ratio is None else f"{row.ratio:.3f}", row.bound, held[row.held])
            for row in rows
        ),
    )


def page(sections: Sequence[Section], names: Iterable[str], minutes: float) -> str:
    """Return the whole page."""
    machine = _page.environment("segmind", "httpx", "httpx-aiohttp", "aiohttp")
    parts = [_page.wrap(HEAD.format(machine=machine)), table(row for section in sections for row in section.rows)]
    for section in sections:
        parts.append(f"## {section.title}\n\n{_page.wrap(section.text)}")
        if section.plot:
            parts.append(f"![{section.plot.about}](benchmarks/{section.plot.name}.svg)\n")
    repeat = REPEAT.format(minutes=max(1, round(minutes)), names=", ".join(f"`{name}`" for name in names))
    return "\n".join([*parts, _page.wrap(NOT_MEASURED), _page.wrap(repeat)])
