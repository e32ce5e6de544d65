"""The five pages, line by line: which statement claims a line, and which lines are waived.

A line is claimed by an ``x-source`` of ``openapi.yaml`` or by a clause, and waived in ``x-documents`` with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from attrs import field, frozen

from segmind_ltx_spec.clauses import clauses
from segmind_ltx_spec.contract import Claim, Contract, Json, Page, Source


@frozen
class PageReading:
    """One page held against the contract. Line numbers count from 1; blank lines are left out.

    ``wrong`` has a sentence for each claim whose quote is not on its first line.
    """

    page: Page
    claimed: dict[int, list[str]] = field(repr=False)
    waived: dict[int, str] = field(repr=False)
    unclaimed: list[int]
    wrong: list[str]


def all_claims(contract: Contract) -> Iterator[tuple[str, Claim]]:
    """Yield each claim with its owner: a JSON pointer of the document, or the id of a clause."""
    yield from _claims_below(contract.document, "#")
    for clause in clauses(contract):
        yield from ((clause.id, claim) for claim in clause.claims)


def _claims_below(node: Any, place: str) -> Iterator[tuple[str, Claim]]:
    if isinstance(node, dict):
        table = cast("Json", node)
        if "x-source" in table:
            yield from ((place, claim) for claim in Source.of(table, place).claims)
        for key, value in table.items():
            if key != "x-source":
                yield from _claims_below(value, f"{place}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for index, value in enumerate(cast("list[object]", node)):
            yield from _claims_below(value, f"{place}/{index}")


def read_pages(contract: Contract, folder: Path) -> list[PageReading]:
    """Hold the pages in ``folder`` against the contract. Raises `OSError` if one cannot be read."""
    claims = list(all_claims(contract))
    return [_reading(page, claims, folder) for page in contract.pages.values()]


def _reading(page: Page, claims: list[tuple[str, Claim]], folder: Path) -> PageReading:
    lines = (folder / page.file).read_text(encoding="utf-8").split("\n")
    claimed: dict[int, list[str]] = {}
    wrong: list[str] = []
    for owner, claim in claims:
        if claim.page != page.id:
            continue
        if claim.last > len(lines) or claim.quote not in lines[claim.first - 1]:
            wrong.append(f"{owner}: {claim} does not contain {claim.quote!r}")
        for number in range(claim.first, claim.last + 1):
            claimed.setdefault(number, []).append(owner)
    waived = {n: why for (first, last), why in page.waived.items() for n in range(first, last + 1)}
    texts = [number for number, line in enumerate(lines, 1) if line.strip()]
    unclaimed = [number for number in texts if number not in claimed and number not in waived]
    return PageReading(page, claimed, {n: why for n, why in waived.items() if n in texts}, unclaimed, wrong)
