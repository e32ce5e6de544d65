"""Find the downloads of a location in a recording, redirects followed."""

from __future__ import annotations

from urllib.parse import urljoin

from segmind_ltx_conformance.judge.trace import Request, Trace

REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Downloads:
    """The requests without a key to locations of videos."""

    def __init__(self, trace: Trace) -> None:
        """Collect them from ``trace``."""
        self._base = f"{trace.recording.base_url}/"
        self._by_url: dict[str, list[Request]] = {}
        for request in trace.requests:
            exchange = request.exchange
            if exchange.method == "GET" and exchange.key is None and request.kind in {"output", "other"}:
                self._by_url.setdefault(exchange.url, []).append(request)

    def absolute(self, location: str) -> str:
        """Return a location as a URL: a relative one is a path of the target."""
        try:
            return urljoin(self._base, location)
        except ValueError:
            return location

    def of(self, location: str) -> list[Request]:
        """Return the downloads of a location; each is the last request of its redirects."""
        return [self._followed(request) for request in self._by_url.get(self.absolute(location), [])]

    def _followed(self, request: Request) -> Request:
        seen = {request.exchange.url}
        while request.status in REDIRECTS and "location" in request.exchange.headers:
            url = urljoin(request.exchange.url, request.exchange.headers["location"])
            later = [r for r in self._by_url.get(url, []) if r.last.index > request.last.index]
            if url in seen or not later:
                break
            seen.add(url)
            request = later[0]
        return request
