"""Faults for once: the next requests get a status, a dropped connection, a pause, or no response at all."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from attrs import evolve, field, frozen, validators
from starlette.types import Receive, Scope, Send

from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.clock import Clock
from segmind_ltx_sandbox.service.scenarios import Scenario

KINDS: Final = ("status", "drop", "slow", "stuck")
ROUTES: Final[dict[str, Callable[[str, str], bool]]] = {
    "any": lambda _, path: not path.startswith("/outputs/"),
    "submit": lambda method, path: method == "POST" and path.startswith("/v2/"),
    "v1": lambda method, path: method == "POST" and path.startswith("/v1/"),
    "status": lambda method, path: method == "GET" and path.endswith("/status"),
    "result": lambda method, path: method == "GET" and "/requests/" in path and not path.endswith("/status"),
    "output": lambda _, path: path.startswith("/outputs/"),
}
"""The routes that a fault may be for."""
HELP: Final = (
    'the body must be JSON with one of "status": 429, "drop": true, "slow": 5 (seconds), "stuck": true; '
    f'"times" (1) and "on" ({", ".join(ROUTES)}) are optional; "after": true handles a dropped request first'
)


App = Callable[[Scope, Receive, Send], Awaitable[None]]


@frozen
class Fault:
    """What the next ``times`` requests on a route get."""

    kind: str
    value: float
    times: int = field(default=1, validator=validators.ge(1))
    on: str = "any"
    after: bool = False
    """Whether a dropped request is handled first, so that only the response is lost."""


class Faults:
    """The faults to come, in order. Safe to use from several threads."""

    def __init__(self, behaviour: Behaviour, clock: Clock) -> None:
        """Start without any."""
        self._behaviour, self._clock = behaviour, clock
        self._faults: deque[Fault] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many are to come."""
        return sum(fault.times for fault in self._faults)

    def add(self, fault: Fault) -> None:
        """Add a fault behind those that are to come."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Drop all that are to come."""
        with self._lock:
            self._faults.clear()

    async def happens(self, app: App, scope: Scope, receive: Receive, send: Send, connection: Send) -> bool:
        """Do what the next fault for this request says, and return whether that was the response.

        ``connection`` is the server's own ``send``, and ``app`` handles a request whose response is dropped.
        """
        fault = self._next(scope["method"], scope["path"])
        if fault is None:
            return False
        match fault.kind:
            case "slow":
                await self._clock.sleep(fault.value)
                return False
            case "stuck":
                while (await receive())["type"] != "http.disconnect":
                    pass
            case "drop":
                if fault.after:
                    await app(scope, receive, _ignore)
                _drop(connection)
            case _:
                scenario = Scenario("", "next", "", status=int(fault.value))
                response = self._behaviour.refusal(scenario, self._clock.utc())
                assert response is not None  # noqa: S101  the scenario has a status
                await response.to_starlette()(scope, receive, send)
        return True

    def _next(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for place, fault in enumerate(self._faults):
                if ROUTES[fault.on](method, path):
                    if fault.times > 1:
                        self._faults[place] = evolve(fault, times=fault.times - 1)
                    else:
                        del self._faults[place]
                    return fault
        return None


def _drop(connection: Send) -> None:
    # uvicorn gives `send` as a method of what holds the connection. ASGI itself has no word for it.
    transport = getattr(getattr(connection, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the sandbox was asked to drop this connection")
    transport.abort()


async def _ignore(_: Any) -> None:
    """Take a message of a response, and send it nowhere."""


def fault_in(body: bytes) -> Fault:
    """Return the fault that a body describes. Raise `ValueError` with the allowed forms if it describes none."""
    try:
        loaded: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError(HELP) from None
    given = cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {}
    kinds = [kind for kind in KINDS if given.get(kind) not in {None, False}]
    times, on, after = given.get("times", 1), given.get("on", "any"), given.get("after", False)
    unknown = given.keys() - {*KINDS, "times", "on", "after"}
    if len(kinds) != 1 or unknown or on not in ROUTES or not isinstance(after, bool):
        raise ValueError(HELP)
    kind = kinds[0]
    value = given[kind] if kind in {"status", "slow"} else 1
    whole = isinstance(times, int) and not isinstance(times, bool) and 1 <= times <= 1_000_000
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not whole or not number or (kind == "status" and not (isinstance(value, int) and 400 <= value <= 599)):
        raise ValueError(HELP)
    if kind == "slow" and not 0 <= value <= 86_400:
        raise ValueError(HELP)
    return Fault(kind, float(value), times, on, after)
