"""Tell whether alternatives hold, or are held by, what the other version allows as a single schema."""

from __future__ import annotations

from typing import Final

from segmind_ltx_spec.changes.collect import Collector, stable
from segmind_ltx_spec.changes.document import At, Document, is_list, is_object
from segmind_ltx_spec.changes.effects import Effect
from segmind_ltx_spec.changes.normal import NOTES, Shape, constraints

_WORDS: Final = ("anyOf", "oneOf")


def union_effect(found: Collector, old: Shape, new: Shape) -> Effect | None:
    """Return what it does if one version has alternatives and the other is one of them.

    None if neither or both have alternatives, or if the single schema is none of them.
    """
    before, after = _alternatives(found.old, old), _alternatives(found.new, new)
    if before is None and after is not None:
        return Effect.WIDER if _alone(found.old, old) in after else None
    if before is not None and after is None:
        return Effect.NARROWER if _alone(found.new, new) in before else None
    return None


def _alternatives(document: Document, one: Shape) -> list[str] | None:
    """Return what each alternative allows, if the schema says nothing else; null goes with it."""
    words = [word for word in _WORDS if word in one.keywords]
    others = [key for key in one.keywords if key not in NOTES and not key.startswith("x-") and key != "default"]
    if len(words) != 1 or others != words or not is_list(one.get(words[0])):
        return None
    at = one.keywords[words[0]]
    return [constraints(document, document.child(at, index)) for index in range(len(at.value))]


def _alone(document: Document, one: Shape) -> str:
    """Return what a schema allows, as it would stand among alternatives."""
    value = one.at.value
    if not is_object(value):
        return stable(value)
    kept = {key: value[key] for key in value if key not in NOTES and key != "default"}
    return constraints(document, At(kept, one.at.pointer))
