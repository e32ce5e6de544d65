"""Check the selection of cases that other tests rely on."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from support.pairwise import pairwise


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5))
def test_pairwise_covers_every_pair(sizes: list[int]) -> None:
    """Any two values of different axes share a row."""
    rows = pairwise(*(range(size) for size in sizes))
    for one, other in combinations(range(len(sizes)), 2):
        assert {(row[one], row[other]) for row in rows} == set(product(range(sizes[one]), range(sizes[other])))


def test_pairwise_is_small_and_repeatable() -> None:
    """Rows are few, and the same in every process, as xdist needs."""
    axes = ("ab", "cdef", range(13), range(4))
    assert len(pairwise(*axes)) == 52
    assert pairwise(*axes) == pairwise(*axes)
    assert pairwise("ab", "cd")[0] == ("a", "c")
