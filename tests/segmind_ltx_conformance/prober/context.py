"""What all stages of a run share: the line, the budget, what was accepted so far, what was left out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast
from urllib.parse import quote

from attrs import define, field

from segmind_ltx_conformance.payloads import Choice, picture_of
from segmind_ltx_conformance.prober.budget import Budget, JobProgress, Reservation
from segmind_ltx_conformance.prober.http import QUICK, Recorder
from segmind_ltx_conformance.prober.options import STAGES, Options
from segmind_ltx_conformance.prober.packs import Item, encoded, models_of
from segmind_ltx_conformance.recording import Exchange, Recording, Skip
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract, Model

T = TypeVar("T")
R = TypeVar("R")


@define(eq=False)
class Job:
    """A job that the target accepted. ``ended`` and ``moved`` say when its end was first seen (see `Recorder`)."""

    id: str
    label: str
    model: Model
    key: str
    submitted: float
    clock_control: float
    hold: Reservation
    body: Mapping[str, Any] = field(repr=False)
    answer: Exchange = field(repr=False)
    state: str | None = None
    ended: float | None = None
    moved: float = 0.0
    read: float = 0.0
    """When it was last read."""
    output: str | None = None
    rounds: int = 0
    unexpected: int = 0
    over: bool = False
    """Whether it is no longer polled."""

    @property
    def path(self) -> str:
        """Where its result is."""
        return f"/v2/requests/{quote(self.id, safe='')}"


@define(eq=False)
class RunContext:
    """A run under way."""

    target: Target
    contract: Contract
    options: Options
    wire: Recorder
    budget: Budget
    jobs: list[Job] = field(factory=list[Job])
    outputs: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    """Locations of videos that are still to be downloaded, each with a label."""
    good: dict[tuple[str, str], list[Choice]] = field(factory=dict[tuple[str, str], list[Choice]])
    """What accepted packs had, by model and version."""
    culprits: list[Choice] = field(factory=list[Choice])
    deferred: list[tuple[Item, Reservation]] = field(factory=list[tuple[Item, Reservation]])
    """What was to be sent last, and gives its room to the search for what a refused pack was refused for."""
    closed: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    """Model and version of the routes that are not offered."""
    skips: list[Skip] = field(factory=list[Skip])
    patience: float | None = None
    clock_control: bool = False
    unexpected: bool = False
    """Whether an answer came that no server should give: what `Options.fail_fast` looks at."""
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
        """The picture for parameters that want one."""
        return self.target.picture or picture_of(self.contract)

    @property
    def key(self) -> str | None:
        """The key that everything works with, where there is one."""
        return "valid" if "valid" in self.target.keys else None

    def skip(self, what: str, model: str | None, reason: str) -> None:
        """Note that something was left out; the same is noted once."""
        with self._lock:
            if (one := Skip(what, model, reason)) not in self.skips:
                self.skips.append(one)

    def each(self, items: Iterable[T], do: Callable[[T], R], at_once: int | None = None) -> list[R]:
        """Do something with each item, so many at once as the options say."""
        todo, width = list(items), at_once or self.options.jobs
        if width <= 1 or len(todo) <= 1:
            return [do(one) for one in todo]
        pool = ThreadPoolExecutor(min(width, len(todo)), thread_name_prefix="conformance")
        try:
            return list(pool.map(do, todo))
        finally:
            # Whatever is under way may be paid for, so its answer is waited for; the rest is not begun.
            pool.shutdown(wait=True, cancel_futures=True)

    def room(self, usd: float) -> Reservation | None:
        """Room for one more valid payload, at the cost of what was to come last."""
        while (hold := self.budget.hold(usd)) is None and self.deferred:
            item, given = self.deferred.pop()
            self.budget.close(given, accepted=False)
            reason = f"budget: the room for {item.version} #{item.number} was used to take a refused pack apart"
            self.skip(item.stage, item.model.slug, reason)
        return hold

    def get(self, probe: str, path: str, key: str | None, headers: Mapping[str, str] | None = None) -> Exchange:
        """A GET, which nobody bills."""
        return self.wire.send(probe, "GET", path, key=key, headers=headers)

    def paid(
        self, probe: str, path: str, body: Any, hold: Reservation, key: str, headers: Mapping[str, str] | None = None
    ) -> Exchange:
        """A POST of a valid payload, for which ``hold`` has room."""
        with JobProgress(self.budget, hold):
            timeout = max(QUICK, self.target.limits.job_timeout)
            one = self.wire.send(probe, "POST", path, key=key, body=encoded(body), headers=headers, timeout=timeout)
            self.budget.close(hold, accepted=maybe_accepted(one))
        return one

    def trial(
        self, probe: str, path: str, model: Model, body: Any, key: str | None, headers: Mapping[str, str] | None = None
    ) -> Exchange | None:
        """A POST that ought to be refused; None where there is no room left in case that it is not."""
        hold = self.budget.trial(model.usd_high)
        if hold is None:
            self.skip(probe.partition(" ")[0], model.slug, "budget: no room is left in case that it is accepted")
            return None
        with JobProgress(self.budget, hold):
            timeout = max(QUICK, self.target.limits.job_timeout)
            one = self.wire.send(probe, "POST", path, key=key, body=encoded(body), headers=headers, timeout=timeout)
            self.budget.close(hold, accepted=maybe_accepted(one))
        if accepted(one):
            self.unexpected = True
            self.budget.settle(hold, cost_of(one))
        return one

    def cut(self, reason: str) -> None:
        """Note that the run ends here: each stage that was not begun is left out for this reason."""
        begun = {(one.probe or "").partition(" ")[0] for one in self.wire.exchanges}
        for stage in STAGES:
            if self.options.wants(stage) and stage not in begun:
                self.skip(stage, None, reason)

    def recording(self) -> Recording:
        """What was recorded so far."""
        return Recording(self.target.base_url, self.wire.exchanges, self.wire.started, self.patience, tuple(self.skips))


def accepted(one: Exchange) -> bool:
    """Whether a POST was accepted."""
    return 200 <= one.status < 300


def cost_of(one: Exchange) -> object:
    """What a blocking call says that it cost, where it says so."""
    try:
        return float(one.headers.get("x-cost", ""))
    except ValueError:
        return field_at(one, "metrics", "cost")


def maybe_accepted(one: Exchange) -> bool:
    """Whether a POST may have been accepted: also where its answer was lost on the way."""
    return accepted(one) or (one.status == 0 and not (one.fault or "").startswith("Connect"))


def field_at(one: Exchange, *names: str) -> Any:
    """What stands at this place in an answer that is JSON, whatever it is; None where nothing does."""
    told: Any = one.json
    for name in names:
        told = cast("dict[str, Any]", told).get(name) if isinstance(told, dict) else None
    return told


def text_at(one: Exchange, *names: str) -> str | None:
    """The same, where it is a text with something in it."""
    value = field_at(one, *names)
    return value if isinstance(value, str) and value else None
