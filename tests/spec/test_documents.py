"""Each line of the five pages is claimed by a statement or waived, and each claim quotes its line."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_spec import contract_of, load
from segmind_ltx_spec.documents import PageReading, all_claims, read_pages

DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "documents"
needs_documents = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the vendor's five pages do not ship")


def readings(document: dict[str, Any] | None = None) -> dict[str, PageReading]:
    contract = load() if document is None else contract_of(document)
    return {reading.page.id: reading for reading in read_pages(contract, DOCUMENTS)}


@needs_documents
def test_lines_are_claimed_or_waived() -> None:
    """No line of a page is left without a statement or a reason."""
    assert {page: reading.unclaimed for page, reading in readings().items() if reading.unclaimed} == {}


@needs_documents
def test_claims_quote_their_line() -> None:
    """The quote of every claim is on the first line that it names."""
    assert [words for reading in readings().values() for words in reading.wrong] == []


@needs_documents
def test_waived_lines_are_not_claimed() -> None:
    """A line is waived only if nothing in the contract rests on it."""
    assert [(page, n) for page, reading in readings().items() for n in reading.waived if n in reading.claimed] == []


@needs_documents
def test_reading_notices_a_lost_claim(document: dict[str, Any]) -> None:
    """A retention rule without its source leaves a line unclaimed."""
    source = document["components"]["schemas"]["Ltx2ProRequest"]["properties"]["generate_audio"]["x-source"]
    source["documents"] = ["003:55-58 generate_audio"]
    document["components"]["schemas"]["Ltx2ProRequest"]["x-model"]["video"]["sound"] = {
        "parameter": "generate_audio",
        "x-source": {"grade": "I", "note": "made up"},
    }
    assert readings(document)["003"].unclaimed == [60]


@needs_documents
def test_reading_notices_a_wrong_quote(document: dict[str, Any]) -> None:
    """A quote that stands on another line is found, with its owner."""
    changed = copy.deepcopy(document)
    changed["components"]["schemas"]["Ltx2FastRequest"]["properties"]["duration"]["x-source"] = {
        "grade": "D",
        "documents": ["002:54-58 durationoptional"],
    }
    wrong = readings(changed)["002"].wrong
    assert wrong
    assert all("002:54-58 does not contain 'durationoptional'" in words for words in wrong)


def test_documented_clauses_have_lines() -> None:
    """Every claim belongs to one of the five pages; every grade-D source has at least one."""
    pages = set(load().pages)
    owners = [(owner, claim.page) for owner, claim in all_claims(load())]
    assert len(owners) > 200
    assert {page for _, page in owners} == pages
