"""The way to the network: transports of our own, or the HTTP client or transport that the caller brought.

`httpx.Client` does much that is not needed here (redirects, cookies, auth, hooks), and that is a quarter of what a
request costs. And its pool looks through all connections for each request, so that many at once cost ever more. So
where nobody brings a client, each request under way has a transport of httpx's, with one connection, to itself; the
idle ones lie on a stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.request import getproxies

import httpx

from segmind_ltx.errors import ConfigurationError

USER_AGENT: Final = f"segmind-ltx python-httpx/{httpx.__version__}"

NO_AUTH: Final = httpx.Auth()
"""Sends nothing, also where the address has a user in it."""

tls_context = lru_cache(maxsize=1)(httpx.create_ssl_context)
"""One for all transports: to make it takes as long as to make fifty requests."""


class BaseTransport:
    """What both have in common: how a request is made, and how a transport."""

    uses_httpx_transport: bool
    """Whether only httpx's own transports are in use."""

    def __init__(self, http: httpx.Client | httpx.AsyncClient | None, proxy: str | httpx.Proxy | None) -> None:
        self._client, self._closed = http, False
        self._default_headers = httpx.Headers(
            {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": USER_AGENT}
        )
        self._proxy = proxy

    @property
    def closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._closed or (self._client is not None and self._client.is_closed)

    def request(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        json: Any,
        timeout: httpx.Timeout,
        *,
        to_api: bool,
    ) -> httpx.Request:
        """A request with these headers over those of the caller's client; a ``bare`` one has nothing of that client."""
        if self._client is not None and to_api:
            return self._client.build_request(method, url, headers=headers, json=json, timeout=timeout)
        merged = self._default_headers.copy()
        merged.update(headers)
        return httpx.Request(method, url, headers=merged, json=json, extensions={"timeout": timeout.as_dict()})


class Exchange(NamedTuple):
    """An answer whose body is yet to be read, and the transport it comes by where that is ours."""

    response: httpx.Response
    transport: httpx.HTTPTransport | None = None


class Transport(BaseTransport):
    """For `Client`. Raises `ConfigurationError` where the arguments are at odds."""

    def __init__(
        self, http: httpx.Client | None, transport: httpx.BaseTransport | None, proxy: str | httpx.Proxy | None
    ) -> None:
        check_transport_options(http, transport, proxy, httpx.BaseTransport)
        self._owned = httpx.Client() if http is None and environment_has_proxy(transport, proxy) else None
        super().__init__(http or self._owned, proxy)
        self._http, self._transport = http or self._owned, transport
        self.uses_httpx_transport: bool = http is None and transport is None
        self._idle: list[httpx.HTTPTransport] = []
        if proxy is not None:
            self._idle.append(self._new())

    def send(self, request: httpx.Request, *, to_api: bool) -> Exchange:
        """Send a request; a ``bare`` one without the caller's client's auth."""
        if self._http is not None:
            auth = NO_AUTH if not to_api else httpx.USE_CLIENT_DEFAULT
            return Exchange(self._http.send(request, stream=True, auth=auth, follow_redirects=False))
        if self._transport is not None:
            return Exchange(self._transport.handle_request(request))
        try:
            transport = self._idle.pop()
        except IndexError:
            transport = self._new()
        # One that fails has closed its connection, and is not used again.
        return Exchange(transport.handle_request(request), transport)

    def release(self, exchange: Exchange) -> None:
        """End an exchange, whether its answer was read to the end or not."""
        exchange.response.close()
        if exchange.transport is not None:
            if self._closed:
                exchange.transport.close()
            else:
                self._idle.append(exchange.transport)

    def close(self) -> None:
        """Close what is not the caller's."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        for ours in (self._transport, self._owned):
            if ours is not None:
                ours.close()

    def _new(self) -> httpx.HTTPTransport:
        try:
            return httpx.HTTPTransport(proxy=self._proxy, verify=tls_context())
        except PROXY_ERRORS as error:
            raise proxy_error(error) from None


def check_transport_options(http: object, transport: object, proxy: object, kind: type) -> None:
    """Raises `ConfigurationError` where the arguments are at odds."""
    given = [name for name, value in {"transport": transport, "proxy": proxy}.items() if value is not None]
    if len(given) == 2 or (given and http is not None):
        both = " and ".join(f"{name}=" for name in (["http"] if http is not None else []) + given)
        raise ConfigurationError(f"give one of {both}, not both; a client or transport of your own has its own proxy")
    if transport is not None and not isinstance(transport, kind):
        raise ConfigurationError(f"transport is {type(transport).__name__}, but must be an httpx.{kind.__name__}")


def environment_has_proxy(transport: object, proxy: object) -> bool:
    """Whether the environment names proxies, and nobody else does. httpx knows best what to make of them."""
    return transport is None and proxy is None and any(getproxies().get(name) for name in ("http", "https", "all"))


PROXY_ERRORS: Final = (ValueError, TypeError, ImportError, httpx.InvalidURL)


def proxy_error(error: Exception) -> ConfigurationError:
    """For a proxy that httpx cannot use. It is not quoted: its address may hold a password."""
    return ConfigurationError(f"the proxy cannot be used ({type(error).__name__})")
