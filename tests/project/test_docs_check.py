"""The check of the built site finds a broken link, anchor or image, and whatever a page loads from elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from docs import check

PAGE = '<h1 id="top">One</h1><a href="two.html#there">two</a><img src="a.png"><script src="a.js"></script>'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A built site in which all is well."""
    folder = tmp_path / "site"
    folder.mkdir()
    two = '<a id="there" href="one.html">one</a><a href="https://example.com">away</a>'
    (folder / "one.html").write_text(PAGE)
    (folder / "two.html").write_text(two)
    (tmp_path / "two.html").write_text(two)  # Beside the site, so not a part of it.
    (folder / "a.png").write_bytes(b"")
    (folder / "a.js").write_text("")
    (folder / "a.css").write_text("body { background: url(a.png); }")
    return folder


def test_check_passes_a_whole_site(site: Path) -> None:
    """Links, anchors and files that are there are no problem, and a link to another host is none either."""
    assert list(check.problems_of(site, check.read_pages(site))) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("one.html", "two.html#", "three.html#", "one.html: three.html#there is not there"),
        ("one.html", "#there", "#nowhere", "one.html: two.html#nowhere has no such anchor"),
        ("one.html", "a.png", "b.png", "one.html: b.png is not there"),
        ("one.html", "two.html#", "../two.html#", "one.html: ../two.html#there is not there"),
        ("one.html", "a.js", "https://x.test/a.js", "one.html: loads https://x.test/a.js from elsewhere"),
        ("one.html", "a.js", "//x.test/a.js", "one.html: loads //x.test/a.js from elsewhere"),
        ("a.css", "a.png", "b.png", "a.css: b.png is not there"),
        ("a.css", "url(a.png)", "url('https://x.test/f')", "a.css: loads https://x.test/f from elsewhere"),
    ],
)
def test_check_finds_what_is_missing(site: Path, file: str, old: str, new: str, problem: str) -> None:
    """A broken link, anchor or image, and a file from another host, are each named."""
    text = (site / file).read_text()
    assert old in text
    (site / file).write_text(text.replace(old, new))
    assert list(check.problems_of(site, check.read_pages(site))) == [problem]
