"""Payloads: each documented value refused, each neighbour accepted; from the contract, for every model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from segmind_ltx_sandbox.deviations.base import BehaviourFactory, Deviation, factory, refused
from segmind_ltx_sandbox.deviations.payload_behaviours import (
    AcceptsMalformedJSON,
    AcceptsNonObjectBody,
    RefusesPayload,
    RepairsPayload,
    SkipsValidation,
)
from segmind_ltx_sandbox.deviations.values import ABSENT, Group, allowed, forbidden, valid_value
from segmind_ltx_sandbox.messages import ApiResponse, error
from segmind_ltx_spec import Contract, Model

VERSIONS: Final[tuple[tuple[str, ...], ...]] = (("v1", "v2"), ("v1",), ("v2",))
"""The versions on which a payload deviates. The deviations take turns, so that a suite has to probe both."""


def payloads(contract: Contract) -> Iterator[Deviation]:
    """Yield the deviations about the payloads of every model."""
    for model in contract.models.values():
        yield from _bodies(model)
        number = 0
        for name in model.parameters:
            for group in allowed(model, name):
                yield _refusing(model, name, group, VERSIONS[number % 3])
                number += 1
            for group in forbidden(model, name):
                yield _accepting(model, name, group, VERSIONS[number % 3])
                number += 1


def _refusing(model: Model, name: str, group: Group, versions: tuple[str, ...]) -> Deviation:
    def refuse(payload: Mapping[str, Any]) -> ApiResponse | None:
        return refused(name) if group.matches(payload.get(name, ABSENT)) else None

    return Deviation(
        f"refuse/{model.slug}/{name}/{_id_part(group.label)}{_suffix(versions)}",
        (f"{model.slug}.{name}.{group.rule}",),
        f"{model.slug} refuses {name}: {group.label}{_only_on(versions)}.",
        factory(RefusesPayload, model.slug, versions, refuse),
        through=_through(model, versions),
    )


def _through(model: Model, versions: tuple[str, ...]) -> tuple[str, ...]:
    """Return the route that a deviation on v2 alone rests on, if no page of the five names it."""
    return (f"{model.slug}.v2",) if versions == ("v2",) and model.v2_source.grade != "D" else ()


def _accepting(model: Model, name: str, group: Group, versions: tuple[str, ...]) -> Deviation:
    def repair(payload: dict[str, Any]) -> dict[str, Any]:
        given = payload.get(name, ABSENT)
        return {**payload, name: group.repaired(given)} if group.repaired and group.matches(given) else payload

    hidden = group.rule == "enum" and model.parameters[name]["x-source"].get("inferred")
    # The value may be one of those that the page does not print.
    inferred = (f"{model.slug}.{name}.enum-inferred",) if hidden else ()
    return Deviation(
        f"accept/{model.slug}/{name}/{_id_part(group.rule)}-{_id_part(group.label)}{_suffix(versions)}",
        (f"{model.slug}.{name}.{group.rule}",),
        f"{model.slug} accepts {name}: {group.label}{_only_on(versions)}.",
        factory(RepairsPayload, model.slug, versions, repair),
        through=(*inferred, *_through(model, versions)),
    )


def _id_part(label: str) -> str:
    return label.replace(" ", "-")


def _suffix(versions: tuple[str, ...]) -> str:
    return "" if versions == VERSIONS[0] else f"@{''.join(versions)}"


def _only_on(versions: tuple[str, ...]) -> str:
    return "" if versions == VERSIONS[0] else f", on {''.join(versions)} alone"


# Bodies that are not an object

BODIES: Final[tuple[tuple[str, type | None], ...]] = (
    ("a list", list),
    ("a text", str),
    ("a number", int),
    ("null", type(None)),
    ("nothing", None),
)


def _bodies(model: Model) -> Iterator[Deviation]:
    least = {name: valid_value(model.parameters[name]) for name in model.required}
    for number, (label, kind) in enumerate(BODIES):
        versions = VERSIONS[number % 3]
        yield Deviation(
            f"accept/{model.slug}/body/{_id_part(label)}{_suffix(versions)}",
            (f"{model.slug}.body",),
            f"{model.slug} accepts a body that is {label}{_only_on(versions)}.",
            _accepting_body(model.slug, versions, kind, least),
            through=_through(model, versions),
        )


def _accepting_body(
    slug: str, versions: tuple[str, ...], kind: type | None, least: Mapping[str, Any]
) -> BehaviourFactory:
    return factory(AcceptsNonObjectBody, slug, versions, kind, least)


# Validation as a whole


def broken_validation(contract: Contract) -> Iterator[Deviation]:
    """Yield deviations without any validation, without a check of the form, or that crash at a valid prompt."""
    # All clauses about payloads are broken at once; name one of the cheapest model whose route is of grade D.
    models = sorted(contract.models.values(), key=lambda model: model.usd_high)
    documented = [model for model in models if model.v2_source.grade == "D"]
    for versions in VERSIONS:
        first = (documented if versions == ("v2",) else models)[0]
        name = next(iter(first.parameters))
        rule = "required" if name in first.required else "type"
        yield Deviation(
            f"accept/anything{_suffix(versions)}",
            (f"{first.slug}.{name}.{rule}", "status.invalid-is-400"),
            f"No parameter is validated{_only_on(versions)}.",
            factory(SkipsValidation, versions),
        )
    for version in ("v1", "v2"):
        yield Deviation(
            f"accept/malformed@{version}",
            ("status.malformed-is-400",),
            f"A body that is not JSON is replaced by the required parameters alone, on {version}.",
            factory(AcceptsMalformedJSON, version),
        )
    model = next(iter(contract.models.values()))
    groups = {group.label: group for group in allowed(model, "prompt")}
    for label, status in (("a long text", 500), ("other letters", 502)):
        yield Deviation(
            f"refuse/{model.slug}/prompt/{_id_part(label)}-{status}",
            (f"{model.slug}.prompt.type",),
            f"{model.slug} returns {status} for {label} in its prompt.",
            _crashing(model.slug, groups[label], status),
        )


def _crashing(slug: str, group: Group, status: int) -> BehaviourFactory:
    def crash(payload: Mapping[str, Any]) -> ApiResponse | None:
        return (
            error("invalid", status, "something went wrong") if group.matches(payload.get("prompt", ABSENT)) else None
        )

    return factory(RefusesPayload, slug, ("v1", "v2"), crash)
