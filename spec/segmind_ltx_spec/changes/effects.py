"""From an edit of a schema to verdicts: does it allow more or less, and who sends what it describes."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from segmind_ltx_spec.changes.collect import (
    BREAKING,
    COMPATIBLE,
    NONE,
    Flow,
)
from segmind_ltx_spec.changes.verdicts import Verdict, Verdicts


class Effect(Enum):
    """What an edit does to the set of values that a schema allows."""

    WIDER = "wider"
    NARROWER = "narrower"
    CHANGED = "changed"
    """Some values are allowed in addition, some no longer."""


_REQUEST: Final = {
    # A server of the old contract refuses the new values, or takes those that it now has to refuse with 400.
    Effect.WIDER: Verdicts(COMPATIBLE, COMPATIBLE, BREAKING),
    Effect.NARROWER: Verdicts(BREAKING, BREAKING, BREAKING),
    Effect.CHANGED: Verdicts(BREAKING, BREAKING, BREAKING),
}
_RESPONSE: Final = {
    # The generated client takes every field of a response as optional and of any value, hence no Python verdict.
    Effect.WIDER: Verdicts(BREAKING, NONE, COMPATIBLE),
    Effect.NARROWER: Verdicts(COMPATIBLE, NONE, BREAKING),
    Effect.CHANGED: Verdicts(BREAKING, NONE, BREAKING),
}
_WORDS: Final = {
    (Flow.REQUEST, Effect.WIDER): "Requests may now say more; a server of the old contract refuses it.",
    (Flow.REQUEST, Effect.NARROWER): (
        "Requests that were valid are refused now; a server of the old contract accepts what it has to refuse."
    ),
    (Flow.REQUEST, Effect.CHANGED): "Requests that were valid are refused now, and others became valid.",
    (Flow.RESPONSE, Effect.WIDER): "Responses may now hold what callers of the old contract do not expect.",
    (Flow.RESPONSE, Effect.NARROWER): (
        "Callers have less to reckon with; a server of the old contract may send what is no longer allowed."
    ),
    (Flow.RESPONSE, Effect.CHANGED): "Responses hold other values than callers of the old contract expect.",
}


def of_schema(effect: Effect, flow: Flow, python: Verdict | None = None) -> Verdicts:
    """Return the verdicts on an edit of a schema. ``python`` replaces the usual verdict for Python."""
    if flow is Flow.UNUSED:
        return Verdicts()
    verdicts = (_REQUEST if flow is Flow.REQUEST else _RESPONSE)[effect]
    return verdicts if python is None else verdicts._replace(python=python)


def in_words(effect: Effect, flow: Flow) -> str:
    """Say who is hurt."""
    return _WORDS.get((flow, effect), "No operation uses it.")


class Use(NamedTuple):
    """How a schema is used: who sends it, and whether the client checks it as the request of a model."""

    flow: Flow
    request: bool = False
    """Whether it is a model's request, or a parameter in one."""
    top: bool = False
    """Whether it is the request itself."""
    generated: bool = True
    """Whether the generator makes code of it; it drops the headers of responses."""
    needed: bool = False
    """Whether every request has to say it."""

    @property
    def inside(self) -> Use:
        """The use of a property."""
        return self._replace(top=False, needed=False)
