"""How a service treats payloads otherwise: refused, repaired, or not validated at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from segmind_ltx_sandbox.deviations.values import valid_value
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_spec import Contract, Model


class RefusesPayload(Behaviour):
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

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Refused one payload more."""
        known = super().validated(request, model, payload)
        if isinstance(known, ApiResponse) or model.slug != self._slug or request.kind not in self._versions:
            return known
        return self._refuse(payload) or known


class RepairsPayload(Behaviour):
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

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Validated after the repair."""
        meant = model.slug == self._slug and request.kind in self._versions
        return super().validated(request, model, self._repair(payload) if meant else payload)


class AcceptsNonObjectBody(Behaviour):
    """Takes a body of one type for the least that a model has to be given. No type stands for no body."""

    def __init__(
        self, contract: Contract, slug: str, versions: tuple[str, ...], kind: type | None, least: Mapping[str, Any]
    ) -> None:
        super().__init__(contract)
        self._slug, self._versions, self._kind, self._least = slug, versions, kind, least

    def parsed(self, request: ApiRequest, body: bytes) -> dict[str, Any] | ApiResponse:
        """The least, in place of that body."""
        if (
            request.model
            and request.model.slug == self._slug
            and request.kind in self._versions
            and self._is_meant(body)
        ):
            return dict(self._least)
        return super().parsed(request, body)

    def _is_meant(self, body: bytes) -> bool:
        if not body or self._kind is None:
            return not body and self._kind is None
        try:
            return type(json.loads(body)) is self._kind
        except (ValueError, RecursionError):
            return False


class SkipsValidation(Behaviour):
    """Validates nothing: what is wrong with a payload is passed over."""

    def __init__(self, contract: Contract, versions: tuple[str, ...]) -> None:
        super().__init__(contract)
        self._versions = versions

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """What is good of it, and what is required."""
        return (
            repaired(self, model, payload)
            if request.kind in self._versions
            else super().validated(request, model, payload)
        )


def repaired(behaviour: Behaviour, model: Model, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The valid part of a payload, completed by what is required."""
    taken = {name: valid_value(model.parameters[name]) for name in sorted(model.required)}
    for name, value in payload.items():
        if not behaviour.validator.problems(model, {**taken, name: value}):
            taken[name] = value
    return taken


class AcceptsMalformedJSON(Behaviour):
    """Takes what is not JSON for the least that the model has to be given."""

    def __init__(self, contract: Contract, version: str) -> None:
        super().__init__(contract)
        self._version = version

    def parsed(self, request: ApiRequest, body: bytes) -> dict[str, Any] | ApiResponse:
        """The least, in place of such a body."""
        known = super().parsed(request, body)
        if (
            request.kind != self._version
            or not isinstance(known, ApiResponse)
            or known.cause != "malformed"
            or not body
        ):
            return known
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            model = cast("Model", request.model)
            return {name: valid_value(model.parameters[name]) for name in model.required}
        return known
