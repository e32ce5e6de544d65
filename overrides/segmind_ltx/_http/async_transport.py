"""Send requests for the asynchronous client.

A connection belongs to the event loop that opened it, so each loop has idle transports of its own. A transport or HTTP
client of the user belongs to the first loop that uses it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel
import httpx

from segmind_ltx._http.transport import (
    NO_AUTH,
    BaseTransport,
    Stacks,
    Way,
    check_transport_options,
    ended_cleanly,
    tls_context,
)
from segmind_ltx.errors import ConfigurationError


class AsyncExchange(NamedTuple):
    """A response whose body is still to be read, and its transport if that is the client's own."""

    response: httpx.Response
    transport: httpx.AsyncHTTPTransport | None = None
    way: Way = (None, False)


class _Loop(NamedTuple):
    """What one event loop has: its idle transports, and a generator that it closes when it ends."""

    idle: Stacks[httpx.AsyncHTTPTransport]
    keeper: AsyncGenerator[None]


class AsyncTransport(BaseTransport):
    """Sends the requests of `AsyncClient`. Raises `ConfigurationError` if the arguments contradict each other."""

    def __init__(
        self,
        http: httpx.AsyncClient | None,
        transport: httpx.AsyncBaseTransport | None,
        proxy: str | httpx.Proxy | None,
        base_url: str,
    ) -> None:
        check_transport_options(http, transport, proxy, httpx.AsyncBaseTransport)
        super().__init__(http, transport, proxy, base_url)
        self._http, self._transport = http, transport
        self._loops = anyio.lowlevel.RunVar[_Loop]("segmind-ltx connections")
        self._first_loop = anyio.lowlevel.RunVar[bool]("segmind-ltx first loop")
        self._used = False

    async def send(self, request: httpx.Request, hand_over: Callable[[], None], *, to_api: bool) -> AsyncExchange:
        """Send a request, after ``hand_over``. With ``to_api=False`` the user's auth is not applied."""
        if self._http is not None:
            self._refuse_elsewhere()
            hand_over()
            auth = NO_AUTH if not to_api else httpx.USE_CLIENT_DEFAULT
            return AsyncExchange(await self._http.send(request, stream=True, auth=auth, follow_redirects=False))
        if self._transport is not None:
            self._refuse_elsewhere()
            hand_over()
            return AsyncExchange(await self._transport.handle_async_request(request))
        way = self._way(request.url)
        transport = (await self._idle()).pop(way)
        if transport is None:
            transport = httpx.AsyncHTTPTransport(proxy=self._proxy or way[0], verify=tls_context(tls=way[1]))
        try:
            if request.method == "POST":
                await transport.aclose()  # It can be used again, with a new connection.
            hand_over()
            return AsyncExchange(await transport.handle_async_request(request), transport, way)
        except BaseException:
            with anyio.CancelScope(shield=True):  # If the call is cancelled, leave no socket open.
                await transport.aclose()
            raise

    async def release(self, exchange: AsyncExchange) -> None:
        """End an exchange, whether or not its body was read to the end."""
        with anyio.CancelScope(shield=True):
            await exchange.response.aclose()
            if exchange.transport is not None:
                if not ended_cleanly(exchange.transport):
                    await exchange.transport.aclose()
                idle = await self._idle()
                idle.push(exchange.way, exchange.transport)
                if self._closed:  # Asked last: another thread may close the client meanwhile.
                    await _close_all(idle)

    async def close(self) -> None:
        """Close everything except the user's own HTTP client.

        The connections of another event loop are closed when that loop ends.
        """
        self._closed = True
        await _close_all(await self._idle())
        if self._transport is not None and self._process == os.getpid():
            if not self._used or self._first_loop.get(False):
                await self._transport.aclose()
            else:
                with suppress(Exception):  # It may be unable to close what another loop opened.
                    await self._transport.aclose()

    async def _idle(self) -> Stacks[httpx.AsyncHTTPTransport]:
        """Return the idle transports of this event loop."""
        try:
            return self._loops.get().idle
        except LookupError:
            idle = Stacks[httpx.AsyncHTTPTransport]()
            keeper = _close_at_end(idle)
            self._loops.set(_Loop(idle, keeper))
            await anext(keeper)
            return idle

    def _refuse_elsewhere(self) -> None:
        """Raise `ConfigurationError` in another process or event loop than the first that used this client."""
        self._refuse_in_child()
        if not self._used:
            self._used = True
            self._first_loop.set(True)
        elif not self._first_loop.get(False):
            raise ConfigurationError(
                "this client has an HTTP client or transport of your own, which was used in another event loop; its "
                "connections cannot be used in this one. Make a client in each event loop. Nothing was sent."
            )


async def _close_at_end(idle: Stacks[httpx.AsyncHTTPTransport]) -> AsyncGenerator[None]:
    """Wait for the event loop to end, then close its idle transports: a loop closes its generators when it ends."""
    try:
        yield
    finally:
        await _close_all(idle)


async def _close_all(idle: Any) -> None:
    for transport in idle.clear():
        with anyio.CancelScope(shield=True):
            await transport.aclose()
