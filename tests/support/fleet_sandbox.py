"""A sandbox for a fleet, as a program of its own: one cheap video for all jobs, and a page that counts them.

    python -m support.fleet_sandbox SPEED DELAY [RATE]

It answers a submit DELAY seconds after it has made the job, so that kills come between the two. It prints its address.
``/_fleet`` returns, for each prompt, the number of its jobs; their cost; and the 429s.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from segmind_ltx_sandbox.http.app import create_app
from segmind_ltx_sandbox.http.server import listen, serve
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.clock import SystemClock
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.service.rate import RateLimited, rate_limited
from segmind_ltx_spec import load

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(4096)


def main(speed: str, delay: str, rate: str | None = None) -> None:
    """Serve until the process is ended."""
    clock = SystemClock()
    behaviour: Behaviour = rate_limited(rate, clock)(load()) if rate else Behaviour(load())
    app = create_app(clock=clock, speed=float(speed), behaviour=lambda _: behaviour, videos=VideoCache(lambda _: VIDEO))
    prompts: Counter[str] = Counter()
    costs: list[float] = []
    submit = app.state.sandbox.submit

    def counted(model: object, payload: dict[str, object], *rest: object) -> object:
        response = submit(model, payload, *rest)
        prompts[str(payload["prompt"])] += 1
        costs.append(app.state.sandbox.behaviour.cost(model, payload))
        return response

    app.state.sandbox.submit = counted

    async def count(_: Request) -> JSONResponse:
        limited = behaviour.limited if isinstance(behaviour, RateLimited) else 0
        return JSONResponse({"prompts": prompts, "cost": round(sum(costs), 4), "limited": limited})

    app.router.routes.append(Route("/_fleet", count))

    def announce(url: str) -> None:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()

    async def delayed(scope: Scope, receive: Receive, send: Send) -> None:
        async def late(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["method"] == "POST":
                await anyio.sleep(float(delay))
            await send(message)

        with suppress(ClientDisconnect):  # A worker was killed while it sent a request.
            await app(scope, receive, late)

    serve(delayed, listen("127.0.0.1", 0), announce)


if __name__ == "__main__":
    main(*sys.argv[1:])
