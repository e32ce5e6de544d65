"""What several pages have in common: sources in words, grades, cells of tables, links."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final

from segmind_ltx_spec import Clause, Contract, Source
from segmind_ltx_spec.contract import Claim

GRADES: Final = {
    "D": "one of the five pages of the vendor says so",
    "P": "another public page of the vendor, or its SDK, says so",
    "I": "inferred here, for the reason given",
}


def grade_badge(grade: str) -> str:
    """Return a grade as a badge that explains itself."""
    return f'<span class="grade grade-{grade}" title="{GRADES[grade]}">{grade}</span>'


def source_words(contract: Contract, documents: Sequence[str], claims: Iterable[Claim], note: str | None) -> str:
    """Return a source for people: "the page of ltx-2-pro, lines 47 to 54"."""
    lines: dict[str, list[str]] = {}
    for claim in claims:
        words = str(claim.first) if claim.first == claim.last else f"{claim.first} to {claim.last}"
        if words not in lines.setdefault(claim.page, []):
            lines[claim.page].append(words)
    parts: list[str] = []
    for document in documents:
        found = lines.get(document, [])
        plural = len(found) > 1 or any("to" in words for words in found)
        suffix = f", line{'s' if plural else ''} {_listed(found)}" if found else ""
        parts.append(f"{contract.words_for(document)}{suffix}")
    said = "; ".join(parts)
    return ". ".join(part for part in (said[:1].upper() + said[1:], note) if part).rstrip(".") or "no document"


def graded(contract: Contract, said: Clause | Source) -> str:
    """Return grade and source of a clause or of a statement, for a cell of a table."""
    words = source_words(contract, said.documents, said.claims, said.note)
    return f"{grade_badge(said.grade)} {plain(words)}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table. Cells are Markdown already; only what would end a cell is escaped."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(_cell(one) for one in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def plain(text: str) -> str:
    """Escape a text of ours so that Markdown and HTML show it as it is."""
    text = html.escape(text, quote=False)
    for character in "\\*_[]`":
        text = text.replace(character, f"\\{character}")
    return text


def code(text: str) -> str:
    """Return a text as inline code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
