"""Serve sandboxes that are wrong on purpose: each mutant breaks one clause, and a variant breaks none.

A conformance suite has to fail a mutant and must not fail a variant.
"""

from __future__ import annotations

from typing import Final

from segmind_ltx_sandbox.deviations.base import Deviation
from segmind_ltx_sandbox.deviations.billing import billing
from segmind_ltx_sandbox.deviations.combined import SEPARATOR, combined, random_sets
from segmind_ltx_sandbox.deviations.errors import blocking, errors, headers
from segmind_ltx_sandbox.deviations.keys import keys, routes
from segmind_ltx_sandbox.deviations.output import outputs
from segmind_ltx_sandbox.deviations.payload import broken_validation, payloads
from segmind_ltx_sandbox.deviations.progress import progress
from segmind_ltx_sandbox.deviations.responses import responses
from segmind_ltx_sandbox.deviations.results import results
from segmind_ltx_sandbox.deviations.retention import retention
from segmind_ltx_sandbox.deviations.states import lifecycle
from segmind_ltx_sandbox.deviations.statuses import statuses
from segmind_ltx_sandbox.deviations.undetectable import UNSEEN, why_unseen
from segmind_ltx_sandbox.deviations.variants import variants
from segmind_ltx_sandbox.deviations.video import videos
from segmind_ltx_spec import Contract, load


def mutants_of(contract: Contract) -> tuple[Deviation, ...]:
    """Return the mutants for a contract."""
    return (
        *payloads(contract),
        *broken_validation(contract),
        *statuses(),
        *keys(),
        *routes(contract),
        *lifecycle(),
        *progress(),
        *results(),
        *retention(),
        *responses(contract),
        *errors(),
        *headers(contract),
        *blocking(),
        *videos(contract),
        *outputs(),
        *billing(),
    )


MUTANTS: Final = mutants_of(load())
"""The mutants for the shipped contract."""
VARIANTS: Final = tuple(variants())
"""Deviations that the documents allow."""


def find(name: str) -> Deviation:
    """Return the mutant or variant called ``name``; "one+two" combines variants. Raise `KeyError` if there is none."""
    if name not in _BY_NAME and SEPARATOR in name:
        return combined([_BY_NAME[part] for part in name.split(SEPARATOR)])
    return _BY_NAME[name]


_BY_NAME: Final = {one.name: one for one in (*MUTANTS, *VARIANTS)}

__all__ = ["MUTANTS", "UNSEEN", "VARIANTS", "Deviation", "find", "mutants_of", "random_sets", "why_unseen"]
