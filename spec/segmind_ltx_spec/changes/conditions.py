"""Rules for `if`, `then` and `else`."""

from __future__ import annotations

from typing import Any, Final

from segmind_ltx_spec.changes.collect import BY_HAND, TOLD_IN_HTTP, Collector, Flow, stable
from segmind_ltx_spec.changes.document import At, Document, is_object
from segmind_ltx_spec.changes.effects import Effect, Use, in_words, of_schema
from segmind_ltx_spec.changes.normal import NOTES, Shape
from segmind_ltx_spec.changes.texts import redundant

CONDITION: Final = ("if", "then", "else")


def compare_condition(found: Collector, old: Shape, new: Shape, use: Use) -> None:
    """Judge `if`, `then` and `else` together; the generator drops them, so that only hand-written code knows."""
    before, after = ({word: one.keywords[word] for word in CONDITION if word in one.keywords} for one in (old, new))
    texts = [{word: _essence(at.value) for word, at in side.items()} for side in (before, after)]
    for word in CONDITION:
        one, other = before.get(word), after.get(word)
        if not differ(one, other):
            continue
        place = _deepest(found.old, found.new, one, other)
        if texts[0].get(word) == texts[1].get(word):
            if one is None or other is None or _notes(one.value) == _notes(other.value):
                redundant(found, *place)
            else:
                found.emit("condition-described", *place, TOLD_IN_HTTP, "Only what is said of the condition differs.")
            continue
        effect = Effect.CHANGED
        if not before or not after:
            effect = Effect.NARROWER if not before else Effect.WIDER
        elif word == "then" and texts[0].get("if") == texts[1].get("if"):
            effect = _then_effect(texts[0].get(word), texts[1].get(word))
        python = BY_HAND if use.flow is Flow.RESPONSE and effect is not Effect.NARROWER else None
        found.emit(
            f"condition-{effect.value}",
            *place,
            of_schema(effect, use.flow, python),
            f"What holds under a condition has changed. {in_words(effect, use.flow)}",
        )


def differ(old: At | None, new: At | None) -> bool:
    """Whether two places hold different values, or one of them nothing."""
    if old is None or new is None:
        return old is not new
    return stable(old.value) != stable(new.value)


def _essence(value: Any) -> Any:
    """Return a schema without what demands nothing: ``additionalProperties: true``, ``output: true``, and notes."""
    if not is_object(value):
        return value
    kept: dict[str, Any] = {}
    for key, inner in value.items():
        if key in NOTES or (key == "additionalProperties" and inner in (True, {})):
            continue
        essence = _essence(inner)
        if key == "properties" and is_object(essence):
            essence = {name: one for name, one in essence.items() if one not in (True, {})}
            if not essence:
                continue
        kept[str(key)] = sorted(essence) if key == "required" else essence
    return kept


def _notes(value: Any) -> str:
    """Return what a schema only says: its title, description, examples and source."""
    return stable({key: inner for key, inner in value.items() if key in NOTES} if is_object(value) else None)


def _then_effect(old: Any, new: Any) -> Effect:
    if not is_object(old) or not is_object(new):
        return Effect.CHANGED
    rest = [{key: value for key, value in one.items() if key != "required"} for one in (old, new)]
    if stable(rest[0]) != stable(rest[1]):
        return Effect.CHANGED
    before, after = set(old.get("required", [])), set(new.get("required", []))
    return Effect.WIDER if after < before else Effect.NARROWER if before < after else Effect.CHANGED


def _deepest(old: Document, new: Document, one: At | None, other: At | None) -> tuple[At | None, At | None]:
    """Step down as long as one member alone differs, so that the change is placed where it was made."""
    while one is not None and other is not None and is_object(one.value) and is_object(other.value):
        keys = [
            key for key in {**one.value, **other.value} if stable(one.value.get(key)) != stable(other.value.get(key))
        ]
        if len(keys) != 1 or keys[0] not in one.value or keys[0] not in other.value:
            break
        one, other = old.child(one, keys[0]), new.child(other, keys[0])
    return one, other
