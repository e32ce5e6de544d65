"""Interpret a recording: the route and model of each exchange, and which attempts form one request."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import frozen

from segmind_ltx_conformance.judge.request_bodies import Body, Kind, read_body
from segmind_ltx_conformance.recording import Exchange, Part, Recording
from segmind_ltx_spec import Contract, Model

WORKING: Final = frozenset({"valid", "other", "failing", "unknown"})
"""The scenarios of keys that work; "unknown" is that of a key in another tool's recording that evidently did."""
MIN_ATTEMPTS: Final = 3
"""How often the same fault has to occur before it is not transient any more."""


@frozen
class Call:
    """An exchange on its route.

    ``kind`` is v1, v2, poll, result, alias, unknown-model, output or other.
    """

    index: int
    exchange: Exchange
    kind: str
    model: Model | None = None
    job: str | None = None

    @property
    def status(self) -> int:
        """The status of the response; 0 if there was none."""
        return self.exchange.status

    @property
    def summary(self) -> str:
        """The method and path of the request."""
        return f"{self.exchange.method} {self.exchange.path}"


@frozen
class Request:
    """All attempts of one request. The judge looks at the last response."""

    calls: tuple[Call, ...]
    others_answered_between: bool = False
    """True if another call between the attempts got a response that is not a transient fault."""
    next_answered: bool = False
    """True if the next call got such a response."""

    @property
    def last(self) -> Call:
        """The attempt that counts."""
        return self.calls[-1]

    @property
    def exchange(self) -> Exchange:
        """The last request and its response."""
        return self.calls[-1].exchange

    @property
    def status(self) -> int:
        """The status of the last response."""
        return self.calls[-1].exchange.status

    @property
    def kind(self) -> str:
        """The kind of route."""
        return self.calls[-1].kind

    @property
    def slug(self) -> str | None:
        """The model, if the route is a model's own."""
        model = self.calls[-1].model
        return None if model is None else model.slug

    @property
    def indices(self) -> tuple[int, ...]:
        """The indices of the attempts in the recording."""
        return tuple(call.index for call in self.calls)

    @property
    def answered(self) -> bool:
        """True if the last response is not a transient fault."""
        return not is_transient(self.status)

    @property
    def keeps_failing(self) -> bool:
        """True if this request met the same fault on several attempts and other requests did not.

        Then the request is the cause: an outage would also have met the next request, and a rate limit all requests
        sent between the attempts.
        """
        statuses = {call.status for call in self.calls}
        if len(self.calls) < MIN_ATTEMPTS or len(statuses) > 1 or 0 in statuses:
            return False
        return self.others_answered_between or (self.next_answered and 429 not in statuses)

    @cached_property
    def body(self) -> Body | None:
        """The body, if the route is a model's own and the recording shows the body."""
        model = self.calls[-1].model
        return (
            None if model is None or not self.shows(Part.REQUEST_BODY) else read_body(model, self.exchange.request_body)
        )

    def shows(self, part: Part) -> bool:
        """Return whether the recording shows this part, as opposed to leaving it out."""
        return part not in self.exchange.unknown

    @property
    def is_json(self) -> bool:
        """True if the request says that its body is JSON."""
        content_type = self.exchange.request_headers.get("content-type", "application/json")
        return content_type.partition(";")[0].strip().lower() == "application/json"

    @property
    def wants_other_type(self) -> bool:
        """True if the Accept header allows neither JSON nor any type."""
        wanted = self.exchange.request_headers.get("accept", "*/*")
        return "*/*" not in wanted and "json" not in wanted

    @property
    def key_works(self) -> bool:
        """True if the request carries a working key in the header."""
        return self.exchange.key in WORKING

    @property
    def reads_as_other_account(self) -> bool:
        """True if the second account reads a job; the documents do not say what it may see."""
        return self.exchange.key == "other" and self.kind in {"poll", "result", "alias"}

    @property
    def is_valid(self) -> bool:
        """True if this is a valid request with a working key."""
        return self.key_works and self.is_json and self.body is not None and self.body.kind is Kind.VALID


def is_transient(status: int) -> bool:
    """Return whether a retry may lead to another response: after none, 429 or 5xx."""
    return status == 0 or status == 429 or status >= 500


@frozen
class Trace:
    """An interpreted recording."""

    contract: Contract
    recording: Recording
    calls: tuple[Call, ...]
    requests: tuple[Request, ...]

    def of(self, *kinds: str) -> Iterator[Request]:
        """Return the requests to these kinds of route."""
        return (request for request in self.requests if request.kind in kinds)


def read(recording: Recording, contract: Contract) -> Trace:
    """Interpret a recording."""
    calls = tuple(_calls(recording, contract))
    requests = sorted(_requests(calls), key=lambda request: request.last.index)
    return Trace(contract, recording, calls, tuple(requests))


def _calls(recording: Recording, contract: Contract) -> Iterator[Call]:
    base = urlsplit(recording.base_url)
    routes = {
        (path, kind): model for model in contract.models.values() for path, kind in ((model.v1, "v1"), (model.v2, "v2"))
    }
    for index, exchange in enumerate(recording.exchanges):
        parts = urlsplit(exchange.url)
        path = parts.path
        if (parts.scheme, parts.netloc) != (base.scheme, base.netloc) or not path.startswith(base.path):
            yield Call(index, exchange, "output" if exchange.method == "GET" else "other")
            continue
        yield _on_route(index, exchange, path[len(base.path.rstrip("/")) :], routes)


def _on_route(index: int, exchange: Exchange, path: str, routes: dict[tuple[str, str], Model]) -> Call:
    parts = path.split("/")[1:]
    if exchange.method == "POST":
        version = parts[0]
        model = routes.get((path, version))
        kind = (
            version
            if model is not None
            else "unknown-model"
            if len(parts) == 2 and version in {"v1", "v2"}
            else "other"
        )
        return Call(index, exchange, kind, model)
    if exchange.method == "GET" and len(parts) > 2 and parts[1] == "requests" and parts[0] in {"v1", "v2"}:
        job = unquote(parts[2])
        if parts[0] == "v2" and parts[3:] == ["status"]:
            return Call(index, exchange, "poll", job=job)
        if len(parts) == 3:
            return Call(index, exchange, "result" if parts[0] == "v2" else "alias", job=job)
    elif exchange.method == "GET" and not path.startswith("/_"):
        return Call(index, exchange, "output")
    return Call(index, exchange, "other")


def _requests(calls: tuple[Call, ...]) -> Iterator[Request]:
    """Group attempts with the same label and URL into one request; a call without a label is a request of its own."""

    def label(call: Call) -> tuple[str, str, str]:
        exchange = call.exchange
        return (exchange.probe or f"#{call.index}", exchange.method, exchange.url)

    for _, group in groupby(sorted(calls, key=lambda call: (label(call), call.index)), key=label):
        attempts: list[Call] = []
        for call in group:
            # A request is complete after a response; the same label then starts a new one, as in polling.
            if attempts and not is_transient(attempts[-1].status):
                yield Request(tuple(attempts), *_answered_around(attempts, calls))
                attempts = []
            attempts.append(call)
        if attempts:
            yield Request(tuple(attempts), *_answered_around(attempts, calls))


def _answered_around(attempts: list[Call], calls: tuple[Call, ...]) -> tuple[bool, bool]:
    """Whether other calls with working keys got a lasting response between these attempts, and right after them."""

    def counts(call: Call) -> bool:
        return call.exchange.key in WORKING and call.kind != "other"

    between = calls[attempts[0].index + 1 : attempts[-1].index]
    following = next((call for call in calls[attempts[-1].index + 1 :] if counts(call)), None)
    between_answered = any(counts(call) and not is_transient(call.status) for call in between)
    return between_answered, following is not None and not is_transient(following.status)
