"""The way to the network: a transport of our own, or the HTTP client that the caller brought.

`httpx.Client` does much that is not needed here (redirects, cookies, auth, hooks), and that is a quarter of what a
request costs. So where nobody brings a client, requests go straight to httpx's transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.request import getproxies

import httpx

from segmind_ltx.errors import ConfigurationError

USER_AGENT: Final = f"segmind-ltx python-httpx/{httpx.__version__}"

T = TypeVar("T")


class _Line:
    """What both have in common: how a request is made."""

    def __init__(self, http: httpx.Client | httpx.AsyncClient | None) -> None:
        self._given, self._closed = http, False
        self._own = httpx.Headers({"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": USER_AGENT})

    @property
    def closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._closed or (self._given is not None and self._given.is_closed)

    def request(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], json: Any, timeout: httpx.Timeout
    ) -> httpx.Request:
        """A request with these headers over those of the caller's client."""
        if self._given is not None:
            return self._given.build_request(method, url, headers=headers, json=json, timeout=timeout)
        merged = self._own.copy()
        merged.update(headers)
        return httpx.Request(method, url, headers=merged, json=json, extensions={"timeout": timeout.as_dict()})


class Line(_Line):
    """For `Client`. Raises `ConfigurationError` where the arguments are at odds."""

    def __init__(
        self, http: httpx.Client | None, transport: httpx.BaseTransport | None, proxy: str | httpx.Proxy | None
    ) -> None:
        check(http, transport, proxy, httpx.BaseTransport)
        self._owned = httpx.Client() if http is None and proxies_are_set(transport, proxy) else None
        super().__init__(http or self._owned)
        self._http = http or self._owned
        self._transport = transport or usable(lambda: None if self._http else httpx.HTTPTransport(proxy=proxy))

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is yet to be read."""
        if self._transport is not None:
            return self._transport.handle_request(request)
        assert self._http is not None  # noqa: S101 - one of the two is there
        return self._http.send(request, stream=True, follow_redirects=False)

    def close(self) -> None:
        """Close what is not the caller's."""
        self._closed = True
        for ours in (self._transport, self._owned):
            if ours is not None:
                ours.close()


class AsyncLine(_Line):
    """For `AsyncClient`."""

    def __init__(
        self,
        http: httpx.AsyncClient | None,
        transport: httpx.AsyncBaseTransport | None,
        proxy: str | httpx.Proxy | None,
    ) -> None:
        check(http, transport, proxy, httpx.AsyncBaseTransport)
        self._owned = httpx.AsyncClient() if http is None and proxies_are_set(transport, proxy) else None
        super().__init__(http or self._owned)
        self._http = http or self._owned
        self._transport = transport or usable(lambda: None if self._http else httpx.AsyncHTTPTransport(proxy=proxy))

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is yet to be read."""
        if self._transport is not None:
            return await self._transport.handle_async_request(request)
        assert self._http is not None  # noqa: S101 - one of the two is there
        return await self._http.send(request, stream=True, follow_redirects=False)

    async def close(self) -> None:
        """Close what is not the caller's."""
        self._closed = True
        for ours in (self._transport, self._owned):
            if ours is not None:
                await ours.aclose()


def check(http: object, transport: object, proxy: object, kind: type) -> None:
    """Raises `ConfigurationError` where the arguments are at odds."""
    given = [name for name, value in {"transport": transport, "proxy": proxy}.items() if value is not None]
    if len(given) == 2 or (given and http is not None):
        both = " and ".join(f"{name}=" for name in (["http"] if http is not None else []) + given)
        raise ConfigurationError(f"give one of {both}, not both; a client or transport of your own has its own proxy")
    if transport is not None and not isinstance(transport, kind):
        raise ConfigurationError(f"transport is {type(transport).__name__}, but must be an httpx.{kind.__name__}")


def proxies_are_set(transport: object, proxy: object) -> bool:
    """Whether the environment names proxies, and nobody else does. httpx knows best what to make of them."""
    return transport is None and proxy is None and any(getproxies().get(name) for name in ("http", "https", "all"))


def usable(make: Callable[[], T]) -> T:
    """What ``make`` gives. Raises `ConfigurationError` where httpx cannot use a proxy."""
    try:
        return make()
    except (ValueError, TypeError, ImportError, httpx.InvalidURL) as error:
        # Not quoted: the address of a proxy may hold a password.
        raise ConfigurationError(f"the proxy cannot be used ({type(error).__name__})") from None
