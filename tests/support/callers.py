"""Run the same steps with `Client` or with `AsyncClient`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from segmind_ltx import AsyncClient, Client
from segmind_ltx_sandbox import ManualClock
from segmind_ltx_sandbox.testing import RunningSandbox
from support.clocks import FakeClock, LinkedClock

KEY = "SG_0123456789abcdef"
BASE = "https://api.example.test"

Step = Callable[[Any], Any]


class Caller:
    """Runs the same steps with `Client` or with `AsyncClient`. Each step gets the value of the previous one."""

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
        """Run the steps and return the exception that they raise. Fail if it is not exactly of class ``kind``."""
        with pytest.raises(kind) as caught:
            self(*steps, **options)
        if type(caught.value) is not kind:
            pytest.fail(f"expected {kind.__name__}, got its subclass {type(caught.value).__name__}")
        return caught.value

    def _options(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"api_key": KEY, "base_url": BASE, "clock": self.clock, **given}


class Live:
    """Runs the same steps with either client against a sandbox. Each step gets the value of the previous one."""

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
