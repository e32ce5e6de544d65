"""Make the context of a flow that a test drives by hand."""

from __future__ import annotations

import logging
from collections.abc import Callable

from segmind_ltx._core.effects import Context
from segmind_ltx._core.journal import Journal


def flow_context(
    now: Callable[[], float] = lambda: 100.0, read_timeout: float | None = None, journal: Journal | None = None
) -> Context:
    """Return what a flow is given, with fixed times and no chance; it keeps no journal unless one is given."""
    return Context(
        now=now,
        time=lambda: 0.0,
        random=lambda: 0.5,
        max_retries=4,
        max_submit_retries=4,
        resend_on=frozenset(),
        read_timeout=read_timeout,
        durations={},
        journal=journal or Journal(),
        log=logging.getLogger("segmind_ltx"),
        base_url="https://api.example.test",
    )
