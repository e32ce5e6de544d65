"""Hold the state that all stages of a run share: the recorder, the budget, accepted jobs, and skips."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast
from urllib.parse import quote

from attrs import define, field

from segmind_ltx_conformance.payloads import Choice, example_picture
from segmind_ltx_conformance.prober.budget import Budget, Reservation, ReservationGuard
from segmind_ltx_conformance.prober.http import REQUEST_TIMEOUT, Recorder
from segmind_ltx_conformance.prober.options import STAGES, Options
from segmind_ltx_conformance.prober.packs import Item, encode_body, models_of
from segmind_ltx_conformance.recording import Exchange, Recording, Skip
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract, Model

T = TypeVar("T")
R = TypeVar("R")


@define(eq=False)
class Job:
    """A job that the target accepted.

    The fields ``advanced_…`` hold by how many seconds the target's clock had been advanced (see `Recorder`) at the
    submit and when the final state was first seen.
    """

    id: str
    label: str
    model: Model
    key: str
    submitted: float
    advanced_at_submit: float
    reservation: Reservation
    body: Mapping[str, Any] = field(repr=False)
    answer: Exchange = field(repr=False)
    state: str | None = None
    ended: float | None = None
    advanced_at_end: float = 0.0
    read: float = 0.0
    """The time of the last poll."""
    output: str | None = None
    rounds: int = 0
    unexpected: int = 0
    status_only: bool = False
    """True if nothing but its status is read until its end."""
    read_later: bool = False
    """True once it was read again some time after its end."""
    polling_ended: bool = False
    """True once the job is not polled any more."""

    @property
    def documented(self) -> bool:
        """True if the model's own page names v2: else a broken clause of grade D is only a warning."""
        return self.model.v2_source.grade == "D"

    @property
    def path(self) -> str:
        """The path of its result."""
        return f"/v2/requests/{quote(self.id, safe='')}"


@define(eq=False)
class RunContext:
    """The state of a run."""

    target: Target
    contract: Contract
    options: Options
    recorder: Recorder
    budget: Budget
    jobs: list[Job] = field(factory=list[Job])
    outputs: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    """URLs of videos to download, each with a label."""
    accepted_choices: dict[tuple[str, str], list[Choice]] = field(factory=dict[tuple[str, str], list[Choice]])
    """The choices in accepted packs, by model and version."""
    causes: list[Choice] = field(factory=list[Choice])
    deferred: list[tuple[Item, Reservation]] = field(factory=list[tuple[Item, Reservation]])
    """The calls that come last. Their reservations are released if the search for a cause needs room."""
    missing_routes: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    """Model and version of the routes that the target does not offer."""
    skips: list[Skip] = field(factory=list[Skip])
    job_deadline: float | None = None
    clock_control: bool = False
    unexpected: bool = False
    """True once a response came that no server should give; `Options.fail_fast` then ends the run."""
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    @property
    def models(self) -> list[Model]:
        """The selected models, the cheapest first."""
        return models_of(self.contract, self.options)

    @property
    def blocking_paths(self) -> tuple[str, ...]:
        """The paths of the blocking calls."""
        return tuple(model.v1 for model in self.contract.models.values())

    @property
    def picture(self) -> str:
        """The URL for parameters that take an image."""
        return self.target.picture or example_picture(self.contract)

    @property
    def key(self) -> str | None:
        """The scenario of the key that works, or None if the profile has no such key."""
        return "valid" if "valid" in self.target.keys else None

    def skip(self, what: str, model: str | None, reason: str) -> None:
        """Record that something was left out; the same entry is recorded once."""
        with self._lock:
            if (entry := Skip(what, model, reason)) not in self.skips:
                self.skips.append(entry)

    def each(self, items: Iterable[T], do: Callable[[T], R], at_once: int | None = None) -> list[R]:
        """Call ``do`` with each item, with as many threads as the options allow."""
        todo, width = list(items), at_once or self.options.jobs
        if width <= 1 or len(todo) <= 1:
            return [do(item) for item in todo]
        pool = ThreadPoolExecutor(min(width, len(todo)), thread_name_prefix="conformance")
        try:
            return list(pool.map(do, todo))
        finally:
            # Wait for calls in flight, since they may be paid for; start no others.
            pool.shutdown(wait=True, cancel_futures=True)

    def room(self, usd: float) -> Reservation | None:
        """Reserve room for one more valid payload; if there is none, release the deferred calls one by one."""
        while (reservation := self.budget.reserve(usd)) is None and self.deferred:
            item, released = self.deferred.pop()
            self.budget.close(released, accepted=False)
            reason = f"budget: the room for {item.version} #{item.number} was used to find out why a pack was refused"
            self.skip(item.stage, item.model.slug, reason)
        return reservation

    def get(self, probe: str, path: str, key: str | None, headers: Mapping[str, str] | None = None) -> Exchange:
        """Send a GET, which is never billed."""
        return self.recorder.send(probe, "GET", path, key=key, headers=headers)

    def paid(
        self,
        probe: str,
        path: str,
        body: Any,
        reservation: Reservation,
        key: str,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Send a POST with a valid payload, for which ``reservation`` has room."""
        with ReservationGuard(self.budget, reservation):
            timeout = max(REQUEST_TIMEOUT, self.target.limits.job_timeout)
            exchange = self.recorder.send(
                probe, "POST", path, key=key, body=encode_body(body), headers=headers, timeout=timeout
            )
            self.budget.close(reservation, accepted=may_be_accepted(exchange))
        return exchange

    def trial(
        self, probe: str, path: str, model: Model, body: Any, key: str | None, headers: Mapping[str, str] | None = None
    ) -> Exchange | None:
        """Send a POST that should be refused; return None if there is no room in case it is accepted."""
        reservation = self.budget.reserve_trial(model.usd_high)
        if reservation is None:
            self.skip(probe.partition(" ")[0], model.slug, "budget: there is no room in case it is accepted")
            return None
        with ReservationGuard(self.budget, reservation):
            timeout = max(REQUEST_TIMEOUT, self.target.limits.job_timeout)
            exchange = self.recorder.send(
                probe, "POST", path, key=key, body=encode_body(body), headers=headers, timeout=timeout
            )
            self.budget.close(reservation, accepted=may_be_accepted(exchange))
        if accepted(exchange):
            self.unexpected = True
            self.budget.settle(reservation, cost_of(exchange))
        return exchange

    def end_early(self, reason: str) -> None:
        """Record why the run ends early, for each stage that was not started."""
        begun = {(exchange.probe or "").partition(" ")[0] for exchange in self.recorder.exchanges}
        for stage in STAGES:
            if self.options.wants(stage) and stage not in begun:
                self.skip(stage, None, reason)

    def recording(self) -> Recording:
        """Return the recording so far."""
        return Recording(
            self.target.base_url, self.recorder.exchanges, self.recorder.started, self.job_deadline, tuple(self.skips)
        )


def accepted(exchange: Exchange) -> bool:
    """Return whether a POST was accepted."""
    return 200 <= exchange.status < 300


def cost_of(exchange: Exchange) -> object:
    """Return the reported cost of a blocking call, if any."""
    try:
        return float(exchange.headers.get("x-cost", ""))
    except ValueError:
        return field_at(exchange, "metrics", "cost")


def may_be_accepted(exchange: Exchange) -> bool:
    """Return whether a POST may have been accepted, also if its response was lost."""
    return accepted(exchange) or (exchange.status == 0 and not (exchange.fault or "").startswith("Connect"))


def field_at(exchange: Exchange, *names: str) -> Any:
    """Return the value at this path of a JSON response, or None if there is none."""
    value: Any = exchange.json
    for name in names:
        value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
    return value


def text_at(exchange: Exchange, *names: str) -> str | None:
    """Return the value at this path if it is a text that is not empty."""
    value = field_at(exchange, *names)
    return value if isinstance(value, str) and value else None
