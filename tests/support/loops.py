"""Let an event loop go on until something is so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

TURNS: Final = 20
"""Turns of an event loop in which everything that can go on without waiting has done so."""


async def settle() -> None:
    """Let every task go on as far as it can without waiting."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool | Awaitable[bool]], each: float = 0.01) -> None:
    """Wait until a condition holds, which is looked at every few milliseconds."""
    while True:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(each)
