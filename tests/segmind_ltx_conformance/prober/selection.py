"""Choose what a selection of clauses needs, and no more: the calls that cost money, and the requests that do not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from attrs import frozen

from segmind_ltx_conformance.coverage import needed_stages
from segmind_ltx_conformance.payloads import OMITTED, Choice, base, body_of, choices
from segmind_ltx_conformance.prober.packs import AUDIT_CALLS, Item, documented_first
from segmind_ltx_conformance.target import SCENARIO_STATUS
from segmind_ltx_spec import Clause, Contract, Model, clauses_by_id

BLOCKING_PREFIXES: Final = ("v1.", "blocking-result", "video-made.", "transport.v1-")
"""Prefixes of the ids of clauses that only a blocking call can test."""
MAX_EXAMPLES: Final = 4
"""For a clause that concerns no single parameter, send so many invalid bodies, or requests of a kind."""

NEED_A_CALL: Final = frozenset(
    {"accept", "download", "duplicate", "alias", "address", "other-account", "accept-header", "retention"}
)
"""The stages that need a call of the model that tests the clause."""
SEVERAL_JOBS: Final = {"job.id-unique": 4, "job.urls-are-its-own": 2}
"""The clauses that need more than one job, and how many."""
STATUS_ONLY_CLAUSE: Final = "job.poll-tells"
"""The clause that needs a job whose result is not read before its status says that it ended."""

Pack = dict[str, Choice]


def chosen(contract: Contract, names: Collection[str], models: Collection[Model]) -> list[tuple[Clause, Model]]:
    """Return the selected clauses, each with the model that tests it: the cheapest one with a documented v2.

    On a route that none of the five pages names, a broken clause of grade D would only be a warning. A blocking call,
    and a job that is only read, can be of any model.
    """
    ranked = documented_first(models)
    found: list[tuple[Clause, Model]] = []
    for clause in clauses_by_id(contract).values():
        able = [model for model in (models if _needs_no_v2(clause) else ranked) if model.slug in clause.models]
        if clause.id in names and able:
            found.append((clause, able[0]))
    return found


def selected_items(
    contract: Contract, names: Collection[str], models: Collection[Model], picture: str, *, every_version: bool
) -> Iterator[Item]:
    """Yield the calls that the selected clauses need, with few values in each."""
    ordered = list(models)
    of = {model.slug: model for model in models}
    packs: dict[tuple[str, str], list[Pack]] = {}
    single_stages: set[tuple[str, str]] = set()
    for clause, model in chosen(contract, names, models):
        stages = needed_stages(clause)
        single_stages |= {(stage, model.slug) for stage in stages & {"audit", "duplicate", "failing", "retention"}}
        if clause.id == f"{model.slug}.seed.random":
            packs.setdefault(("v1", model.slug), []).extend([{}, {}])  # The seeds of two calls without one differ.
        elif _only_v1(clause) or clause.id == f"{model.slug}.seed.default":
            packs.setdefault(("v1", model.slug), [])
        elif stages & NEED_A_CALL:
            for version in _versions(clause, model, every_version=every_version):
                wanted = _seeds(model, picture) if "duplicate" in stages else _wanted(clause, model, picture)
                _add(packs.setdefault((version, model.slug), []), wanted)
        # That clause takes one job for itself; others need a second.
        least = 2 if clause.id == STATUS_ONLY_CLAUSE and len(names) > 1 else SEVERAL_JOBS.get(clause.id, 0)
        if least:
            submits = packs[_versions(clause, model, every_version=False)[0], model.slug]
            submits += [{}] * (least - len(submits))
    for (version, slug), needed in packs.items():
        yield from _calls(version, of[slug], needed or [{}], picture)
    yield from _single(single_stages, ordered, picture)


def _versions(clause: Clause, model: Model, *, every_version: bool) -> tuple[str, ...]:
    """Return the versions that test a clause: both for a value that has to be accepted, else v2 if documented."""
    own, documented = clause.id.startswith(f"{model.slug}."), model.v2_source.grade == "D"
    if clause.id == f"{model.slug}.v2" or clause.id.endswith("-inferred"):
        return ("v2",)
    if every_version or (own and documented and clause.kind == "payload" and "download" not in needed_stages(clause)):
        return ("v2", "v1")
    return ("v2",) if documented or not own else ("v1",)


def _calls(kind: str, model: Model, packs: Iterable[Pack], picture: str) -> Iterator[Item]:
    certain = [pack for pack in packs if kind == "v2" or not _is_inferred(pack)]
    for number, pack in enumerate(certain, 1):
        rank = (number, 0 if kind == "v2" else 2, model.usd_high)
        yield Item(kind, model, number, rank, pack, body_of(model, pack, picture))


def _single(kinds: Collection[tuple[str, str]], models: list[Model], picture: str) -> Iterator[Item]:
    """Yield the calls of the stages that need single jobs."""
    for kind, slug in sorted(kinds):
        model = next(model for model in models if model.slug == slug)
        if kind == "audit":
            cheapest = models[0]
            for number in range(1, AUDIT_CALLS + 1):
                yield Item("audit", cheapest, number, (1, 2, cheapest.usd_high), body=base(cheapest, picture))
        elif kind == "duplicate":
            yield Item(kind, model, 1, (0, 3, model.usd_high))
        elif kind == "failing":
            yield Item(kind, model, 1, (0, 1, model.usd_high), body=base(model, picture))
        elif kind == "retention":  # A job that is still young when the others end.
            yield Item("late", model, 1, (2, 0, model.usd_high), body=base(model, picture))


def _wanted(clause: Clause, model: Model, picture: str) -> list[Pack]:
    """Return the values that a clause of a parameter needs, those of one call together; none if any body will do."""
    if clause.kind == "video" and clause.id.startswith(f"{model.slug}."):
        return _of_video(clause.id.rpartition(".")[2], model, picture)
    if clause.kind != "payload":
        return []
    name, _, rule = clause.id.removeprefix(f"{model.slug}.").rpartition(".")
    prefix, lists = f"{model.slug}.{name}", choices(model, picture)
    if rule == "default":
        # One call without it and one that names it: their videos have to be alike.
        values = [Choice(name, OMITTED, f"{prefix}.optional")]
        if model.defaults.get(name) is not None:
            values.append(Choice(name, model.defaults[name], f"{prefix}.type"))
        return [{name: value} for value in values]
    if rule == "ignored-with-image":
        image = str(model.video["size"]["unless"])
        pictures = [choice for choice in lists[image] if choice.value == picture]
        others = [choice for choice in lists[name] if choice.value is not OMITTED]
        return [{image: pictures[0], name: other} for other in others[:2]]
    return [
        {choice.parameter: choice} for options in lists.values() for choice in options if choice.clause == clause.id
    ]


def _of_video(part: str, model: Model, picture: str) -> list[Pack]:
    """Return calls that name what decides a property of a video: one, or two if there are but two values."""
    names = [value for rule in model.video.values() for value in rule.values() if isinstance(value, str)]
    lists = choices(model, picture)
    named: Pack = {}
    for name in dict.fromkeys(name for name in names if model.defaults.get(name) is not None):
        named[name] = Choice(name, model.defaults[name], f"{model.slug}.{name}.type")
    decides = str(model.video[part].get("parameter"))
    if decides in named and isinstance(model.defaults[decides], bool):
        other = next(choice for choice in lists[decides] if choice.value is (not model.defaults[decides]))
        return [named, {**named, decides: other}]
    return [named]


def _seeds(model: Model, picture: str) -> list[Pack]:
    given = [choice for choice in choices(model, picture).get("seed", []) if isinstance(choice.value, int)]
    return [{"seed": choice} for choice in given[:1]]


def _add(packs: list[Pack], wanted: Iterable[Pack]) -> None:
    """Put the values into the first call that has room for them; inferred values get calls of their own."""
    for values in wanted:
        if any(values.items() <= pack.items() for pack in packs):
            continue
        free = [pack for pack in packs if not values.keys() & pack.keys() and not _is_inferred(pack)]
        if free and not _is_inferred(values):
            free[0].update(values)
        else:
            packs.append(dict(values))


def _is_inferred(pack: Pack) -> bool:
    return any(choice.clause.endswith("-inferred") for choice in pack.values())


def _needs_no_v2(clause: Clause) -> bool:
    return _only_v1(clause) or "retention" in needed_stages(clause)


def _only_v1(clause: Clause) -> bool:
    return clause.id.startswith(BLOCKING_PREFIXES) or (clause.kind == "route" and clause.id.endswith(".v1"))


def body_filter(
    contract: Contract, names: Collection[str], models: Collection[Model]
) -> Callable[[str, str, str, tuple[str, ...], int], bool]:
    """Return a function that says if an invalid body is needed.

    Its arguments are the body's stage, model, version, what it is about, and how many of its stage and route came
    before it.
    """
    own: dict[str, set[str]] = {}
    general: list[tuple[str, frozenset[str], str | None]] = []
    for clause, model in chosen(contract, names, models):
        if clause.id.startswith(f"{model.slug}."):
            own.setdefault(model.slug, set()).update((clause.id, clause.id.rpartition(".")[0]))
        else:
            version = clause.id[:2] if clause.id.startswith(("v1.", "v2.")) else None
            general.append((model.slug, needed_stages(clause), version))

    def needed(stage: str, slug: str, version: str, about: tuple[str, ...], before: int) -> bool:
        if own.get(slug, set()) & set(about):
            return True
        return before < MAX_EXAMPLES and any(
            slug == wanted and stage in stages and only in {None, version} for wanted, stages, only in general
        )

    return needed


@frozen
class AccessProbe:
    """A request that the target should refuse because of its key or its path.

    ``model`` is None for a GET. ``{job}`` in ``path`` stands for a request id.
    """

    stage: str
    name: str
    method: str
    model: Model | None
    path: str
    key: str | None


def wants_access(contract: Contract, names: Collection[str], models: Collection[Model], probe: AccessProbe) -> bool:
    """Return whether an access probe shows one of the selected clauses."""
    for clause, model in chosen(contract, names, models):
        if probe.stage not in needed_stages(clause):
            continue
        head, _, last = clause.id.rpartition(".")
        if last.isdecimal() and probe.stage == "scenario" and SCENARIO_STATUS.get(probe.key or "") != int(last):
            continue
        operation = head.partition(".")[0] if head.endswith(".status") else ""
        fits = {
            "v1": probe.path == model.v1 or "/v1/no-such" in probe.path,
            "v2": probe.path == model.v2 or "/v2/no-such" in probe.path,
            "poll": probe.path.endswith("/status"),
            "result": probe.method == "GET" and not probe.path.endswith("/status"),
        }.get(operation, probe.method == "GET" or probe.path in {model.v1, model.v2} or "no-such" in probe.path)
        if fits:
            return True
    return False
