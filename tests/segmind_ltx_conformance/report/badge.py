"""Draw ``summary.svg``: the verdict as a badge, to link to the report."""

from __future__ import annotations

from html import escape
from typing import Final

from segmind_ltx_conformance.checks import Judgement, Outcome

COLOURS: Final = {0: "#1a7f37", 1: "#c11f2e", 2: "#6e7781"}
LABEL: Final = "LTX conformance"
_WIDTH: Final = 6.6
"""Pixels of an average character; `textLength` fits every font to it."""


def badge(judgement: Judgement) -> str:
    """Return the badge as SVG, without any text from the target."""
    failed, passed = len(judgement.having(Outcome.FAILED)), len(judgement.having(Outcome.PASSED))
    words = {0: f"{passed} passed", 1: f"{failed} failed", 2: "inconclusive"}[judgement.exit_status]
    left, right = (round(len(text) * _WIDTH + 12) for text in (LABEL, words))
    title = escape(f"{LABEL}: {words}")
    size = f'width="{left + right}" height="20"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">
<title>{title}</title>
<clipPath id="r"><rect {size} rx="3"/></clipPath>
<g clip-path="url(#r)">
<rect width="{left}" height="20" fill="#424a53"/>
<rect x="{left}" width="{right}" height="20" fill="{COLOURS[judgement.exit_status]}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" lengthAdjust="spacingAndGlyphs">
<text x="6" y="14" textLength="{left - 12}">{LABEL}</text>
<text x="{left + 6}" y="14" textLength="{right - 12}">{escape(words)}</text>
</g>
</svg>
"""
