"""What a deviation is, and the ways to make one that most of them share."""

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
"""Another answer in place of one."""


@frozen
class Deviation:
    """A sandbox that differs from the plain one in one respect.

    ``clauses`` are those that it breaks, the one that it is about first; of a variant, which breaks none, those that
    allow it. ``options`` are what `create_app` gets besides.
    """

    name: str
    clauses: tuple[str, ...]
    summary: str
    behaviour: BehaviourFactory = field(repr=False)
    options: Mapping[str, Any] = field(factory=dict[str, Any])

    @property
    def kind(self) -> str:
        """The first part of the name."""
        return self.name.partition("/")[0]


def factory(
    kind: Callable[Concatenate[Contract, P], Behaviour], *args: P.args, **options: P.kwargs
) -> BehaviourFactory:
    """A service of that class, made with these arguments behind the contract."""
    return lambda contract: kind(contract, *args, **options)


class ChangesResponses(Behaviour):
    """The service as documented, with its answers changed on their way out."""

    def __init__(self, contract: Contract, change: ResponseChange) -> None:
        """Change every answer by ``change``."""
        super().__init__(contract)
        self._change = change

    def finalize(self, request: ApiRequest, response: ApiResponse) -> ApiResponse:
        """The changed answer."""
        return self._change(request, super().finalize(request, response))


def changing_responses(change: ResponseChange) -> BehaviourFactory:
    """A service whose answers are changed by ``change``."""
    return factory(ChangesResponses, change)


def when(causes: str, change: Callable[[ApiResponse], ApiResponse], kinds: str = "") -> BehaviourFactory:
    """A service that changes answers of certain causes, on certain kinds of route where they are named.

    Both are words with spaces between them; see `segmind_ltx_sandbox.messages.CAUSES` and `Asked.kind`.
    """

    def changed(request: ApiRequest, response: ApiResponse) -> ApiResponse:
        meant = response.cause in causes.split() and (not kinds or request.kind in kinds.split())
        return change(response) if meant else response

    return changing_responses(changed)


def with_status(status: int) -> Callable[[ApiResponse], ApiResponse]:
    """The same answer with another status."""
    return lambda response: evolve(response, status=status)


def with_content(content: Any) -> Callable[[ApiResponse], ApiResponse]:
    """The same status with other JSON."""
    return lambda response: evolve(response, content=content, media_type="application/json")


def with_fields(**fields: Any) -> Callable[[ApiResponse], ApiResponse]:
    """The same JSON object with some of its fields set."""
    return lambda response: evolve(response, content={**response.content, **fields})


def without(*names: str) -> Callable[[ApiResponse], ApiResponse]:
    """The same JSON object without some of its fields."""

    def changed(response: ApiResponse) -> ApiResponse:
        return evolve(response, content={key: value for key, value in response.content.items() if key not in names})

    return changed


def refused(parameter: str) -> ApiResponse:
    """What a service says about a value that it does not like."""
    return error("invalid", 400, f"{parameter}: this value is not allowed")


def same(one: object, other: object) -> bool:
    """Whether two values are the same JSON; unlike in Python, true is not 1 there."""
    return json.dumps(one) == json.dumps(other)
