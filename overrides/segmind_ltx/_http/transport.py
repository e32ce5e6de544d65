"""Send requests: through the client's own transports, or through the user's HTTP client or transport.

`httpx.Client` does much that is not needed here (redirects, cookies, auth, hooks), a quarter of the cost of a request.
Its pool also scans all connections for each request, so many requests at once cost ever more. So if the user passes no
client, each request in flight has an httpx transport with one connection to itself; idle transports are on a stack.
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
"""Adds no credentials, even if the address contains a user name."""

tls_context = lru_cache(maxsize=1)(httpx.create_ssl_context)
"""One context for all transports: making it takes as long as making fifty requests."""


class BaseTransport:
    """What the sync and the async transport share: building requests, and the options of new transports."""

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
        """Build a request. With ``to_api=False`` it has no headers or cookies of the user's client."""
        if self._client is not None and to_api:
            return self._client.build_request(method, url, headers=headers, json=json, timeout=timeout)
        merged = self._default_headers.copy()
        merged.update(headers)
        return httpx.Request(method, url, headers=merged, json=json, extensions={"timeout": timeout.as_dict()})


class Exchange(NamedTuple):
    """A response whose body is still to be read, and its transport if that is the client's own."""

    response: httpx.Response
    transport: httpx.HTTPTransport | None = None


class Transport(BaseTransport):
    """Sends the requests of `Client`. Raises `ConfigurationError` if the arguments contradict each other."""

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
        """Send a request. With ``to_api=False`` the user's auth is not applied."""
        if self._http is not None:
            auth = NO_AUTH if not to_api else httpx.USE_CLIENT_DEFAULT
            return Exchange(self._http.send(request, stream=True, auth=auth, follow_redirects=False))
        if self._transport is not None:
            return Exchange(self._transport.handle_request(request))
        try:
            transport = self._idle.pop()
        except IndexError:
            transport = self._new()
        # If a transport raises, it has closed its connection; drop it.
        return Exchange(transport.handle_request(request), transport)

    def release(self, exchange: Exchange) -> None:
        """End an exchange, whether or not its body was read to the end."""
        exchange.response.close()
        if exchange.transport is not None:
            if self._closed:
                exchange.transport.close()
            else:
                self._idle.append(exchange.transport)

    def close(self) -> None:
        """Close everything except the user's own HTTP client."""
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
    """Raise `ConfigurationError` if the arguments contradict each other."""
    given = [name for name, value in {"transport": transport, "proxy": proxy}.items() if value is not None]
    if len(given) == 2 or (given and http is not None):
        both = " and ".join(f"{name}=" for name in (["http"] if http is not None else []) + given)
        raise ConfigurationError(f"give one of {both}, not both; a client or transport of your own has its own proxy")
    if transport is not None and not isinstance(transport, kind):
        raise ConfigurationError(f"transport is {type(transport).__name__}, but must be an httpx.{kind.__name__}")


def environment_has_proxy(transport: object, proxy: object) -> bool:
    """Whether the environment names proxies and the arguments do not. If so, httpx interprets them."""
    return transport is None and proxy is None and any(getproxies().get(name) for name in ("http", "https", "all"))


PROXY_ERRORS: Final = (ValueError, TypeError, ImportError, httpx.InvalidURL)


def proxy_error(error: Exception) -> ConfigurationError:
    """Return the error for a proxy that httpx cannot use. It is not quoted, since it may contain a password."""
    return ConfigurationError(f"the proxy cannot be used ({type(error).__name__})")
