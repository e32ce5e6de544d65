"""What the tests of the client share: a clock that nobody waits for, and one way to call both clients."""

from __future__ import annotations

import inspect
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import anyio
import pytest
import respx

from segmind_ltx import AsyncClient, Client

KEY = "SG_0123456789abcdef"
BASE = "https://api.example.test"

Step = Callable[[Any], Any]

# In the background of a shell SIGINT is ignored, by all children too; and some tests interrupt theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class FakeClock:
    """Time that passes only where somebody sleeps. ``slept`` holds how long each sleep was."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return 5000.0 + self.now

    def time(self) -> float:
        return 1_800_000_000.0 + self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def asleep(self, seconds: float) -> Awaitable[None]:
        self.sleep(seconds)
        return anyio.sleep(0)


class Caller:
    """Runs the same steps with `Client` or with `AsyncClient`: each step takes what the one before it gave."""

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
        """The exception of exactly that class which the steps end with."""
        with pytest.raises(kind) as caught:
            self(*steps, **options)
        if type(caught.value) is not kind:
            pytest.fail(f"{type(caught.value).__name__} where {kind.__name__} itself was expected")
        return caught.value

    def _options(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"api_key": KEY, "base_url": BASE, "clock": self.clock, **given}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """No test depends on what the machine has set."""
    for name in ("SEGMIND_API_KEY", "SEGMIND_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """No test reaches the network by accident."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sync", "asyncio"])
def caller(request: pytest.FixtureRequest, clock: FakeClock) -> Caller:
    """One way to call each of the clients; a test that uses it runs once with each."""
    return Caller(request.param, clock)


@pytest.fixture
def wire() -> Generator[respx.MockRouter]:
    """The API as a router of made-up answers."""
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router
