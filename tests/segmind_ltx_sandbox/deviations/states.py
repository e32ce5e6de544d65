"""States of jobs: repeated ids, URLs of other jobs, and states that are unknown, go back, never end or disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import (
    BehaviourFactory,
    Deviation,
    factory,
    when,
    with_fields,
    without,
)
from segmind_ltx_sandbox.messages import ApiResponse
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_spec import Contract

LinkChange = Callable[[Mapping[str, str], str], Mapping[str, str]]


class RepeatsIds(Behaviour):
    """Gives every ``every``-th job the id of an earlier one."""

    def __init__(self, contract: Contract, every: int) -> None:
        super().__init__(contract)
        self._every, self._count, self._last = every, 0, ""

    def new_id(self) -> str:
        """Return a new id, or the last one again."""
        self._count += 1
        if self._count == 1 or self._count % self._every:
            self._last = super().new_id()
        return self._last


class ChangesLinks(Behaviour):
    """Changes the URLs in the response to a submit. ``change`` gets them, and the id of the previous job."""

    def __init__(self, contract: Contract, change: LinkChange) -> None:
        super().__init__(contract)
        self._change, self._before = change, "00000000-0000-4000-8000-000000000000"

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        """Return the response with the changed URLs."""
        response = super().accepted(job, origin)
        links = {key: value for key, value in response.content.items() if key.endswith("_url")}
        changed = {**links, **self._change(links, self._before)}
        self._before = job.id
        return evolve(response, content={**response.content, **changed})


class ChangesStates(Behaviour):
    """Changes the states of jobs.

    ``state`` gets the job, its state, the time, and how often the job was read in this state.
    """

    def __init__(self, contract: Contract, state: Callable[[Job, State, float, int], State]) -> None:
        super().__init__(contract)
        self._state, self._reads = state, Counter[tuple[str, State]]()

    def state(self, job: Job, now: float) -> State:
        """Return the changed state."""
        state = super().state(job, now)
        self._reads[job.id, state] += 1
        return self._state(job, state, now, self._reads[job.id, state])


def changing_states(state: Callable[[Job, State, float, int], State]) -> BehaviourFactory:
    """Return a factory of services that change states by ``state``."""
    return factory(ChangesStates, state)


def changing_links(change: LinkChange) -> BehaviourFactory:
    """Return a factory of services that change URLs by ``change``."""
    return factory(ChangesLinks, change)


def lifecycle() -> Iterator[Deviation]:
    """Yield the deviations about ids, URLs and states."""
    yield from _ids()
    yield from _urls()
    yield from _words()
    yield from _order()


def _ids() -> Iterator[Deviation]:
    for every in (2, 3, 10):
        yield Deviation(
            f"life/id-repeats-every-{every}",
            ("job.id-unique",),
            f"One job in {every} has the id of an earlier job.",
            factory(RepeatsIds, every),
        )
    yield Deviation("life/one-id", ("job.id-unique",), "Every job has the same id.", factory(RepeatsIds, 1))


def _urls() -> Iterator[Deviation]:
    def of(name: str, change: Callable[[str, str], str]) -> LinkChange:
        return lambda links, before: {name: change(links[name], before)}

    def id_in(url: str) -> str:
        return url.removesuffix("/status").rpartition("/")[2]

    for name in ("status_url", "response_url", "poll_url"):
        broken = ("job.poll-url-works",) if name == "poll_url" else ("job.urls-are-its-own",)
        yield Deviation(
            f"life/{name}/of-another-job",
            broken,
            f"{name} is that of the previous job.",
            changing_links(of(name, lambda url, before: url.replace(id_in(url), before))),
        )
        yield Deviation(
            f"life/{name}/elsewhere",
            broken,
            f"{name} is on another host, which refuses connections.",
            changing_links(of(name, lambda url, _: "http://127.0.0.1:9/" + url.split("/", 3)[3])),
        )
        yield Deviation(
            f"life/{name}/dead",
            broken,
            f"{name} is a path that does not exist.",
            changing_links(of(name, lambda url, _: url.replace("/requests/", "/jobs/"))),
        )
    yield Deviation(
        "life/urls-swapped",
        ("job.urls-are-its-own",),
        "status_url and response_url are swapped.",
        changing_links(lambda links, _: {"status_url": links["response_url"], "response_url": links["status_url"]}),
    )


def _words() -> Iterator[Deviation]:
    for old, new in (
        ("PROCESSING", "RUNNING"),
        ("QUEUED", "IN_QUEUE"),
        ("COMPLETED", "SUCCEEDED"),
        ("COMPLETED", "completed"),
        ("PROCESSING", "processing"),
        ("COMPLETED", ""),
    ):
        yield Deviation(
            f"life/state/{new or 'empty'}",
            ("job.states", "job-status.status", "job-result.status"),
            f"The state {old} is called {new!r}.",
            _renamed(old, new, "poll result alias"),
        )
    for kind, schema in (("poll", "job-status"), ("result", "job-result")):
        yield Deviation(
            f"life/state/RUNNING-{kind}",
            ("job.states", f"{schema}.status"),
            f"The state PROCESSING is called RUNNING by one of the GETs: {kind}.",
            _renamed("PROCESSING", "RUNNING", kind),
            through=() if kind == "poll" else ("job.result-before-end",),
        )


def _renamed(old: str, new: str, kinds: str) -> BehaviourFactory:
    def changed(response: ApiResponse) -> ApiResponse:
        return with_fields(status=new)(response) if response.content["status"] == old else response

    return when("status result", changed, kinds)


def _share(job: Job, now: float) -> float:
    """Return the share of a job's time that has passed."""
    return (now - job.submitted) / max(job.ended - job.submitted, 1e-9)


def _order() -> Iterator[Deviation]:
    def backwards(job: Job, state: State, now: float, _: int) -> State:
        if state in {State.COMPLETED, State.FAILED}:
            return state
        return State.QUEUED if _share(job, now) > 0.5 else State.PROCESSING

    def first_done(job: Job, state: State, now: float, _: int) -> State:
        early = not job.fails and 0.2 < _share(job, now) < 0.7
        return State.COMPLETED if early else state

    def twice(_: Job, state: State, __: float, reads: int) -> State:
        return State.PROCESSING if state is State.COMPLETED and reads > 2 else state

    def later(word: State, after: float) -> BehaviourFactory:
        return changing_states(lambda job, s, now, _: word if s is State.COMPLETED and now > job.ended + after else s)

    def stuck(word: State) -> BehaviourFactory:
        return changing_states(
            lambda _, state, __, ___: word if state in {State.PROCESSING, State.COMPLETED} else state
        )

    yield Deviation("life/backwards", ("job.never-backwards",), "QUEUED comes again.", changing_states(backwards))
    yield Deviation(
        "life/done-then-not",
        ("job.final",),
        "COMPLETED for a while, then PROCESSING again.",
        changing_states(first_done),
    )
    yield Deviation("life/undone", ("job.final",), "COMPLETED for two reads, then PROCESSING.", changing_states(twice))
    yield Deviation(
        "life/fails-later", ("job.final",), "FAILED, 30 minutes after COMPLETED.", later(State.FAILED, 1800)
    )
    yield Deviation("life/queued-later", ("job.final",), "QUEUED again after a minute.", later(State.QUEUED, 60))
    yield Deviation(
        "life/recovers",
        ("job.final",),
        "A job that FAILED is PROCESSING again after two reads.",
        changing_states(lambda _, state, __, reads: State.PROCESSING if state is State.FAILED and reads > 2 else state),
    )
    for stays in (State.QUEUED, State.PROCESSING):
        yield Deviation(
            f"life/never-ends-{stays.lower()}",
            ("job.ends",),
            f"Jobs are {stays} for ever, unless they fail.",
            stuck(stays),
        )
    yield Deviation(
        "life/failure-never-ends",
        ("job.ends",),
        "A job that would fail is PROCESSING for ever.",
        changing_states(lambda _, state, __, ___: State.PROCESSING if state is State.FAILED else state),
    )
    for kind, cause in (("poll", "status"), ("result", "result")):
        for word in ("PROCESSING", "QUEUED"):
            yield Deviation(
                f"life/{kind}-behind-{word.lower()}",
                ("job.reads-agree",),
                f"The {cause} of a COMPLETED job says {word}, while the other GET says COMPLETED.",
                when(cause, _behind(word), kind),
            )
    yield Deviation(
        "life/poll-ahead",
        ("job.reads-agree", "v2.answers-at-once"),
        "The status says COMPLETED from the start, while the result has the real state.",
        when("status", with_fields(status="COMPLETED"), "poll"),
    )


def _behind(word: str) -> Callable[[ApiResponse], ApiResponse]:
    def changed(response: ApiResponse) -> ApiResponse:
        if response.content["status"] != "COMPLETED":
            return response
        return without("output", "video")(with_fields(status=word)(response))

    return changed
