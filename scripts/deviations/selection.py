"""Which deviations a run is about."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase

from deviations.results import PLAIN
from segmind_ltx_sandbox.deviations import MUTANTS, VARIANTS, Deviation


def names(only: Sequence[str], sample: int | None) -> list[str]:
    """The plain sandbox, the variants and the mutants, by globs and as a sample of every kind where that is wanted."""
    variants = [one.name for one in VARIANTS if _meant(one.name, only)]
    mutants = [one for one in MUTANTS if _meant(one.name, only)]
    if sample is not None:
        mutants = _of_every_kind(mutants, sample)
    return [PLAIN, *variants, *(one.name for one in mutants)]


def _meant(name: str, only: Sequence[str]) -> bool:
    return not only or any(fnmatchcase(name, pattern) for pattern in only)


def _of_every_kind(mutants: Sequence[Deviation], size: int) -> list[Deviation]:
    """As many of each kind as its share is, and at least one; the same ones every time."""
    kinds: dict[str, list[Deviation]] = defaultdict(list)
    for one in mutants:
        kinds[one.kind].append(one)
    draw = random.Random(4)  # noqa: S311  nothing is secret here
    chosen: list[Deviation] = []
    for group in kinds.values():
        chosen += draw.sample(group, min(len(group), max(1, round(size * len(group) / len(mutants)))))
    return chosen
