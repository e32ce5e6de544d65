"""Run the sandbox in a test: a server in a thread of the same process.

    with running_sandbox(clock=ManualClock()) as sandbox:
        client = Client(api_key=sandbox.key, base_url=sandbox.base_url)
        ...
        sandbox.clock.advance(3601)

Async tests need no server: ``httpx.ASGITransport(app=create_app(clock=ManualClock()))``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from attrs import field, frozen

from segmind_ltx_sandbox.http.app import CREDITS_USD, SPEED, SandboxApp, create_app
from segmind_ltx_sandbox.http.faults import fault_in
from segmind_ltx_sandbox.http.server import Server, listen, url_of
from segmind_ltx_sandbox.http.traffic import ReceivedRequest
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.clock import Clock, SystemClock
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.service.sandbox import Sandbox
from segmind_ltx_sandbox.service.scenarios import VALID
from segmind_ltx_spec import Contract

_TIMEOUT = 30.0


@frozen
class RunningSandbox:
    """A sandbox that accepts connections at ``base_url``. ``state`` holds its jobs, accounts and videos."""

    base_url: str
    clock: Clock
    state: Sandbox
    app: SandboxApp = field(repr=False)
    key: str = VALID
    """The key of the scenario ``valid``; see `segmind_ltx_sandbox.SCENARIOS` for others."""

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests to the API so far, and the downloads, oldest first."""
        return list(self.app.traffic)

    def next(self, **fault: Any) -> None:
        """Choose what the next requests get, such as ``status=429`` or ``drop=True``; see `http.faults`."""
        self.app.faults.add(fault_in(json.dumps(fault).encode()))


@contextmanager
def running_sandbox(
    contract: Contract | None = None,
    *,
    clock: Clock | None = None,
    speed: float = SPEED,
    v1_bytes: bool = False,
    credits_usd: float = CREDITS_USD,
    behaviour: Callable[[Contract], Behaviour] = Behaviour,
    videos: VideoCache | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Generator[RunningSandbox]:
    """Run a sandbox in a background thread, by default on a free port of the loopback interface."""
    used = clock or SystemClock()
    app = create_app(
        contract,
        clock=used,
        speed=speed,
        v1_bytes=v1_bytes,
        credits_usd=credits_usd,
        behaviour=behaviour,
        videos=videos,
    )
    started = threading.Event()
    server = Server(app, started.set)
    with listen(host, port) as sock:
        thread = threading.Thread(target=server.run, args=([sock],), name="segmind-ltx sandbox", daemon=True)
        thread.start()
        try:
            if not started.wait(_TIMEOUT):
                raise RuntimeError("the sandbox did not start")
            yield RunningSandbox(url_of(sock), used, app.state.sandbox, app)
        finally:
            server.should_exit = True
            thread.join(_TIMEOUT)
