"""Run the same steps with `Client` or with `AsyncClient`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest

from segmind_ltx import AsyncClient, Client
from segmind_ltx_sandbox import ManualClock
from segmind_ltx_sandbox.testing import RunningSandbox
from support.clocks import FakeClock, LinkedClock
from support.pairwise import pairwise

KEY = "SG_0123456789abcdef"
BASE = "https://api.example.test"

Step = Callable[[Any], Any]
CALLERS = ("sync", "asyncio")
"""The two clients, as parameters of the fixture `caller`."""


def caller_cases(*axes: Sequence[Any]) -> list[Any]:
    """Return pairwise cases over the clients and these axes, with the client first.

    ``nox -s mutation`` skips ids with "asyncio", since those tests run with the sync client too. These do not, so their
    ids say "async".
    """
    return [
        pytest.param(*row, id="-".join([row[0].removesuffix("io"), *map(_label, row[1:])]))
        for row in pairwise(CALLERS, *axes)
    ]


def _label(value: object) -> str:
    name = getattr(value, "__name__", None) or str(value)
    return name[:40].replace(" ", "-")


class Caller:
    """Run steps with `Client` or with `AsyncClient`; each takes the value of the one before it."""

    def __init__(self, kind: str, clock: FakeClock) -> None:
        self.kind, self.clock = kind, clock

    def __call__(self, *steps: Step, **options: Any) -> Any:
        if self.kind == "sync":
            with Client(**self._options(options)) as client:
                value: Any = client
                for step in steps:
                    value = step(value)
                return value

        async def main() -> Any:
            async with AsyncClient(**self._options(options)) as client:
                value: Any = client
                for step in steps:
                    value = step(value)
                    if inspect.isawaitable(value):
                        value = await value
                return value

        return anyio.run(main, backend=self.kind)

    def raising(self, kind: type[Exception], *steps: Step, **options: Any) -> Any:
        """Return the exception that ends the steps, of exactly this class."""
        with pytest.raises(kind) as caught:
            self(*steps, **options)
        if type(caught.value) is not kind:
            pytest.fail(f"expected {kind.__name__}, got its subclass {type(caught.value).__name__}")
        return caught.value

    def _options(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"api_key": KEY, "base_url": BASE, "clock": self.clock, **given}


class Live:
    """Run steps with either client against a sandbox; each takes the value of the one before it."""

    def __init__(self, sandbox: RunningSandbox, kind: str) -> None:
        self.sandbox, self.kind = sandbox, kind
        assert isinstance(sandbox.clock, ManualClock)
        self.clock = LinkedClock(sandbox.clock)

    def __call__(self, *steps: Step, key: str | None = None) -> Any:
        options: dict[str, Any] = {"base_url": self.sandbox.base_url, "clock": self.clock}
        options["api_key"] = key or self.sandbox.key
        if self.kind == "sync":
            with Client(**options) as client:
                value: Any = client
                for step in steps:
                    value = step(value)
                return value

        async def main() -> Any:
            async with AsyncClient(**options) as client:
                value: Any = client
                for step in steps:
                    value = step(value)
                    if inspect.isawaitable(value):
                        value = await value
                return value

        return anyio.run(main, backend=self.kind)
