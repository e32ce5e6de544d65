"""Define deviations, and helpers to make them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec

from attrs import evolve, field, frozen

from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse, error
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_spec import Contract

P = ParamSpec("P")
BehaviourFactory = Callable[[Contract], Behaviour]
"""What `segmind_ltx_sandbox.create_app` takes as ``behaviour``."""
ResponseChange = Callable[[ApiRequest, ApiResponse], ApiResponse]
"""Returns the response to send in place of the usual one."""


@frozen
class Deviation:
    """A sandbox that differs from the plain one in one respect.

    ``clauses`` of a mutant are the ones that it breaks, its subject first; of a variant, the ones that allow it.
    ``options`` are further arguments of `create_app`. ``through`` names weaker clauses without which nothing would be
    wrong: if no page names v2 for a model, its mistakes on v2 alone break no page.
    """

    name: str
    clauses: tuple[str, ...]
    summary: str
    behaviour: BehaviourFactory = field(repr=False)
    options: Mapping[str, Any] = field(factory=dict[str, Any])
    through: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Return the first part of the name."""
        return self.name.partition("/")[0]


def factory(
    kind: Callable[Concatenate[Contract, P], Behaviour], *args: P.args, **options: P.kwargs
) -> BehaviourFactory:
    """Return a factory that makes a ``kind`` from a contract and these arguments."""
    return lambda contract: kind(contract, *args, **options)


class ChangesResponses(Behaviour):
    """Changes responses before they are sent."""

    def __init__(self, contract: Contract, change: ResponseChange) -> None:
        """Apply ``change`` to every response."""
        super().__init__(contract)
        self._change = change

    def change(self, request: ApiRequest, response: ApiResponse) -> ApiResponse:
        """Return the response to send in place of ``response``."""
        return self._change(request, response)

    def finalize(self, request: ApiRequest, response: ApiResponse) -> ApiResponse:
        """Return the changed response."""
        return self.change(request, super().finalize(request, response))


def changing_responses(change: ResponseChange) -> BehaviourFactory:
    """Return a factory of services that apply ``change`` to every response."""
    return factory(ChangesResponses, change)


def when(causes: str, change: Callable[[ApiResponse], ApiResponse], kinds: str = "") -> BehaviourFactory:
    """Return a factory of services that apply ``change`` to responses of some causes, on some kinds of route.

    ``causes`` and ``kinds`` are separated by spaces; see `segmind_ltx_sandbox.messages.CAUSES` and `ApiRequest.kind`.
    If ``kinds`` is empty, all kinds are changed.
    """

    def changed(request: ApiRequest, response: ApiResponse) -> ApiResponse:
        meant = response.cause in causes.split() and (not kinds or request.kind in kinds.split())
        return change(response) if meant else response

    return changing_responses(changed)


def with_status(status: int) -> Callable[[ApiResponse], ApiResponse]:
    """Return a change of the status alone."""
    return lambda response: evolve(response, status=status)


def with_content(content: Any) -> Callable[[ApiResponse], ApiResponse]:
    """Return a change of the body to other JSON; the status stays."""
    return lambda response: evolve(response, content=content, media_type="application/json")


def with_fields(**fields: Any) -> Callable[[ApiResponse], ApiResponse]:
    """Return a change that sets some fields of a JSON object."""
    return lambda response: evolve(response, content={**response.content, **fields})


def without(*names: str) -> Callable[[ApiResponse], ApiResponse]:
    """Return a change that drops some fields of a JSON object."""

    def changed(response: ApiResponse) -> ApiResponse:
        return evolve(response, content={key: value for key, value in response.content.items() if key not in names})

    return changed


def refused(parameter: str) -> ApiResponse:
    """Return a 400 that refuses the value of a parameter."""
    return error("invalid", 400, f"{parameter}: this value is not allowed")


def same(one: object, other: object) -> bool:
    """Return whether two values are the same JSON; in JSON, unlike Python, true is not 1."""
    return json.dumps(one) == json.dumps(other)
