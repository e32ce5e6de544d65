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


class Page(HTMLParser):
    """The ids of a page, what it links to, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
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


def read_pages(site: Path) -> dict[str, Page]:
    """Read every page of a built site, by its path in the site."""
    return {path.relative_to(site).as_posix(): Page(path.resolve()) for path in sorted(site.rglob("*.html"))}


def problems_of(site: Path, pages: dict[str, Page]) -> Iterator[str]:
    """Yield a sentence for each link, anchor, image or other file of a built site that is not there or is elsewhere."""
    site = site.resolve()
    for name, page in pages.items():
        for target in page.loads:
            yield from _file_problem(site, page.path, name, target)
        for target in page.links:
            yield from _link_problem(site, page.path, name, target, pages)
    for path in sorted(site.rglob("*.css")):
        for found in CSS_URL.findall(path.read_text(encoding="utf-8")):
            yield from _file_problem(site, path, path.relative_to(site).as_posix(), found[0] or found[1])


def _file_problem(site: Path, path: Path, name: str, target: str) -> Iterator[str]:
    url = urlsplit(target)
    if url.netloc or url.scheme not in {"", "data"}:
        yield f"{name}: loads {target} from elsewhere"
    elif not url.scheme and _file(site, path, url.path) is None:
        yield f"{name}: {target} is not there"


def _link_problem(site: Path, path: Path, name: str, target: str, pages: dict[str, Page]) -> Iterator[str]:
    url = urlsplit(target)
    if url.scheme or url.netloc:
        return
    file, anchor = _file(site, path, url.path), unquote(url.fragment)
    if file is None:
        yield f"{name}: {target} is not there"
        return
    there = pages.get(file.relative_to(site).as_posix())
    # An anchor that begins with "/" is a place within the viewer, which is a program.
    if there is not None and anchor and not anchor.startswith("/") and anchor not in there.ids:
        yield f"{name}: {target} has no such anchor"


def _file(site: Path, path: Path, target: str) -> Path | None:
    """Return the file of the site that a link leads to, if there is one."""
    file = (path.parent / unquote(target)).resolve() if target else path
    file = file / "index.html" if file.is_dir() else file
    return file if file.is_relative_to(site) and file.is_file() else None
