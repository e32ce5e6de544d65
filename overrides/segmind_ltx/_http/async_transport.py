"""Send requests for the asynchronous client."""

from __future__ import annotations

from typing import NamedTuple

import anyio
import httpx

from segmind_ltx._http.transport import (
    NO_AUTH,
    PROXY_ERRORS,
    BaseTransport,
    check_transport_options,
    environment_has_proxy,
    proxy_error,
    tls_context,
)


class AsyncExchange(NamedTuple):
    """A response whose body is still to be read, and its transport if that is the client's own."""

    response: httpx.Response
    transport: httpx.AsyncHTTPTransport | None = None


class AsyncTransport(BaseTransport):
    """Sends the requests of `AsyncClient`. Raises `ConfigurationError` if the arguments contradict each other."""

    def __init__(
        self,
        http: httpx.AsyncClient | None,
        transport: httpx.AsyncBaseTransport | None,
        proxy: str | httpx.Proxy | None,
    ) -> None:
        check_transport_options(http, transport, proxy, httpx.AsyncBaseTransport)
        self._owned = httpx.AsyncClient() if http is None and environment_has_proxy(transport, proxy) else None
        super().__init__(http or self._owned, proxy)
        self._http, self._transport = http or self._owned, transport
        self.uses_httpx_transport: bool = http is None and transport is None
        self._idle: list[httpx.AsyncHTTPTransport] = []
        if proxy is not None:
            self._idle.append(self._new())

    async def send(self, request: httpx.Request, *, to_api: bool) -> AsyncExchange:
        """Send a request. With ``to_api=False`` the user's auth is not applied."""
        if self._http is not None:
            auth = NO_AUTH if not to_api else httpx.USE_CLIENT_DEFAULT
            return AsyncExchange(await self._http.send(request, stream=True, auth=auth, follow_redirects=False))
        if self._transport is not None:
            return AsyncExchange(await self._transport.handle_async_request(request))
        transport = self._idle.pop() if self._idle else self._new()
        try:
            return AsyncExchange(await transport.handle_async_request(request), transport)
        except BaseException:
            with anyio.CancelScope(shield=True):  # If the call is cancelled, leave no socket open.
                await transport.aclose()
            raise

    async def release(self, exchange: AsyncExchange) -> None:
        """End an exchange, whether or not its body was read to the end."""
        with anyio.CancelScope(shield=True):
            await exchange.response.aclose()
        if exchange.transport is not None:
            if self._closed:
                await exchange.transport.aclose()
            else:
                self._idle.append(exchange.transport)

    async def close(self) -> None:
        """Close everything except the user's own HTTP client."""
        self._closed = True
        while self._idle:
            await self._idle.pop().aclose()
        for ours in (self._transport, self._owned):
            if ours is not None:
                await ours.aclose()

    def _new(self) -> httpx.AsyncHTTPTransport:
        try:
            return httpx.AsyncHTTPTransport(proxy=self._proxy, verify=tls_context())
        except PROXY_ERRORS as error:
            raise proxy_error(error) from None
