"""Select the deviations for a run."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase

from deviations.results import PLAIN, SEPARATOR
from segmind_ltx_sandbox.deviations import MUTANTS, VARIANTS, Deviation, random_sets

SETS, SET_SIZE = 20, 5
"""How many random combinations of how many variants are run."""


def names(only: Sequence[str], sample: int | None) -> list[str]:
    """Return the plain sandbox, the variants and the mutants, filtered by globs and, on request, sampled."""
    variants = [deviation.name for deviation in VARIANTS if _matches(deviation.name, only)]
    mutants = [deviation for deviation in MUTANTS if _matches(deviation.name, only)]
    if sample is not None:
        mutants = _of_every_kind(mutants, sample)
    if not only:
        variants += [SEPARATOR.join(one.name for one in several) for several in random_sets(VARIANTS, SETS, SET_SIZE)]
    return [PLAIN, *variants, *(deviation.name for deviation in mutants)]


def _matches(name: str, only: Sequence[str]) -> bool:
    return not only or any(fnmatchcase(name, pattern) for pattern in only)


def _of_every_kind(mutants: Sequence[Deviation], size: int) -> list[Deviation]:
    """Return a sample in proportion to the kinds, at least one of each; always the same one."""
    kinds: dict[str, list[Deviation]] = defaultdict(list)
    for deviation in mutants:
        kinds[deviation.kind].append(deviation)
    draw = random.Random(4)  # noqa: S311  not a secret
    chosen: list[Deviation] = []
    for group in kinds.values():
        chosen += draw.sample(group, min(len(group), max(1, round(size * len(group) / len(mutants)))))
    return chosen
