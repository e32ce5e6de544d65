"""Choose the proxy for an address from the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

httpx does so only inside `httpx.Client`, whose pool would use a connection for one paid call after another, and which
raises exceptions of its own for values that it cannot read. An address of this machine is never asked through a proxy:
the key would leave it in clear.
"""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple
from urllib.request import getproxies

import httpx

from segmind_ltx._config import is_loopback
from segmind_ltx.errors import ConfigurationError

PROXY_ERRORS: Final = (ValueError, TypeError, ImportError, httpx.InvalidURL)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class EnvironmentProxies(NamedTuple):
    """The proxies that the environment names. ``variables`` has the name of each one's variable, by scheme."""

    by_scheme: dict[str, str]
    variables: dict[str, str]
    exceptions: tuple[str, ...]

    @classmethod
    def read(cls) -> EnvironmentProxies:
        """Read the environment, or the system's settings on Windows and macOS."""
        named = getproxies()
        exceptions = tuple(part.strip().lower() for part in named.get("no", "").split(",") if part.strip())
        by_scheme: dict[str, str] = {}
        variables: dict[str, str] = {}
        for scheme in _DEFAULT_PORTS:
            for name in (scheme, "all"):
                if "*" not in exceptions and named.get(name):
                    address = named[name]
                    by_scheme[scheme] = address if "://" in address else f"http://{address}"
                    variables[scheme] = f"{name.upper()}_PROXY"
                    break
        return cls(by_scheme, variables, exceptions)

    def for_url(self, url: httpx.URL) -> str | None:
        """Return the proxy for an address; None if it is asked directly."""
        proxy = self.by_scheme.get(url.scheme)
        if proxy is None or is_loopback(url.host):
            return None
        port = url.port or _DEFAULT_PORTS[url.scheme]
        excepted = any(_matches(entry, url.scheme, url.host.lower(), port) for entry in self.exceptions)
        return None if excepted else proxy

    def check(self, base_url: str) -> None:
        """Raise `ConfigurationError` if a proxy cannot be used, unless ``base_url`` is an address of this machine."""
        if not is_loopback(httpx.URL(base_url).host):
            for scheme, proxy in self.by_scheme.items():
                check_proxy(proxy, f"the proxy in {self.variables[scheme]}")


def check_proxy(proxy: str | httpx.Proxy, what: str) -> None:
    """Raise `ConfigurationError` if httpx cannot use a proxy. It is not quoted, since it may contain a password."""
    problem = None
    try:
        url = (proxy if isinstance(proxy, httpx.Proxy) else httpx.Proxy(proxy)).url
        if not url.host or not (url.port is None or 0 < url.port < 65536):
            problem = "it has no host, or an invalid port"
        else:
            httpx.HTTPTransport(proxy=proxy, verify=False)
    except ImportError:
        problem = "for SOCKS, install httpx[socks]"
    except PROXY_ERRORS as error:
        problem = f"{type(error).__name__}; use http://, https:// or socks5:// with a host and a port"
    if problem:
        raise ConfigurationError(f"{what} cannot be used: {problem}")


def _matches(entry: str, scheme: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY covers an address: a host with its subdomains, an IP address or a network."""
    if "://" in entry:
        wanted, _, entry = entry.partition("://")
        if wanted not in {scheme, "all"}:
            return False
    name, wanted_port = _host_and_port(entry)
    if wanted_port not in {"", str(port)}:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        pass
    domain = name.lstrip("*").lstrip(".")
    exact = host == domain and not name.startswith((".", "*."))
    return bool(domain) and (exact or host.endswith(f".{domain}"))


def _host_and_port(entry: str) -> tuple[str, str]:
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = entry.rpartition(":")
    return (name, port) if name and ":" not in name and port.isdecimal() else (entry, "")
