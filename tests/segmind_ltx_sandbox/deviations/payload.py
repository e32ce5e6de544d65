"""Payloads: each documented value refused, each neighbour accepted. From the contract alone, for every model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from segmind_ltx_sandbox.deviations.base import BehaviourFactory, Deviation, factory, refused
from segmind_ltx_sandbox.deviations.values import ABSENT, Group, allowed, forbidden, good_of
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse, error
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_spec import Contract, Model

VERSIONS: Final[tuple[tuple[str, ...], ...]] = (("v1", "v2"), ("v1",), ("v2",))
"""Where a payload deviates: the deviations take turns, so that a suite has to look at both versions."""


def payloads(contract: Contract) -> Iterator[Deviation]:
    """Those of every model."""
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
        f"refuse/{model.slug}/{name}/{_word(group.label)}{_where(versions)}",
        (f"{model.slug}.{name}.{group.rule}",),
        f"{model.slug} refuses {name}: {group.label}{_on(versions)}.",
        factory(Refusing, model.slug, versions, refuse),
    )


def _accepting(model: Model, name: str, group: Group, versions: tuple[str, ...]) -> Deviation:
    def repair(payload: dict[str, Any]) -> dict[str, Any]:
        given = payload.get(name, ABSENT)
        return {**payload, name: group.repaired(given)} if group.repaired and group.matches(given) else payload

    return Deviation(
        f"accept/{model.slug}/{name}/{_word(group.rule)}-{_word(group.label)}{_where(versions)}",
        (f"{model.slug}.{name}.{group.rule}",),
        f"{model.slug} accepts {name}: {group.label}{_on(versions)}.",
        factory(Repairing, model.slug, versions, repair),
    )


def _word(label: str) -> str:
    return label.replace(" ", "-")


def _where(versions: tuple[str, ...]) -> str:
    return "" if versions == VERSIONS[0] else f"@{''.join(versions)}"


def _on(versions: tuple[str, ...]) -> str:
    return "" if versions == VERSIONS[0] else f", on {''.join(versions)} alone"


class Refusing(Behaviour):
    """Refuses what ``refuse`` finds in a payload of one model."""

    def __init__(
        self,
        contract: Contract,
        slug: str,
        versions: tuple[str, ...],
        refuse: Callable[[Mapping[str, Any]], ApiResponse | None],
    ) -> None:
        super().__init__(contract)
        self._slug, self._versions, self._refuse = slug, versions, refuse

    def validated(self, asked: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Refused one payload more."""
        known = super().validated(asked, model, payload)
        if isinstance(known, ApiResponse) or model.slug != self._slug or asked.kind not in self._versions:
            return known
        return self._refuse(payload) or known


class Repairing(Behaviour):
    """Takes payloads of one model for what ``repair`` makes of them."""

    def __init__(
        self,
        contract: Contract,
        slug: str,
        versions: tuple[str, ...],
        repair: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> None:
        super().__init__(contract)
        self._slug, self._versions, self._repair = slug, versions, repair

    def validated(self, asked: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Validated after the repair."""
        meant = model.slug == self._slug and asked.kind in self._versions
        return super().validated(asked, model, self._repair(payload) if meant else payload)


# Bodies that are no object

BODIES: Final[tuple[tuple[str, type | None], ...]] = (
    ("a list", list),
    ("a text", str),
    ("a number", int),
    ("null", type(None)),
    ("nothing", None),
)


def _bodies(model: Model) -> Iterator[Deviation]:
    least = {name: good_of(model.parameters[name]) for name in model.required}
    for number, (label, kind) in enumerate(BODIES):
        versions = VERSIONS[number % 3]
        yield Deviation(
            f"accept/{model.slug}/body/{_word(label)}{_where(versions)}",
            (f"{model.slug}.body",),
            f"{model.slug} accepts a body that is {label}{_on(versions)}.",
            _taking(model.slug, versions, kind, least),
        )


def _taking(slug: str, versions: tuple[str, ...], kind: type | None, least: Mapping[str, Any]) -> BehaviourFactory:
    return factory(Taking, slug, versions, kind, least)


class Taking(Behaviour):
    """Takes a body of one type for the least that a model has to be given. No type stands for no body."""

    def __init__(
        self, contract: Contract, slug: str, versions: tuple[str, ...], kind: type | None, least: Mapping[str, Any]
    ) -> None:
        super().__init__(contract)
        self._slug, self._versions, self._kind, self._least = slug, versions, kind, least

    def parsed(self, asked: ApiRequest, body: bytes) -> dict[str, Any] | ApiResponse:
        """The least, in place of that body."""
        if asked.model and asked.model.slug == self._slug and asked.kind in self._versions and self._is_meant(body):
            return dict(self._least)
        return super().parsed(asked, body)

    def _is_meant(self, body: bytes) -> bool:
        if not body or self._kind is None:
            return not body and self._kind is None
        try:
            return type(json.loads(body)) is self._kind
        except (ValueError, RecursionError):
            return False


# Validation as a whole


def sloppy(contract: Contract) -> Iterator[Deviation]:
    """What goes wrong with the validation as a whole."""
    # Everything is broken at once; what comes first in the contract stands for all of it.
    first = next(iter(contract.models.values()))
    name = next(iter(first.parameters))
    rule = "required" if name in first.required else "type"
    for versions in VERSIONS:
        yield Deviation(
            f"accept/anything{_where(versions)}",
            (f"{first.slug}.{name}.{rule}", "status.invalid-is-400"),
            f"No parameter is validated{_on(versions)}.",
            factory(Careless, versions),
        )
    for version in ("v1", "v2"):
        yield Deviation(
            f"accept/malformed@{version}",
            ("status.malformed-is-400",),
            f"A body that is not JSON is taken for an empty object with a prompt, on {version}.",
            factory(Guessing, version),
        )
    model = next(iter(contract.models.values()))
    groups = {group.label: group for group in allowed(model, "prompt")}
    for label, status in (("a long text", 500), ("other letters", 502)):
        yield Deviation(
            f"refuse/{model.slug}/prompt/{_word(label)}-{status}",
            (f"{model.slug}.prompt.type",),
            f"{model.slug} answers {label} in its prompt with {status}.",
            _crashing(model.slug, groups[label], status),
        )


def _crashing(slug: str, group: Group, status: int) -> BehaviourFactory:
    def crash(payload: Mapping[str, Any]) -> ApiResponse | None:
        return (
            error("invalid", status, "something went wrong") if group.matches(payload.get("prompt", ABSENT)) else None
        )

    return factory(Refusing, slug, ("v1", "v2"), crash)


class Careless(Behaviour):
    """Validates nothing: what is wrong with a payload is passed over."""

    def __init__(self, contract: Contract, versions: tuple[str, ...]) -> None:
        super().__init__(contract)
        self._versions = versions

    def validated(self, asked: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """What is good of it, and what is required."""
        return (
            repaired(self, model, payload) if asked.kind in self._versions else super().validated(asked, model, payload)
        )


def repaired(behaviour: Behaviour, model: Model, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The valid part of a payload, completed by what is required."""
    taken = {name: good_of(model.parameters[name]) for name in sorted(model.required)}
    for name, value in payload.items():
        if not behaviour.validator.problems(model, {**taken, name: value}):
            taken[name] = value
    return taken


class Guessing(Behaviour):
    """Takes what is not JSON for the least that the model has to be given."""

    def __init__(self, contract: Contract, version: str) -> None:
        super().__init__(contract)
        self._version = version

    def parsed(self, asked: ApiRequest, body: bytes) -> dict[str, Any] | ApiResponse:
        """The least, in place of such a body."""
        known = super().parsed(asked, body)
        if asked.kind != self._version or not isinstance(known, ApiResponse) or known.cause != "malformed" or not body:
            return known
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            model = cast("Model", asked.model)
            return {name: good_of(model.parameters[name]) for name in model.required}
        return known
