"""Test the page: one file that loads nothing and shows the target's data as text."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from attrs import evolve

from segmind_ltx_conformance.checks import Check, Judgement, Outcome
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.report.page import SYMBOLS, page
from segmind_ltx_spec import clauses
from support.made_up import BASE, HOSTILE, exchange, green, run


class _Page(HTMLParser):
    """Parse a page into its elements, attributes, scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[str] = []
        self.text = ""
        self._inside: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside in {"script", "style"}:
            self.raw.append(data)
        self.text += data

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._inside = None

    @property
    def data(self) -> Any:
        return json.loads(next(text for text in self.raw if text.startswith("{")))


def test_page_shows_markup_of_the_target_as_text() -> None:
    """Markup from the target adds no element and no event handler to the page."""
    made = _Page(page(run()))
    assert (made.tags["script"], made.tags["img"], made.tags["style"]) == (2, 0, 1)
    assert not [name for _, attributes in made.attributes for name in attributes if name.startswith("on")]
    assert "onerror=alert(2)" in made.text
    assert any(HOSTILE[:40] in text for text in made.data["texts"])


def test_page_loads_and_runs_nothing_else() -> None:
    """The page refers to no resource, and its policy allows only its own script and style."""
    text = page(run())
    made = _Page(text)
    for tag, attributes in made.attributes:
        assert not {"src", "action", "style"} & attributes.keys(), tag
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        assert str(attributes.get("href", "#")).startswith("#")
    assert "@import" not in text
    policy = next(given["content"] for _, given in made.attributes if "http-equiv" in given)
    for raw in (text for text in made.raw if not text.startswith("{")):
        assert base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode() in str(policy)


def test_matrix_has_every_check() -> None:
    """Each check has one cell with a symbol and a label, and the symbols differ."""
    made = _Page(page(run()))
    cells = [given for _, given in made.attributes if str(given.get("class")).startswith("cell ")]
    checks = run().judgement.checks
    assert sorted(int(str(given["data-check"])) for given in cells) == list(range(len(checks)))
    assert {given["aria-label"] for given in cells} == {f"{check.id}: {check.outcome}" for check in checks}
    assert len(set(SYMBOLS.values())) == len(Outcome)


def test_check_refers_to_its_exchanges() -> None:
    """The data of the page leads from a check to its exchanges and a curl command."""
    data = _Page(page(run())).data
    check = next(one for one in data["checks"] if one["id"] == "ltx-2-pro.duration.enum")
    shown = data["exchanges"][check["exchanges"][0]]
    assert (shown["m"], shown["s"], data["texts"][shown["u"]]) == ("POST", 200, f"{BASE}/v2/ltx-2-pro")
    assert "$SEGMIND_API_KEY" in data["texts"][shown["c"]]


@pytest.mark.parametrize(("made", "sign"), [(run(), "✗"), (green(), "✓")])
def test_title_has_the_verdict(made: Any, sign: str) -> None:
    """The title begins with a symbol for the verdict."""
    assert f"<title>{sign} LTX conformance of {BASE}</title>" in page(made)


def test_page_size_is_limited() -> None:
    """A page of thousands of long exchanges stays below 5 MB."""
    many = tuple(
        exchange("POST", "/v2/ltx-video", 200, {"prompt": f"{n}"}, {"id": n, "text": "x" * 20_000}) for n in range(4000)
    )
    checks = tuple(
        Check(clause, None, Outcome.FAILED, "x", tuple(range(n * 12, n * 12 + 12)))
        for n, clause in enumerate(clauses())
    )
    text = page(evolve(run(), recording=Recording(BASE, many), judgement=Judgement(checks)))
    assert len(text.encode()) < 5_000_000
    assert "cut here" in text
    assert "x" * 5000 not in text


def test_page_stores_equal_exchanges_once() -> None:
    """Exchanges that differ only in time are stored once."""
    same = tuple(evolve(exchange("GET", "/v2/requests/a", 200, None, {"a": 1}), at=float(n)) for n in range(50))
    checks = tuple(Check(clause, None, Outcome.PASSED, "x", tuple(range(50))) for clause in clauses())
    data = _Page(page(evolve(run(), recording=Recording(BASE, same), judgement=Judgement(checks)))).data
    assert len(data["exchanges"]) == 1
    assert {tuple(check["exchanges"]) for check in data["checks"]} == {(0,)}
