"""Build the site and check it: ``python -m docs``, which `nox -s docs` runs.

The result is in build/site. Exit status: 0 if it is built and whole, 1 if something is missing, 2 if Zensical failed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Final

from docs.check import Page, problems_of, read_pages
from docs.llms import write_llms
from docs.sources import ROOT, expected_anchors, write_sources

SOURCES: Final = ROOT / "build/docs"
SITE: Final = ROOT / "build/site"
LIMIT: Final = 15.0
"""Seconds that a build may take; more is worth a warning, since a slow machine is no mistake."""


def main() -> int:
    """Write the sources, let Zensical build them, check what came out."""
    begun = time.monotonic()
    groups = write_sources(SOURCES)
    built = subprocess.run([sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=ROOT, check=False)
    if built.returncode:
        return 2
    for name in ("404.html", "sitemap.xml"):  # Both need to know the address of the site.
        (SITE / name).unlink(missing_ok=True)
    write_llms(groups, SOURCES, SITE)
    pages = read_pages(SITE)
    problems = [*problems_of(SITE, pages), *missing_anchors(pages)]
    taken = time.monotonic() - begun
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) / 1e6
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    print(f"{len(pages)} pages, {size:.1f} MB, {taken:.1f} s, {len(problems)} problems: {SITE / 'index.html'}")
    if taken > LIMIT:
        print(f"warning: a build should take at most {LIMIT:g} s", file=sys.stderr)
    return 1 if problems else 0


def missing_anchors(pages: dict[str, Page]) -> list[str]:
    """Return a sentence for each public name, command, model or clause that has no anchor on its page."""
    return [
        f"{name}: no anchor {anchor}"
        for name, anchor in expected_anchors()
        if name not in pages or anchor not in pages[name].ids
    ]


if __name__ == "__main__":
    sys.exit(main())
