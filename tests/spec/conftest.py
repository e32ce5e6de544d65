"""Fixtures of the tests of the contract."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from segmind_ltx_spec import Contract, load


@pytest.fixture
def contract() -> Contract:
    """Return the shipped contract. It is shared, so a test must not change it."""
    return load()


@pytest.fixture
def document(contract: Contract) -> dict[str, Any]:
    """Return a copy of the document, which a test may change."""
    return copy.deepcopy(contract.document)
