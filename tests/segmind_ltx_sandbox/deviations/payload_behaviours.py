"""Refuse payloads that are valid, repair ones that are not, or skip the validation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from segmind_ltx_sandbox.deviations.values import valid_value
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_spec import Contract, Model


class RefusesPayload(Behaviour):
    """Refuses payloads of one model for which ``refuse`` returns a response."""

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
        """Return the refusal if there is one, else validate as usual."""
        known = super().validated(request, model, payload)
        if isinstance(known, ApiResponse) or model.slug != self._slug or request.kind not in self._versions:
            return known
        return self._refuse(payload) or known


class RepairsPayload(Behaviour):
    """Repairs payloads of one model by ``repair`` before they are validated."""

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
        """Validate the repaired payload."""
        meant = model.slug == self._slug and request.kind in self._versions
        return super().validated(request, model, self._repair(payload) if meant else payload)


class AcceptsNonObjectBody(Behaviour):
    """Replaces a body of one JSON type by ``least``, the required parameters. If ``kind`` is None, an empty body."""

    def __init__(
        self, contract: Contract, slug: str, versions: tuple[str, ...], kind: type | None, least: Mapping[str, Any]
    ) -> None:
        super().__init__(contract)
        self._slug, self._versions, self._kind, self._least = slug, versions, kind, least

    def parsed(self, request: ApiRequest, body: bytes) -> dict[str, Any] | ApiResponse:
        """Return the required parameters if the body has that type."""
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
    """Skips the validation: invalid parameters are dropped."""

    def __init__(self, contract: Contract, versions: tuple[str, ...]) -> None:
        super().__init__(contract)
        self._versions = versions

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Return the valid parameters, and valid values for required ones."""
        return (
            repaired(self, model, payload)
            if request.kind in self._versions
            else super().validated(request, model, payload)
        )


def repaired(behaviour: Behaviour, model: Model, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the valid parameters of a payload, with valid values for required ones that are missing."""
    taken = {name: valid_value(model.parameters[name]) for name in sorted(model.required)}
    for name, value in payload.items():
        if not behaviour.validator.problems(model, {**taken, name: value}):
            taken[name] = value
    return taken


class AcceptsMalformedJSON(Behaviour):
    """Replaces a body that is not JSON by the required parameters."""

    def __init__(self, contract: Contract, version: str) -> None:
        super().__init__(contract)
        self._version = version

    def parsed(self, request: ApiRequest, body: bytes) -> dict[str, Any] | ApiResponse:
        """Return the required parameters if the body is not JSON."""
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
