"""What an exchange is to the contract: which route of which model it went to, and how attempts belong together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import frozen

from segmind_ltx_conformance.judge.request_bodies import Body, Kind, read_body
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_spec import Contract, Model

WORKING: Final = frozenset({"valid", "other", "failing", "unknown"})
"""Keys that work. Of somebody else's nothing else is known."""
FEWEST_ATTEMPTS: Final = 3
"""How often the same fault has to come back before it is no longer one that passes."""


@frozen
class Call:
    """An exchange on its route. ``kind`` is v1, v2, poll, result, alias, unknown-model, output or other."""

    index: int
    exchange: Exchange
    kind: str
    model: Model | None = None
    job: str | None = None

    @property
    def status(self) -> int:
        """The status of the answer; 0 where none came."""
        return self.exchange.status

    @property
    def where(self) -> str:
        """The request in a few words."""
        return f"{self.exchange.method} {self.exchange.path}"


@frozen
class Request:
    """One thing that was asked for, however often it had to be sent. The judge looks at the last answer."""

    calls: tuple[Call, ...]
    others_meanwhile: bool = False
    """Whether another call, between the attempts, was answered otherwise than by a passing fault."""
    other_next: bool = False
    """Whether the next call was."""

    @property
    def last(self) -> Call:
        """The attempt that counts."""
        return self.calls[-1]

    @property
    def exchange(self) -> Exchange:
        """What was sent last, and its answer."""
        return self.calls[-1].exchange

    @property
    def status(self) -> int:
        """The status of the last answer."""
        return self.calls[-1].exchange.status

    @property
    def kind(self) -> str:
        """The kind of route."""
        return self.calls[-1].kind

    @property
    def slug(self) -> str | None:
        """The model, on a model's own routes."""
        model = self.calls[-1].model
        return None if model is None else model.slug

    @property
    def indices(self) -> tuple[int, ...]:
        """Where it stands in the recording."""
        return tuple(call.index for call in self.calls)

    @property
    def answered(self) -> bool:
        """Whether there is an answer that says something, and not only that it could not be had just now."""
        return not passing(self.status)

    @property
    def keeps_failing(self) -> bool:
        """Whether it was tried often enough, always met the same fault, and others did not.

        So it is this request that the server does not get on with: an outage would have met the next one as well, and
        a limit on the rate all that were sent meanwhile.
        """
        statuses = {call.status for call in self.calls}
        if len(self.calls) < FEWEST_ATTEMPTS or len(statuses) > 1 or 0 in statuses:
            return False
        return self.others_meanwhile or (self.other_next and 429 not in statuses)

    @cached_property
    def body(self) -> Body | None:
        """The request's body, on a model's own route."""
        model = self.calls[-1].model
        return None if model is None else read_body(model, self.exchange.request_body)

    @property
    def is_json(self) -> bool:
        """Whether the request said that it is JSON."""
        content_type = self.exchange.request_headers.get("content-type", "application/json")
        return content_type.partition(";")[0].strip().lower() == "application/json"

    @property
    def works(self) -> bool:
        """Whether it was sent with a key that works, in the header."""
        return self.exchange.key in WORKING

    @property
    def anothers(self) -> bool:
        """Whether it reads with the second account, whose sight of other accounts' jobs is not documented."""
        return self.exchange.key == "other" and self.kind in {"poll", "result", "alias"}

    @property
    def proper(self) -> bool:
        """Whether it is a valid request with a key that works."""
        return self.works and self.is_json and self.body is not None and self.body.kind is Kind.VALID


def passing(status: int) -> bool:
    """Whether an answer may be different the next time: none at all, 429 or 5xx."""
    return status == 0 or status == 429 or status >= 500


@frozen
class Trace:
    """A recording, understood."""

    contract: Contract
    recording: Recording
    calls: tuple[Call, ...]
    requests: tuple[Request, ...]

    def of(self, *kinds: str) -> Iterator[Request]:
        """The requests to these kinds of route."""
        return (request for request in self.requests if request.kind in kinds)


def read(recording: Recording, contract: Contract) -> Trace:
    """Understand a recording."""
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
    """Attempts with the same label and the same address are one request; without a label each is one of its own."""

    def label(call: Call) -> tuple[str, str, str]:
        one = call.exchange
        return (one.probe or f"#{call.index}", one.method, one.url)

    for _, attempts in groupby(sorted(calls, key=lambda call: (label(call), call.index)), key=label):
        run: list[Call] = []
        for call in attempts:
            # What was answered is finished; the same label after that is a new reading, as of a job that is polled.
            if run and not passing(run[-1].status):
                yield Request(tuple(run), *_others(run, calls))
                run = []
            run.append(call)
        if run:
            yield Request(tuple(run), *_others(run, calls))


def _others(run: list[Call], calls: tuple[Call, ...]) -> tuple[bool, bool]:
    """Whether calls with keys that work were answered between these attempts, and next after them."""

    def told(call: Call) -> bool:
        return call.exchange.key in WORKING and call.kind != "other"

    between = calls[run[0].index + 1 : run[-1].index]
    following = next((call for call in calls[run[-1].index + 1 :] if told(call)), None)
    meanwhile = any(told(call) and not passing(call.status) for call in between)
    return meanwhile, following is not None and not passing(following.status)
