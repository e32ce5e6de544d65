"""``llms.txt``: the site as a list for language models, with links to pages in Markdown.

Zensical can write one, but only for a site whose address is known; these links are relative.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from docs.sources import INCLUDED, ROOT, Group

ABOUT: Final = (
    "A contract (OpenAPI 3.1), a Python client, a sandbox and a conformance suite for the LTX video models that "
    "Segmind hosts. Independent of Segmind and Lightricks, and never run against the live service."
)


def write_llms(groups: Sequence[Group], sources: Path, site: Path) -> None:
    """Write ``llms.txt`` into a built site, and beside each page its Markdown, if that has the page's text."""
    lines = ["# segmind-ltx", "", f"> {ABOUT}", ""]
    for title, pages in [Group("Start", [("Overview", "index.md")]), *groups]:
        lines.append(f"## {title}\n")
        lines.extend(f"- [{name}]({_link(path, sources, site)})" for name, path in pages)
        lines.append("")
    (site / "llms.txt").write_text("\n".join(lines), encoding="utf-8")


def _link(path: str, sources: Path, site: Path) -> str:
    source = ROOT / INCLUDED[path] if path in INCLUDED else sources / path
    text = source.read_text(encoding="utf-8")
    if re.search("^::: ", text, re.MULTILINE):  # The text of these pages is in the code.
        return f"{path.removesuffix('.md')}.html"
    (site / path).write_text(text, encoding="utf-8")
    return path
