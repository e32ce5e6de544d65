"""What the tests of the contract share."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from segmind_ltx_spec import Contract, load


@pytest.fixture
def contract() -> Contract:
    """The contract as shipped; not to be changed."""
    return load()


@pytest.fixture
def document(contract: Contract) -> dict[str, Any]:
    """A copy of the document, to be mutated at will."""
    return copy.deepcopy(contract.document)
