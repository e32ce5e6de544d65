"""A batch stays within --max-cost, over all its runs."""

from __future__ import annotations

import pytest

from support.cli import PRICE, Batch, items, parse_batch


@pytest.mark.parametrize(("budget", "begun"), [("0", 0), ("0.415", 0), ("0.416", 1), ("1.3", 3), ("99", 5)])
def test_budget_over_two_runs(batch: Batch, budget: str, begun: int) -> None:
    """An item begins only if its price fits into the budget, and a second run begins no more."""
    for _ in range(2):
        done = batch(items(*"abcde"), "--max-cost", budget, "--json")
        _, summary = parse_batch(done)
        assert (done.exit_code, batch.posts) == (int(begun < 5), begun)
        assert (summary["saved"], summary["not_begun"]) == (begun, 5 - begun)
        assert summary["cost"] == pytest.approx(begun * PRICE)
        assert begun == 5 or "exceed the budget" in done.stderr


def test_budget_with_failing_items(batch: Batch) -> None:
    """Refused and failed items cost nothing of the budget."""
    done = batch(items("fail", "refuse", "fail", "a", "fail", "b", "c"), "--max-cost", "0.9", "--json")
    _, summary = parse_batch(done)
    assert (summary["failed"], summary["saved"], summary["not_begun"]) == (4, 2, 1)
    assert (summary["cost"], summary["in_doubt"]) == (pytest.approx(2 * PRICE), 0)


def test_budget_if_jobs_cost_less(batch: Batch) -> None:
    """If jobs cost less than their highest price, further ones begin within the same budget."""
    # From 0.3 to 2 USD each, so with 3 USD at most one may be in flight.
    given = [{"model": "ltx-2-fast", "prompt": prompt, "duration": 6} for prompt in "abcdefgh"]
    _, summary = parse_batch(batch(given, "--max-cost", "3", "--json"))
    assert 1 < summary["saved"] == batch.posts < 8
    assert 1 < summary["cost"] <= 3
    assert summary["cost"] + 2 > 3


@pytest.mark.parametrize("amount", ["nan", "inf", "-1", "much"])
def test_budget_invalid(batch: Batch, amount: str) -> None:
    """An amount that is not a number from 0 is wrong usage, and nothing is sent."""
    assert batch(items("a"), "--max-cost", amount).exit_code == 2
    assert batch.posts == 0
