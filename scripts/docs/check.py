"""Check the built site: every link, anchor and image leads somewhere, and nothing is loaded from elsewhere.

An own check, since Zensical's looks at links in Markdown alone: not at images, nor at the viewer, nor at what the
theme adds. Links to other hosts are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

LOADED: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
"""What a browser fetches by itself, by element."""
CSS_URL: Final = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")


class _Page(HTMLParser):
    """The ids of a page, what it links to, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.update(value for name in ("id", "name") if (value := given.get(name)))
        if tag == "a" and (target := given.get("href")):
            self.links.append(target)
        if target := given.get(LOADED.get(tag, "")):
            self.loads.append(target)


def read_anchors(site: Path) -> dict[str, set[str]]:
    """Return the ids of every page of a built site, by its path in the site."""
    return {path.relative_to(site).as_posix(): _Page(path).ids for path in site.rglob("*.html")}


def problems_of(site: Path) -> Iterator[str]:
    """Yield a sentence for each link, anchor, image or other file of a built site that is not there or is elsewhere."""
    anchors = read_anchors(site)
    for path in sorted(site.rglob("*.html")):
        name, page = path.relative_to(site).as_posix(), _Page(path)
        for target in page.loads:
            yield from _problem(site, path, name, target, anchors, loaded=True)
        for target in page.links:
            yield from _problem(site, path, name, target, anchors, loaded=False)
    for path in sorted(site.rglob("*.css")):
        for found in CSS_URL.findall(path.read_text(encoding="utf-8")):
            yield from _problem(
                site, path, path.relative_to(site).as_posix(), found[0] or found[1], anchors, loaded=True
            )


def _problem(
    site: Path, path: Path, name: str, target: str, anchors: dict[str, set[str]], *, loaded: bool
) -> Iterator[str]:
    url = urlsplit(target)
    if url.scheme or url.netloc:
        if loaded and url.scheme != "data":
            yield f"{name}: loads {target} from elsewhere"
        return
    file = (path.parent / unquote(url.path)).resolve() if url.path else path
    file = file / "index.html" if file.is_dir() else file
    if not file.is_relative_to(site.resolve()) or not file.is_file():
        yield f"{name}: {target} is not there"
    elif url.fragment and file.suffix == ".html" and not loaded:
        # What follows "#/" is a place within the viewer, which is a program.
        known = anchors[file.relative_to(site.resolve()).as_posix()]
        if unquote(url.fragment) not in known and not url.fragment.startswith(("/", "__")):
            yield f"{name}: {target} has no such anchor"
