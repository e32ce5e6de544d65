"""The rows decide: who may submit, with which money, and whose changes count."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import closing

import pytest

from segmind_ltx._core.journal import EntryState
from segmind_ltx._fleet.account import Rate, set_rate
from segmind_ltx._fleet.rows import PAID, SENT, Begun, Rows
from segmind_ltx._postgres.connection import open_schema
from support.fleet import made_up_items

from .conftest import LedgerUnderTest

pytestmark = pytest.mark.postgres
PRICE = 57_000


def test_row_is_submitted_by_one_of_many(ledger: LedgerUnderTest) -> None:
    """If many workers are given a row at once, one may submit it, and the others make it uncertain at most."""
    ledger.plan(made_up_items(1))

    async def all_at_once(rows: Rows) -> list[Begun]:
        return await asyncio.gather(*(rows.begin(1, f"ticket {number}") for number in range(20)))

    verdicts = Counter(begun.verdict for begun in ledger.with_rows(all_at_once))
    assert verdicts == {"sending": 1, "uncertain": 19}


def test_begin_with_same_ticket_is_ours(ledger: LedgerUnderTest) -> None:
    """A worker whose COMMIT's answer was lost asks again, and learns that the row is its own; money is taken once."""
    ledger.plan(made_up_items(1))

    async def twice(rows: Rows) -> list[str]:
        return [(await rows.begin(1, "ticket")).verdict, (await rows.begin(1, "ticket")).verdict]

    assert ledger.with_rows(twice) == ["sending", "sending"]
    assert ledger.query("SELECT reserved FROM batches") == [(PRICE,)]


def test_sending_row_of_another_is_never_submitted(ledger: LedgerUnderTest) -> None:
    """Whoever is given a row that another began makes it uncertain; its owner may still write the id."""
    ledger.plan(made_up_items(1))

    async def given_twice(rows: Rows) -> tuple[str, bool, bool]:
        await rows.begin(1, "owner")
        verdict = (await rows.begin(1, "other")).verdict
        wrong = await rows.change(1, EntryState.ACCEPTED, SENT, ticket="other", request_id="theirs")
        right = await rows.change(1, EntryState.ACCEPTED, SENT, ticket="owner", request_id="ours")
        return verdict, wrong, right

    assert ledger.with_rows(given_twice) == ("uncertain", False, True)
    assert ledger.query("SELECT state, request_id FROM jobs") == [("accepted", "ours")]


def test_budget_is_never_exceeded(ledger: LedgerUnderTest) -> None:
    """Fifty rows begun at once stay within a budget for twenty; money that is given back is used again."""
    ledger.plan(made_up_items(50), budget=20 * PRICE + 1)

    async def begin_all(rows: Rows) -> list[Begun]:
        return await asyncio.gather(*(rows.begin(number, f"t{number}") for number in range(1, 51)))

    first = Counter(begun.verdict for begun in ledger.with_rows(begin_all))
    assert first == {"sending": 20, "budget": 30}
    begun = ledger.query("SELECT number, ticket FROM jobs WHERE state = 'sending' LIMIT 5")

    async def give_back(rows: Rows) -> None:
        for number, ticket in begun:
            await rows.give_back(number, ticket, "429")

    ledger.with_rows(give_back)
    assert ledger.query("SELECT reserved FROM batches") == [(15 * PRICE,)]
    assert ledger.status().batches[0].reserved == pytest.approx(15 * PRICE / 1e6)


def test_batches_have_budgets_of_their_own(ledger: LedgerUnderTest) -> None:
    """A batch without money does not hold another one back."""
    ledger.plan(made_up_items(1), target="poor", budget=PRICE - 1)
    ledger.plan(made_up_items(1), target="rich")

    async def begin_both(rows: Rows) -> list[str]:
        return [(await rows.begin(1, "a")).verdict, (await rows.begin(2, "b")).verdict]

    assert ledger.with_rows(begin_both) == ["budget", "sending"]


def test_known_cost_replaces_reserved_money(ledger: LedgerUnderTest) -> None:
    """A completed job's cost is spent and the rest given back; a later job of its kind reserves that much only."""
    ledger.plan(made_up_items(2, "ltx-2-pro"))

    async def complete(rows: Rows) -> None:
        await rows.begin(1, "a")
        await rows.accept(1, "a", "id")
        for _ in range(2):  # Its answer was lost, and it is made again.
            await rows.change(1, EntryState.COMPLETED, PAID, micros=300_000)
        await rows.begin(2, "b")

    ledger.with_rows(complete)
    assert ledger.query("SELECT spent, reserved FROM batches") == [(300_000, 300_000)]
    assert ledger.query("SELECT state, reserved FROM jobs ORDER BY number") == [("completed", 0), ("sending", 300_000)]


def test_rate_leaves_no_window_too_full(ledger: LedgerUnderTest) -> None:
    """Of ten rows begun at once with three places, three begin; the others are given the moment of the next place."""
    ledger.plan(made_up_items(10))
    with closing(open_schema(ledger.url)) as connection:
        set_rate(connection, Rate(3, 60))

    async def begin_all(rows: Rows) -> list[Begun]:
        return await asyncio.gather(*(rows.begin(number, f"t{number}") for number in range(1, 11)))

    begun = ledger.with_rows(begin_all)
    assert Counter(row.verdict for row in begun) == {"sending": 3, "wait": 7}
    assert all(59 < (row.until or 0) - row.now < 61 for row in begun if row.verdict == "wait")


def test_hold_and_stop_keep_every_row_back(ledger: LedgerUnderTest) -> None:
    """After a 429 no row begins until the reset; after a stop none does until a person resumes."""
    ledger.plan(made_up_items(1))

    async def held(rows: Rows) -> list[str]:
        await rows.hold(30, "429", limited=True)
        first = (await rows.begin(1, "a")).verdict
        await rows.stop("401: unknown key")
        return [first, (await rows.begin(1, "a")).verdict]

    assert ledger.with_rows(held) == ["wait", "stopped"]
    assert ledger.status().stopped == "401: unknown key"


def test_five_refusals_in_a_row_stop_all(ledger: LedgerUnderTest) -> None:
    """Four refusals do not stop the submitting, an accepted submit between them starts the count again, five do."""

    async def refuse(rows: Rows) -> None:
        for _ in range(4):
            await rows.refused("400")
        await rows.good()
        for _ in range(4):
            await rows.refused("400")

    ledger.with_rows(refuse)
    assert ledger.status().stopped is None
    ledger.with_rows(lambda rows: rows.refused("400: no such parameter"))
    assert ledger.status().stopped == "400: no such parameter"


def test_late_change_is_refused_by_its_states(ledger: LedgerUnderTest) -> None:
    """A worker that wakes up late does not turn a saved row back."""
    ledger.plan(made_up_items(1))

    async def late(rows: Rows) -> bool:
        await rows.begin(1, "a")
        await rows.accept(1, "a", "id")
        await rows.change(1, EntryState.SAVED, PAID, file="videos/000000.mp4")
        return await rows.change(1, EntryState.GONE, PAID, detail="404")

    assert ledger.with_rows(late) is False
    assert ledger.query("SELECT state, file FROM jobs") == [("saved", "videos/000000.mp4")]


def test_id_of_settled_row_is_kept(ledger: LedgerUnderTest) -> None:
    """If an id arrives after its row was settled otherwise, it is listed: the job is paid for."""
    ledger.plan(made_up_items(1))

    async def settle(rows: Rows) -> None:
        await rows.begin(1, "a")
        await rows.give_back(1, "a", "settled")
        await rows.accept(1, "a", "late-id")

    ledger.with_rows(settle)
    assert [stray[:2] for stray in ledger.status().strays] == [("late-id", 1)]
