"""Run the suite against the plain sandbox, once for each worker."""

from __future__ import annotations

import pytest

from segmind_ltx_conformance.prober import Options, probe
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_spec import load
from support.live import ONE_MODEL, sandbox_and_target


@pytest.fixture(scope="session")
def recorded() -> Recording:
    """Return the recording of a run with one model."""
    with sandbox_and_target() as (_, target):
        return probe(target, load(), Options(models=frozenset({ONE_MODEL}), bulk=0))
