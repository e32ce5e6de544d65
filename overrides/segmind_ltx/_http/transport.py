"""Send requests: through the client's own transports, or through the user's HTTP client or transport.

`httpx.Client` does much that is not needed here (redirects, cookies, auth, hooks), a quarter of the cost of a request.
Its pool also scans all connections for each request, so many requests at once cost ever more. So if the user passes no
client, each request in flight has an httpx transport with one connection to itself; idle transports are on a stack.

A paid call gets a fresh connection. A free one may use that of an earlier call, but only in the same process, and only
if the earlier response ended exactly at its end.
"""

from __future__ import annotations

import os
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

import httpx

from segmind_ltx._http.proxies import EnvironmentProxies, check_proxy
from segmind_ltx.errors import ConfigurationError

USER_AGENT: Final = f"segmind-ltx python-httpx/{httpx.__version__}"

NO_AUTH: Final = httpx.Auth()
"""Adds no credentials, even if the address contains a user name."""

Way = tuple[str | None, bool]
"""How to reach an address: through which proxy, and whether with TLS."""
T = TypeVar("T")


@lru_cache(maxsize=2)
def tls_context(*, tls: bool) -> ssl.SSLContext:
    """Return one context for all transports: making it takes as long as making fifty requests.

    Without ``tls`` it trusts no authority, and reads no file. Raises `ConfigurationError` if there is no CA bundle.
    """
    if not tls:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.create_ssl_context()
    except (OSError, ImportError) as error:  # SSLError is an OSError.
        names = " and ".join(name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name))
        raise ConfigurationError(
            f"the CA certificates cannot be read ({type(error).__name__}); correct {names or 'the installation'}. "
            "Nothing was sent."
        ) from None


class BaseTransport:
    """What the sync and the async transport share: building requests, and the options of new transports."""

    def __init__(
        self,
        http: httpx.Client | httpx.AsyncClient | None,
        transport: object,
        proxy: str | httpx.Proxy | None,
        base_url: str,
    ) -> None:
        self._client, self._closed, self._process = http, False, os.getpid()
        self.uses_httpx_transport: bool = http is None and transport is None
        self._default_headers = httpx.Headers(
            {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": USER_AGENT}
        )
        self._proxy = proxy
        if proxy is not None:
            check_proxy(proxy, "the proxy")
        self._proxies = None
        if self.uses_httpx_transport and proxy is None:
            self._proxies = EnvironmentProxies.read()
            self._proxies.check(base_url)

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
        extensions: dict[str, Any],
        *,
        to_api: bool,
    ) -> httpx.Request:
        """Build a request. With ``to_api=False`` it has no headers or cookies of the user's client."""
        if self._client is not None and to_api:
            return self._client.build_request(method, url, headers=headers, json=json, extensions=extensions)
        merged = self._default_headers.copy()
        merged.update(headers)
        return httpx.Request(method, url, headers=merged, json=json, extensions=extensions)

    def _way(self, url: httpx.URL) -> Way:
        proxy = self._proxies.for_url(url) if self._proxies else None
        return proxy, url.scheme == "https"

    def _refuse_in_child(self) -> None:
        """Raise `ConfigurationError` if this process was forked: the parent's connections must not be used here."""
        if self._process != os.getpid():
            raise ConfigurationError(
                "this client has an HTTP client or transport of your own, which belongs to the process that made it; "
                "make a new client in the child process. Nothing was sent."
            )


class Stacks(Generic[T]):
    """Idle transports, by the way that they take. Those of a parent process are dropped in its fork."""

    def __init__(self) -> None:
        self._idle: defaultdict[Way, list[T]] = defaultdict(list)
        self._process = os.getpid()

    def pop(self, way: Way) -> T | None:
        """Remove and return the transport that was used last; None if there is none."""
        if self._process != os.getpid():
            self._idle, self._process = defaultdict(list), os.getpid()
        try:
            return self._idle[way].pop()
        except IndexError:
            return None

    def push(self, way: Way, transport: T) -> None:
        """Add a transport that is idle now."""
        self._idle[way].append(transport)

    def clear(self) -> list[T]:
        """Remove and return all transports that this process may close; other threads may add some meanwhile."""
        if self._process != os.getpid():
            return []
        cleared: list[T] = []
        for stack in list(self._idle.values()):
            while stack:
                with suppress(IndexError):  # Another thread took it.
                    cleared.append(stack.pop())
        return cleared

    def __len__(self) -> int:
        return sum(map(len, self._idle.values()))


class Exchange(NamedTuple):
    """A response whose body is still to be read, and its transport if that is the client's own."""

    response: httpx.Response
    transport: httpx.HTTPTransport | None = None
    way: Way = (None, False)


class Transport(BaseTransport):
    """Sends the requests of `Client`. Raises `ConfigurationError` if the arguments contradict each other."""

    def __init__(
        self,
        http: httpx.Client | None,
        transport: httpx.BaseTransport | None,
        proxy: str | httpx.Proxy | None,
        base_url: str,
    ) -> None:
        check_transport_options(http, transport, proxy, httpx.BaseTransport)
        super().__init__(http, transport, proxy, base_url)
        self._http, self._transport = http, transport
        self._idle = Stacks[httpx.HTTPTransport]()

    def send(self, request: httpx.Request, hand_over: Callable[[], None], *, to_api: bool) -> Exchange:
        """Send a request, after ``hand_over``. With ``to_api=False`` the user's auth is not applied."""
        if self._http is not None:
            self._refuse_in_child()
            hand_over()
            auth = NO_AUTH if not to_api else httpx.USE_CLIENT_DEFAULT
            return Exchange(self._http.send(request, stream=True, auth=auth, follow_redirects=False))
        if self._transport is not None:
            self._refuse_in_child()
            hand_over()
            return Exchange(self._transport.handle_request(request))
        way = self._way(request.url)
        transport = self._idle.pop(way)
        if transport is None:
            transport = httpx.HTTPTransport(proxy=self._proxy or way[0], verify=tls_context(tls=way[1]))
        elif request.method == "POST":
            transport.close()  # It can be used again, with a new connection.
        hand_over()
        try:
            return Exchange(transport.handle_request(request), transport, way)
        except BaseException:
            transport.close()
            raise

    def release(self, exchange: Exchange) -> None:
        """End an exchange, whether or not its body was read to the end."""
        exchange.response.close()
        if exchange.transport is not None:
            if not ended_cleanly(exchange.transport):
                exchange.transport.close()
            self._idle.push(exchange.way, exchange.transport)
            if self._closed:  # Asked last: another thread may close the client meanwhile.
                self._close_idle()

    def close(self) -> None:
        """Close everything except the user's own HTTP client."""
        self._closed = True
        self._close_idle()
        if self._transport is not None and self._process == os.getpid():
            self._transport.close()

    def _close_idle(self) -> None:
        for idle in self._idle.clear():
            idle.close()


def ended_cleanly(transport: Any) -> bool:
    """Whether no byte has arrived after the end of the last response, so that the connection can be used again.

    h11 would take such bytes for the next response. httpx does not say, so this looks into httpcore and h11; if they
    are not as expected, the connection is not used again.
    """
    try:
        connections = transport._pool.connections
        for connection in connections:
            while not hasattr(connection, "_h11_state"):
                connection = connection._connection
            if connection._h11_state.trailing_data[0] or connection._network_stream.get_extra_info("is_readable"):
                return False
    except Exception:
        return False
    return True


def check_transport_options(http: object, transport: object, proxy: object, kind: type) -> None:
    """Raise `ConfigurationError` if the arguments contradict each other."""
    given = [name for name, value in {"transport": transport, "proxy": proxy}.items() if value is not None]
    if len(given) == 2 or (given and http is not None):
        both = " and ".join(f"{name}=" for name in (["http"] if http is not None else []) + given)
        raise ConfigurationError(f"give one of {both}, not both; a client or transport of your own has its own proxy")
    if transport is not None and not isinstance(transport, kind):
        raise ConfigurationError(f"transport is {type(transport).__name__}, but must be an httpx.{kind.__name__}")
